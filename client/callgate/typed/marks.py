"""What stands beside a type inside `Annotated[…]`: everything that C says and Python does not.

A type checker sees the plain Python type; `callgate.load` reads these.
"""

from __future__ import annotations

from typing import Any

from callgate.declare.python import CountOf
from callgate_protocol.value import Value

__all__ = [
    "AsAttribute",
    "Borrow",
    "Constness",
    "Fixed",
    "Mark",
    "Name",
    "Native",
    "Place",
    "Position",
    "Shape",
    "Target",
    "Width",
    "at_position",
    "attribute",
    "bits",
    "closes",
    "count_of",
    "free_with",
    "iid_is",
    "keep",
    "length_is",
    "named",
    "offset_in",
    "points_to",
    "size_is",
]


class Mark(Value):
    """Base of what callgate reads inside `Annotated[…]`; anything else there is for others and is left alone."""


class Native(Mark):
    """Which native type a Python type stands for. `kind` says how it is converted, `c` is the model's name of it.

    An empty `c` is decided by the charset (R4, R5.1). `python` are the types that it may stand on (R19.20).
    """

    name: str
    kind: str
    c: str
    python: tuple[type, ...]


class Shape(Mark):
    """One level around a type: `"ref"`, `"array"` or `"pointer"`."""

    kind: str


class Place(Mark):
    """`In`, `Out` or `InOut` (R1.8)."""

    way: str


class Borrow(Mark):
    """The memory stays the library's: it is copied and not freed (R5.10, R8.5)."""


class Constness(Mark):
    """Whether C declares the pointer's target `const`, where it differs from what callgate takes it for."""

    const: bool


class AsAttribute(Mark):
    """A detail that is an attribute of the prototype language: `[closes]`, `[size_is(n)]`."""

    name: str
    argument: str = ""


class Position(Mark):
    """Where an out stands among C's parameters, counted from 0."""

    index: int


class Name(Mark):
    """C's name of a parameter that Python has no name for."""

    name: str


class Fixed(Mark):
    """An array or text inside a struct: `length` elements or units (R5.16, R6.14).

    The bare word is a mark without a length, which is refused (R19.12); calling it gives one with a length.
    """

    kind: str
    length: int = -1

    def __call__(self, length: int) -> Fixed:
        """The mark with a length."""
        return Fixed(self.kind, length)


class Width(Mark):
    """A bit-field's width."""

    bits: int


class Target(Mark):
    """What a plain pointer points to."""

    type: Any


def size_is(count: int | str) -> AsAttribute:
    """How many elements an array has: a number, or the name of the parameter that says it (R6.5)."""
    return AsAttribute("size_is", str(count))


def length_is(count: int | str) -> AsAttribute:
    """How many elements of an array come back: a number, or the name of the parameter that says it (R1.22)."""
    return AsAttribute("length_is", str(count))


def iid_is(parameter: str) -> AsAttribute:
    """Which parameter holds the IID that an interface pointer is of, when it is not always the same one (R1.23)."""
    return AsAttribute("iid_is", parameter)


def free_with(function: str) -> AsAttribute:
    """The library's function that frees what it handed out (R8.5)."""
    return AsAttribute("free", function)


def offset_in(text: str) -> AsAttribute:
    """An end pointer into the text of parameter `text`: it comes back as a distance in bytes."""
    return AsAttribute("offset", text)


def attribute(name: str, argument: int | str = "") -> AsAttribute:
    """Any attribute of the prototype language by its name: `attribute("unchecked")`."""
    return AsAttribute(name, str(argument))


def at_position(index: int) -> Position:
    """Where an out stands among C's parameters, counted from 0; without it, outs follow what the caller passes."""
    return Position(index)


def named(name: str) -> Name:
    """C's name of an out, or of a parameter of a `Callable[…]`."""
    return Name(name)


def bits(width: int) -> Width:
    """A bit-field of that many bits (R7.23)."""
    return Width(width)


def points_to(target: Any) -> Target:
    """What a `NativePtr` points to: a type, or the name of a struct that is being declared."""
    return Target(target)


def count_of(array: str) -> Any:
    """Default of a count: the number of elements of the parameter `array`, when the caller leaves the count out."""
    return CountOf(array)


closes = AsAttribute("closes")
"""The call ends the life of the handle."""

keep = AsAttribute("keep")
"""The library remembers the function pointer and calls it after this call, too (R9.5)."""
