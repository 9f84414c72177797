"""Unions, and structs whose members overlap: the bytes are the value, the members are views of them (R7.8)."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, Self

from callgate_protocol.signatures import Member

# ruff: noqa: SLF001 - instances of one class know each other

__all__ = ["Union", "View", "Views", "bytes_of", "python_name", "union_class"]


def python_name(name: str) -> str:
    """A C name as Python can spell it: keywords get a trailing underscore."""
    return f"{name}_" if keyword.iskeyword(name) else name


class View(Protocol):
    """One member inside bytes."""

    def read(self, data: bytes) -> Any:
        """Its value in bytes that are long enough."""

    def write(self, data: bytearray, value: Any) -> None:
        """Put a value into the bytes. Raises Mismatch."""


class Views(Protocol):
    """Everything about a record that only its library's host knows."""

    size: int
    views: Mapping[str, View]

    def read(self, data: bytes | bytearray, name: str) -> Any:
        """The value of a member. Raises MarshalError for one that has no meaning as bytes."""

    def write(self, data: bytearray, name: str, value: Any) -> None:
        """Put the value of a member into the bytes. Raises MarshalError."""


class Union:
    """The value of a C union: bytes, zero where nothing was set. Members are attributes that show and change them.

    `U(d=2.5)`, or `U(b"…")` for the bytes themselves; `bytes(u)` gives all of them. Equality is by bytes.
    """

    __slots__ = ("_data",)
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _ordered: ClassVar[bool] = False
    """Whether values may be given in the order of the members: in a union proper they all begin at 0."""

    @staticmethod
    def _layout() -> Views:
        """Where the members lie; the class of each union says whom to ask."""
        raise NotImplementedError

    def __init__(self, *values: Any, **named: Any) -> None:
        self._data = bytearray()
        if len(values) == 1 and isinstance(values[0], bytes | bytearray | memoryview):
            self._fill(bytes(values[0]))
        elif len(values) > (len(self.__match_args__) if self._ordered else 1):
            raise TypeError(f"{type(self).__name__} takes its members by name, e.g. {self._example()}")
        else:
            named = dict(zip(self.__match_args__, values, strict=False)) | named
        for name, value in named.items():
            if name not in self.__match_args__:
                known = ", ".join(self.__match_args__)
                raise TypeError(f"{type(self).__name__} has no member {name!r}; it has {known}")
            setattr(self, name, value)

    def _example(self) -> str:
        return f"{type(self).__name__}({self.__match_args__[0]}=…)"

    def _fill(self, data: bytes) -> None:
        size = self._layout().size
        if len(data) > size:
            raise ValueError(f"{len(data)} bytes do not fit into {type(self).__name__}, which has {size}")
        self._data = bytearray(data)

    @classmethod
    def _of_bytes(cls, data: bytes | bytearray) -> Self:
        made = cls.__new__(cls)
        made._data = bytearray(data)
        return made

    def __bytes__(self) -> bytes:
        return bytes(self._data).ljust(self._layout().size, b"\0")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._data.rstrip(b"\0") == other._data.rstrip(b"\0")

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return type(self)._of_bytes(self._data)

    def __deepcopy__(self, _memo: Any) -> Self:
        return self.__copy__()

    def __repr__(self) -> str:
        layout = self._layout()
        members = ", ".join(f"{name}={layout.read(self._data, name)!r}" for name in layout.views)
        return f"{type(self).__name__}({members or repr(bytes(self))})"


def bytes_of(value: Any, views: Views) -> bytearray:
    """Of an instance of a user's own class: the members that were set, in that order, so that the last one wins."""
    data = bytearray(views.size)
    for name, member in vars(value).items():
        if name in views.views:
            views.write(data, name, member)
    return data


def union_class(
    name: str, members: tuple[Member, ...], names: tuple[str, ...], layout: Callable[[], Views], *, ordered: bool
) -> type[Union]:
    """The class for a union. `names` are those of its members and of the members of unnamed ones."""
    spellings = tuple(python_name(each) for each in names)
    body: dict[str, Any] = {
        "__slots__": (),
        "__match_args__": spellings,
        "_ordered": ordered and len(names) == len(members),
        "_layout": staticmethod(layout),
        "__doc__": f"C union `{name}`.",
    }
    return type(name, (Union,), body | {each: _view(each) for each in spellings})


def _view(name: str) -> property:
    def read(union: Union) -> Any:
        return union._layout().read(union._data, name)

    def write(union: Union, value: Any) -> None:
        union._layout().write(union._data, name, value)

    return property(read, write)
