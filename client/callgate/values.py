"""Small values that stand for something C has and Python has not."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

__all__ = ["Argument", "Box", "Constant", "StrBuf", "arg", "constant"]

T = TypeVar("T")


class Box(Generic[T]):
    """A variable that a call may change: given for a `T *` it is updated, and not repeated in the result."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Box({self.value!r})"


class StrBuf:
    """A text buffer that native code fills: `capacity` bytes of UTF-8 and a terminator beside them (R5.12)."""

    __slots__ = ("capacity", "text")

    def __init__(self, capacity: int, text: str = "") -> None:
        if capacity < 0:
            raise ValueError(f"a capacity cannot be negative: {capacity}")
        self.capacity = capacity
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return self.capacity

    def __repr__(self) -> str:
        return f"StrBuf({self.capacity}, {self.text!r})"


class Constant:
    """One of a library's magic pointers, e.g. `SQLITE_TRANSIENT = callgate.constant(-1)`."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"callgate.constant({self.value})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and other.value == self.value

    def __hash__(self) -> int:
        return hash((Constant, self.value))


def constant(value: int) -> Constant:
    """A pointer whose value has a meaning of its own and is never followed."""
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError(f"{value} does not fit into a pointer")
    return Constant(value)


class Argument:
    """A value with its C type, for the variable part of a call (`...`)."""

    __slots__ = ("ctype", "value")

    def __init__(self, value: Any, ctype: str) -> None:
        self.value = value
        self.ctype = ctype

    def __repr__(self) -> str:
        return f"callgate.arg({self.value!r}, {self.ctype!r})"


def arg(value: Any, ctype: str) -> Argument:
    """Give a value after `...` a C type of your own choice: `callgate.arg(5, "long")`."""
    return Argument(value, ctype)
