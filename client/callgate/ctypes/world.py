"""The one host in which everything native of `callgate.ctypes` lives, and the next one when it has died.

ctypes shares one process between all libraries, so that pointers, casts and callbacks go together. Here that process
is a host: every library that this program loads through `callgate.ctypes` is in it, and every address is one of it.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from callgate.below import below
from callgate.convert import CallContext
from callgate.convert.base import binary, received_binary
from callgate.errors import BrokerLost, Error, HostLost, NullReferenceError, ObjectGone, TypeLoadError
from callgate.host import Host
from callgate.process import current as process
from callgate_protocol.codec import encode
from callgate_protocol.system import HostFunction

from .standard import std

__all__ = ["World", "current", "ended", "living", "of_life"]

_LABEL: Final = "callgate.ctypes"
_ATTEMPTS: Final = 3
_ARENA: Final = 1 << 20
_LARGE: Final = 1 << 18
"""Blocks from this size on are reserved one by one, and given back to the host."""
_ALIGNMENT: Final = 16
_PIECES: Final = 200
"""Addresses and binaries of one message: each may need a bulk frame, and those are bounded."""
_SCALARS: Final = {
    "schar": std.c_byte,
    "short": std.c_short,
    "int": std.c_int,
    "long": std.c_long,
    "llong": std.c_longlong,
    "float": std.c_float,
    "double": std.c_double,
    "ldouble": std.c_longdouble,
    "wchar": std.c_wchar,
    "bool": std.c_bool,
    "pointer": std.c_void_p,
}
"""What this Python's ABI is compared by."""


class World:
    """One life of the host. Thread-safe."""

    def __init__(self, host: Host, life: int) -> None:
        self.host = host
        self.life = life
        """Which world of this program it is, from 1. An address means something only together with this number."""
        self.process = os.getpid()
        self.handles: dict[Any, int] = {}
        """Handles of the libraries that were opened, by file and mode."""
        self._symbols: dict[tuple[int, str], int | None] = {}
        self._lock = threading.RLock()
        self._free: dict[int, list[int]] = {}
        self._fresh = (0, 0)
        self._returned: deque[tuple[int, int]] = deque()
        self._large: list[int] = []
        self._retired: deque[int] = deque()
        self._shapes: dict[Any, bytes] = {}
        self._directory = b"/"
        self._environment: dict[bytes, bytes] = {}
        self.borrowed: weakref.WeakSet[Any] = weakref.WeakSet()
        """Memory of this process that native code sees in a copy (`memory.Block`)."""

    @property
    def dead(self) -> bool:
        """Whether this host is gone, or belongs to the process that this one was forked from."""
        return self.host.session.dead or self.process != os.getpid()

    # -- asking --------------------------------------------------------------------------------------------------

    def give_borrowed(self) -> None:
        """Native code is going to look: its copies become what the memory here is."""
        if self.borrowed:
            pieces = [piece for block in list(self.borrowed) if (piece := block.given()) is not None]
            self._put(pieces)

    def take_borrowed(self) -> None:
        """Native code may have written: the memory here becomes what it made of its copies."""
        for block in list(self.borrowed) if self.borrowed else ():
            block.taken(self.ask(HostFunction.RAW_READ, block.address, block.size, name="reading memory"))

    def ask(self, function: HostFunction, *arguments: Any, name: str = "") -> Any:
        """Have one of the host's own functions performed."""
        context = CallContext(self.host)
        wire = [
            binary(each, context) if isinstance(each, bytes | bytearray | memoryview) else each for each in arguments
        ]
        label = name or f"{_LABEL}'s {function.name.lower()}"
        reply, payloads = self.host.ask(function, wire, context.payloads, label)
        context.received = payloads
        return self._received(reply.result, context)

    def _received(self, wire: Any, context: CallContext) -> Any:
        if isinstance(wire, dict | bytes | memoryview):
            return bytes(received_binary(wire, context))
        return wire

    def open(self, file: bytes | None, flags: int) -> int:
        """The handle of a library; the same one for the same file and flags."""
        with self._lock:
            known = self.handles.get((file, flags))
            if known is None:
                self.follow()
                known = self.handles[file, flags] = self.ask(HostFunction.RAW_OPEN, file, flags, name="dlopen")
            return known

    def symbol(self, handle: int, name: str) -> int | None:
        """The address of a symbol; None when there is none."""
        key = handle, name
        found = self._symbols.get(key)
        if found is None:
            found = self._symbols[key] = self.ask(HostFunction.RAW_SYMBOL, handle, name, name="dlsym")
        return found

    def read(self, address: int, size: int) -> bytes:
        """Bytes at an address."""
        self.give_borrowed()
        data: bytes = self.ask(HostFunction.RAW_READ, address, size, name="reading memory")
        return data

    def readable(self, address: int, size: int) -> bool:
        """Whether something is there."""
        try:
            self.read(address, size)
        except NullReferenceError:
            return False
        return True

    def write(self, pieces: Sequence[tuple[int, Any]]) -> None:
        """Put bytes at addresses."""
        self.give_borrowed()
        self._put(pieces)
        self.take_borrowed()

    def _put(self, pieces: Sequence[tuple[int, Any]]) -> None:
        context = CallContext(self.host)
        wire: list[Any] = []
        for address, data in pieces:
            wire += [address, binary(bytes(data), context)]
            if len(wire) >= _PIECES:
                self.host.ask(HostFunction.RAW_WRITE, [wire], context.payloads, "writing memory")
                context, wire = CallContext(self.host), []
        if wire:
            self.host.ask(HostFunction.RAW_WRITE, [wire], context.payloads, "writing memory")

    def text(self, address: int, width: int, limit: int = -1) -> bytes:
        """The bytes before a NUL of that width."""
        self.give_borrowed()
        data: bytes = self.ask(HostFunction.RAW_TEXT, address, width, limit, name="reading text")
        return data

    def call(self, address: int, shape: Any, arguments: list[Any], errno: int | None, name: str) -> tuple[Any, int]:
        """Enter native code; result and errno."""
        self.follow()
        self.give_borrowed()
        context = CallContext(self.host)
        wire = [binary(each, context) if isinstance(each, bytes) else each for each in arguments]
        sent = [address, self.shape(shape), wire, errno]
        reply, payloads = self.host.ask(HostFunction.RAW_CALL, sent, context.payloads, name)
        result, left = reply.result
        context.received = payloads
        self.take_borrowed()
        return self._received(result, context), left

    def follow(self) -> None:
        """Be in the working directory of this process, and have its environment: libraries look at both."""
        try:
            directory = os.getcwdb()
        except OSError:  # it was removed; so it is for the host
            directory = self._directory
        variables = getattr(os.environb, "_data", os.environb)  # the plain dict inside compares ten times as fast
        if directory == self._directory and variables == self._environment:
            return
        environment = dict(variables)
        context = CallContext(self.host)
        words = [binary(word, context) for pair in environment.items() for word in pair]
        self.host.ask(HostFunction.RAW_MOVE, [binary(directory, context), words], context.payloads, "chdir")
        self._directory, self._environment = directory, environment

    def shape(self, shape: Any) -> bytes:
        """A shape as it crosses."""
        known = self._shapes.get(shape)
        if known is None:
            known = self._shapes[shape] = encode(shape)
        return known

    # -- memory --------------------------------------------------------------------------------------------------

    def take(self, size: int) -> int:
        """The address of memory for a block. Small blocks share an arena that this side divides, without a message."""
        with self._lock:
            self._collect()
            room = _room(size)
            if room >= _LARGE:
                returned, self._large = self._large, []
                address: int = self.ask(HostFunction.RAW_RESERVE, room, returned, name="reserving memory")
                return address
            free = self._free.get(room)
            if free:
                return free.pop()
            start, left = self._fresh
            if room > left:
                start, left = self.ask(HostFunction.RAW_RESERVE, _ARENA, [], name="reserving memory"), _ARENA
            self._fresh = start + room, left - room
            return start

    def give(self, address: int, size: int) -> None:
        """A block is gone. Called by the garbage collector, wherever it runs: only noted here."""
        self._returned.append((address, size))

    def _collect(self) -> None:
        while self._returned:
            address, size = self._returned.popleft()
            room = _room(size)
            if room >= _LARGE:
                self._large.append(address)
            else:
                self._free.setdefault(room, []).append(address)

    # -- callbacks -----------------------------------------------------------------------------------------------

    def thunk(self, shape: Any, callback: Any) -> tuple[int, int]:
        """The address of a function pointer, and its number; `callback` is a weak reference to what is called."""
        plan: Any = _Late(callback)
        number = self.host.holdings.lend(plan.perform, plan)
        retired = [self._retired.popleft() for _ in range(len(self._retired))]
        address: int = self.ask(HostFunction.RAW_THUNK, self.shape(shape), number, retired, name="making a callback")
        return address, number

    def retire(self, number: int) -> None:
        """A callable is gone. Called by the garbage collector: the host learns of it with the next function pointer."""
        self.host.holdings.delegates.pop(number, None)
        self._retired.append(number)


class _Late:
    """What `Host` needs of a plan, without keeping the callable alive."""

    def __init__(self, callback: Any) -> None:
        self._callback = callback

    def perform(self, call: Any, arguments: Any, context: Any) -> Any:
        """Run the callable. Raises ObjectGone when it is gone."""
        callback = self._callback()
        if callback is None:
            raise ObjectGone("native code called a function pointer whose object is gone: keep it as long as C does")
        return callback.perform(call, arguments, context)


def _room(size: int) -> int:
    """The bytes to set aside: one more than asked for, so that one past the end of a block starts no other."""
    if size < 256:
        return size + _ALIGNMENT & -_ALIGNMENT
    return max(512, 1 << size.bit_length())


class _Worlds:
    """The world of this process."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.living: World | None = None
        self.count = 0


_worlds = _Worlds()


def _new_lock_after_fork() -> None:
    _worlds.lock = threading.RLock()


os.register_at_fork(after_in_child=_new_lock_after_fork)


def living() -> World | None:
    """The world, if there is one and it is alive."""
    world = _worlds.living
    return None if world is None or world.dead else world


def ended() -> bool:
    """Whether the program has come to its end: hosts are closed just before the interpreter takes itself apart."""
    return sys.is_finalizing()


def current() -> World:
    """The world, which may have to be started. Raises HostLost, BrokerLost, TypeLoadError."""
    world = _worlds.living
    if world is not None and not world.dead:
        return world
    with _worlds.lock:
        if _worlds.living is None or _worlds.living.dead:
            host = _start()
            _worlds.count += 1
            _worlds.living = World(host, _worlds.count)
        return _worlds.living


def of_life(life: int, what: str) -> World:
    """The world of that number. Raises ObjectGone when it has ended."""
    world = _worlds.living
    if world is None or world.life != life or world.dead:
        raise ObjectGone(f"{what} belongs to a host that is gone; nothing is carried over to a new one: make it again")
    return world


def _start() -> Host:
    failure: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            host = _connect()
        except (BrokerLost, ConnectionError, FileNotFoundError) as error:
            failure = error
            continue
        try:
            _check_abi(host)
        except Error:
            host.close("its ABI is another")
            raise
        return host
    if isinstance(failure, Error):
        raise failure
    raise HostLost(f"no host could be started for {_LABEL}: {failure}", began=False) from failure


def _connect() -> Host:
    parts = process()
    host = Host(below(parts.embedded_broker)(_LABEL), _LABEL, parts.callbacks)
    parts.hosts.add(host)
    host.start()
    return host


def _check_abi(host: Host) -> None:
    """Sizes that Python knows are this interpreter's; in another ABI every struct would be laid out wrongly."""
    sizes = host.session.abi.sizes
    for scalar, kind in _SCALARS.items():
        if sizes[scalar] != std.sizeof(kind):
            raise TypeLoadError(
                f"{_LABEL}: {scalar} has {sizes[scalar]} bytes in the host and {std.sizeof(kind)} in this Python"
            )
