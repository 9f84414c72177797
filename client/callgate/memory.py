"""What lives in a host and is named from here: handles, buffers, host-owned structs, pointers.

None of these holds an address. Each is a proxy for an object in the host's table; when the host has died or the object
was closed, using it raises `ObjectGone`, whatever native memory holds by then (R8.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from callgate_protocol.model import OpaqueType
from callgate_protocol.system import HostFunction

# ruff: noqa: SLF001 - the proxies of this file know each other
from .errors import ArgumentError, ObjectGone

if TYPE_CHECKING:
    from .host import Host

__all__ = [
    "Addressable",
    "Buffer",
    "Handle",
    "HandleRef",
    "Memory",
    "NativePtr",
    "Remote",
    "host_and_place",
    "opaque_of",
    "place_of",
]


class Addressable:
    """Anything that stands for a place in a host's memory."""

    __slots__ = ()

    def _place(self) -> tuple[Remote, int]:
        """The object whose memory it is, and the offset in it."""
        raise NotImplementedError


class Remote(Addressable):
    """A proxy for one object of one host. Two mentions of the same object are the same proxy."""

    __slots__ = ("__weakref__", "_gone", "_host", "_number")

    def __init__(self, host: Host, number: int) -> None:
        self._host = host
        self._number = number
        self._gone = ""

    def __repr__(self) -> str:
        state = f", gone: {self._gone or 'its host has died'}" if self._gone or self._host.dead else ""
        return f"<{self._name()}{state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"{self!r} lives in its host and means nothing in another process (R10.1)")

    def _name(self) -> str:
        return f"{type(self).__name__} {self._number} in {self._host.describe()}"

    def _place(self) -> tuple[Remote, int]:
        return self, 0

    def _check(self) -> int:
        """The object's number. Raises ObjectGone when it can no longer be used."""
        if self._gone:
            raise ObjectGone(f"{self._name()} cannot be used any more: {self._gone}")
        self._host.check_alive(self)
        return self._number

    def _died(self, gone: ObjectGone) -> ObjectGone:
        """What is raised when it is used after the end of its host."""
        return gone


class Handle(Remote):
    """An opaque C pointer, e.g. `sqlite3 *` (R10.1). `with` and `callgate.release` end it.

    Subclass it once per opaque type in typed declarations, and name there what ends it in the library::

        class Db(Handle, name="sqlite3", release="sqlite3_close"): ...

    `name` is C's when it is another, `release` the function that ends a handle's life: once, when nobody holds it any
    more at the latest (R10.8); `invalid` are the values that need no end (R10.9).
    """

    __slots__ = ("_value",)
    _opaque: ClassVar[OpaqueType] = OpaqueType("")
    """The opaque type that this class stands for."""

    def __init_subclass__(
        cls, *, name: str = "", release: str = "", invalid: Iterable[int] = (0,), **more: Any
    ) -> None:
        super().__init_subclass__(**more)
        cls._opaque = OpaqueType(name or cls.__name__, release, tuple(sorted(set(invalid))))

    def __init__(self, host: Host, number: int) -> None:
        super().__init__(host, number)
        self._value: int | None = None

    @classmethod
    def _has_constructor(cls) -> bool:
        return cls.__init__ is not Handle.__init__

    @classmethod
    def _blank(cls, host: Host) -> Self:
        """A handle that stands for nothing yet (R10.3). A subclass's own constructor takes no arguments."""
        handle = cls.__new__(cls)
        Handle.__init__(handle, host, 0)
        if cls._has_constructor():
            constructor: Any = cls.__init__
            constructor(handle)
        return handle

    @classmethod
    def _adopt(cls, host: Host, number: int, value: int | None = None, blank: Self | None = None) -> Self:
        """The handle for an object of the host, or for an invalid value."""
        handle = cls._blank(host) if blank is None else blank
        handle._number, handle._value = number, value
        return handle

    def _name(self) -> str:
        return f"invalid {type(self).__name__}" if self._value is not None else super()._name()

    def _check(self) -> int:
        if self._value is not None:
            raise ArgumentError(f"{self!r} is what the library gives for a failure; see callgate.is_invalid (R10.9)")
        return super()._check()

    def _release(self) -> None:
        """End it, once; nothing for one that is gone already."""
        if self._value is None and not self._gone and not self._host.dead:
            self._host.system(HostFunction.CLOSE, {"at": [self._number, 0]})
            self._host.holdings.closed(self._number)
        self._gone = self._gone or "it was released"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()


def opaque_of(cls: type[Handle]) -> OpaqueType:
    """The opaque type that a handle class stands for."""
    return cls._opaque


class HandleRef(Addressable):
    """A pointer for one call, and an object that must stay alive meanwhile (R10.7): `HandleRef(owner, pointer)`."""

    __slots__ = ("_owner", "_pointer")

    def __init__(self, owner: object, pointer: Addressable) -> None:
        if not isinstance(pointer, Addressable):
            raise TypeError(f"expected a pointer, buffer or handle of a host, got {type(pointer).__name__}")
        self._owner = owner
        self._pointer = pointer

    def _place(self) -> tuple[Remote, int]:
        return self._pointer._place()

    def __repr__(self) -> str:
        return f"HandleRef({self._owner!r}, {self._pointer!r})"


class Memory(Remote):
    """Memory in the host. Pointer arithmetic works: `memory + 4`, `pointer - memory`."""

    __slots__ = ()

    @property
    def _face(self) -> Any:
        """What the user holds for this memory."""
        return self

    def __add__(self, distance: int) -> NativePtr:
        return NativePtr(self, 0) + distance

    def __sub__(self, other: Memory | NativePtr) -> int:
        return NativePtr(self, 0) - other

    def _free(self) -> None:
        if not self._gone and not self._host.dead:
            self._host.system(HostFunction.FREE, {"at": [self._number, 0]})
        self._gone = self._gone or "it was freed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._free()


class Buffer(Memory):
    """Bytes that stay at one address in the host: `callgate.buffer(lib, 65536)`. Slices read and write."""

    __slots__ = ("_length",)

    def __init__(self, host: Host, number: int, length: int) -> None:
        super().__init__(host, number)
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __bytes__(self) -> bytes:
        return self[:]

    def __getitem__(self, key: slice) -> bytes:
        start, stop = self._bounds(key)
        return self._host.read(self._check(), start, max(0, stop - start))

    def __setitem__(self, key: slice, data: bytes | bytearray | memoryview) -> None:
        start, stop = self._bounds(key)
        view = memoryview(data).cast("B")
        if len(view) != stop - start:
            raise ArgumentError(f"{len(view)} bytes do not fit into a slice of {stop - start}")
        self._host.write(self._check(), start, view)

    def _bounds(self, key: slice) -> tuple[int, int]:
        if not isinstance(key, slice):
            raise TypeError(f"a buffer is read and written by slices, e.g. buffer[{key!r}:{key!r}+1]")
        start, stop, step = key.indices(self._length)
        if step != 1:
            raise ValueError("a buffer is read and written in order: slices have no step")
        return start, max(start, stop)


class NativePtr(Addressable):
    """A pointer into memory of the host: a place in some object there. Comparable, and subtracts to a distance."""

    __slots__ = ("_base", "_offset")

    def __init__(self, base: Memory, offset: int) -> None:
        self._base = base
        self._offset = offset

    def _place(self) -> tuple[Remote, int]:
        return self._base, self._offset

    def __add__(self, distance: int) -> NativePtr:
        return NativePtr(self._base, self._offset + distance)

    def __sub__(self, other: Memory | NativePtr) -> int:
        theirs = other if isinstance(other, NativePtr) else NativePtr(other, 0)
        if theirs._base is not self._base:
            raise ArgumentError(f"{self!r} and {other!r} point into different objects, so they have no distance")
        return self._offset - theirs._offset

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Memory):
            return other is self._base and self._offset == 0
        return isinstance(other, NativePtr) and other._base is self._base and other._offset == self._offset

    def __hash__(self) -> int:
        return hash((id(self._base), self._offset))

    def __repr__(self) -> str:
        return f"<NativePtr {self._offset:+d} from {self._base!r}>"


def place_of(value: Addressable, host: Host) -> dict[str, list[int]]:
    """The wire form of an address that goes home. Raises ObjectGone, or ArgumentError for another host's object."""
    base, offset = value._place()
    number = base._check()
    if base._host is not host:
        raise ArgumentError(f"{value!r} lives in another host than {host.describe()}; each library has its own")
    return {"at": [number, offset]}


def host_and_place(value: Any) -> tuple[Host, int, int]:
    """Host, object and offset of a proxy or pointer. Raises TypeError for anything else, ObjectGone."""
    if not isinstance(value, Addressable):
        raise TypeError(f"expected a buffer, struct, handle or pointer of a host, got {type(value).__name__}")
    base, offset = value._place()
    return base._host, base._check(), offset
