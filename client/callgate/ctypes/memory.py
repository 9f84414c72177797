"""Memory of ctypes objects: in this process until native code or a pointer needs its address, then in the host.

A block has one truth. As long as it has no home, its bytes are here and nobody else can see them; once it has one,
every read and every write goes to the host, so that what native code writes is seen and what Python writes is there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from sys import getrefcount
from typing import Any, Final

from callgate.errors import ObjectGone

from .refusals import NoBuffer
from .world import World, current, living, of_life

__all__ = ["Address", "Block", "address_of_number", "home", "home_of_bytes", "life_of"]

_MASK: Final = (1 << 64) - 1
_SWEEP: Final = 256
"""How many texts are remembered before those that nobody holds any more are looked for."""


class Address(int):
    """An address in the host: a number that knows which life of the host it belongs to."""

    life: int

    @classmethod
    def of(cls, number: int, life: int) -> Address:
        """An address of that life."""
        address = cls(number & _MASK)
        address.life = life
        return address

    def __add__(self, distance: int) -> int:
        return Address.of(int(self) + int(distance), self.life)

    __radd__ = __add__

    def __sub__(self, other: int) -> int:
        distance = int(self) - int(other)
        return distance if isinstance(other, Address) else Address.of(distance, self.life)

    def __reduce__(self) -> Any:
        return int, (int(self),)


def life_of(value: int) -> int:
    """The life that an address belongs to; 0 for a plain number, which may be anything."""
    return value.life if isinstance(value, Address) else 0


def address_of_number(value: int) -> int:
    """A number that is going to be used as an address. Raises ObjectGone for one of an earlier host."""
    if isinstance(value, Address):
        of_life(value.life, f"the address {int(value):#x}")
    return int(value) & _MASK


class Block:
    """One piece of memory. Objects are views of a block: the block and an offset.

    Where the truth is: here while it has no home, in the host from then on. Memory that others in this process can look
    at (`from_buffer`, the buffer protocol) *stays* here: native code sees it in a copy. Before native code runs or the
    host's memory is looked at, the copy becomes what this is; afterwards this becomes what native code made of the
    copy. Threads of a library that write between calls are then seen with the next call only.
    """

    __slots__ = ("__weakref__", "_known", "_local", "_owned", "_stays", "address", "life", "size")

    def __init__(self, size: int, content: Any = None) -> None:
        self._local: Any = bytearray(size) if content is None else content
        self._owned = True
        self._stays = False
        self._known = b""
        """What the copy of memory that stays held when both sides were last made the same."""
        self.size = size
        self.address = 0
        """Where it, or its copy, is in the host; 0 as long as it has no home."""
        self.life = 0
        """The life of the host that it lives in, or that the pointers inside it belong to; 0 for neither."""

    @classmethod
    def foreign(cls, address: int, life: int, size: int) -> Block:
        """Memory of native code."""
        block = cls(size, b"")
        block._local, block._owned = None, False
        block.address, block.life = address & _MASK, life
        return block

    @classmethod
    def borrowed(cls, memory: memoryview) -> Block:
        """Memory of another Python object."""
        block = cls(memory.nbytes, memory)
        block._owned, block._stays = False, True
        return block

    def show(self) -> Any:
        """The memory itself, for others to look at and to change: it stays here from now on. Raises NoBuffer."""
        with _homing:
            if self._local is None:
                if not self._owned:
                    raise NoBuffer("callgate.ctypes: this memory belongs to native code in another process; copy it")
                content = self.read(0, self.size)
                self._local, self._known = bytearray(content), content
                current().borrowed.add(self)
            self._stays = True
            return self._local

    @property
    def owned(self) -> bool:
        """Whether it ends with this object."""
        return self._owned

    def read(self, offset: int, size: int) -> bytes:
        """A copy of some bytes. Raises ObjectGone when they were in a host that is gone."""
        local = self._local
        if local is not None:
            return bytes(local[offset : offset + size])
        return of_life(self.life, "this memory").read(self.address + offset, size) if size else b""

    def write(self, offset: int, data: bytes, life: int = 0) -> None:
        """Put bytes there. `life` is what pointers among them belong to."""
        if life and life != self.life:
            self._adopt(life, whole=offset == 0 and len(data) >= self.size)
        with _homing:
            if self._local is not None:
                self._local[offset : offset + len(data)] = data
                return
        if data:
            of_life(self.life, "this memory").write([(self.address + offset, data)])

    def _adopt(self, life: int, *, whole: bool) -> None:
        if self._local is None:
            of_life(self.life, "this memory")
        if self.life and not whole:
            newest = living()
            if newest is None or newest.life != life or self._local is None:
                raise ObjectGone("a pointer into a host that is gone cannot be stored beside living ones")
            raise ObjectGone("this object holds pointers into a host that is gone: make it again")
        self.life = life

    def needs_home(self, world: World) -> bool:
        """Whether native code in that world cannot reach it yet. Raises ObjectGone when it never will."""
        if self._stays:
            return not self.address or self.life != world.life
        if self._local is None and self.life != world.life:
            of_life(self.life, "this memory")
        return self._local is not None

    def resize(self, size: int) -> None:
        """Make it longer; the address changes."""
        if self._stays:
            raise BufferError("memory that somebody else in this process looks at cannot be resized")
        content = bytearray(self.read(0, self.size).ljust(size, b"\0"))
        if self.address:
            self._give_back()
        homed, self.address, self._local, self.size = self._local is None, 0, content, size
        if homed:
            home([self])

    def _give_back(self) -> None:
        world = living()
        if world is not None and world.life == self.life and (self._owned or self._stays):
            world.give(self.address, self.size)

    def settle(self, world: World) -> tuple[int, bytes]:
        """Take a home; the caller puts the content there. Only under `home`'s lock."""
        if self.life and self.life != world.life and not self._stays:
            raise ObjectGone("this object holds pointers into a host that is gone: make it again")
        return world.take(self.size), bytes(self._local)

    def settled(self, address: int, world: World, content: bytes) -> None:
        """The content is there: unless it stays here, the truth is in the host from now on."""
        self.life, self.address = world.life, address
        if self._stays:
            self._known = content
            world.borrowed.add(self)
        else:
            self._local = None

    def given(self) -> tuple[int, bytes] | None:
        """Where the copy is and what has to be put there; None when it is as it should be."""
        content = bytes(self._local)
        if content == self._known:
            return None
        self._known = content
        return self.address, content

    def taken(self, content: bytes) -> None:
        """The copy has become this: only what native code changed is taken over."""
        known, self._known = self._known, content
        if content == known:
            return
        if bytes(self._local) == known:
            memoryview(self._local)[:] = content
            return
        for index, (old, new) in enumerate(zip(known, content, strict=True)):
            if old != new:
                self._local[index] = new

    def __del__(self) -> None:
        if getattr(self, "address", 0):
            self._give_back()


_homing = threading.RLock()


def home(blocks: Iterable[Block]) -> World:
    """Give every block a home, all with one message. Raises ObjectGone for one whose host is gone."""
    world = current()
    homeless = [block for block in blocks if block.needs_home(world)]
    if homeless:
        with _homing:
            places = [(block, *block.settle(world)) for block in dict.fromkeys(homeless) if block.needs_home(world)]
            world.write([(address, content) for _, address, content in places])
            for block, address, content in places:
                block.settled(address, world, content)
    return world


class _Texts:
    """Homes of `bytes` that were passed as `char *`.

    Native code may keep the pointer as long as Python keeps the
    object, as with ctypes: an entry ends when nobody but this table holds the object.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.homes: dict[int, tuple[bytes, Block]] = {}
        self.sweep_at = _SWEEP

    def block(self, text: bytes) -> Block:
        """The block of this very object."""
        with self.lock:
            known = self.homes.get(id(text))
            if known is not None:
                block = known[1]
                world = living()
                if not block.address or (world is not None and world.life == block.life):
                    return block
            if len(self.homes) >= self.sweep_at:
                self._sweep()
            block = Block(len(text) + 1, bytearray(text + b"\0"))
            self.homes[id(text)] = text, block
            return block

    def _sweep(self) -> None:
        for key in list(self.homes):
            if getrefcount(self.homes[key][0]) <= _HELD_BY_TABLE:
                del self.homes[key]
        self.sweep_at = max(_SWEEP, 2 * len(self.homes))


_HELD_BY_TABLE: Final = 2
"""References to a text while it is looked at: the table's own, and the argument of `getrefcount`."""
_texts = _Texts()


def home_of_bytes(text: bytes) -> Block:
    """The block in which a `bytes` object lies, NUL-terminated, as long as somebody holds the object."""
    return _texts.block(text)
