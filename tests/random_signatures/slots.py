"""Parameters: how each is declared, what Python gives for it, what C checks and writes, and what Python then holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from .kinds import BYTE_POINTERS, INT, Check, Kind, Octets, Series, Text

__all__ = [
    "ArrayIn",
    "ArrayInOut",
    "ArrayOut",
    "ByValue",
    "PointerIn",
    "PointerInOut",
    "PointerOut",
    "Slot",
    "Valued",
    "Wanted",
]


class Wanted(NamedTuple):
    """What Python must hold afterwards."""

    kind: Kind
    value: Any
    path: str


class Slot(ABC):
    """One parameter, or an array with its count. `name` is unique in its function."""

    parameters = 1
    """How many it takes in C."""
    name: str

    @abstractmethod
    def prototype(self) -> str:
        """Its part of the prototype, with attributes."""

    def declaration(self) -> str:
        """Its part of the definition in C."""
        return self.prototype().partition("]")[2] if self.prototype().startswith("[") else self.prototype()

    def arguments(self) -> list[Any]:
        """What Python gives."""
        return []

    def checks(self) -> Iterator[Check]:
        """What C sees."""
        yield from ()

    def writes(self) -> Iterator[str]:
        """Statements by which C fills it."""
        yield from ()

    def outs(self) -> list[Wanted]:
        """What stands in the result."""
        return []

    def in_place(self, given: list[Any]) -> Iterator[tuple[Wanted, Any]]:
        """What must have happened to the arguments that were given, and what did."""
        yield from ()

    # -- the same parameter of a callback: C gives it, Python checks it and fills it ---------------------------------

    def offered(self) -> list[Wanted]:
        """The arguments that a callable gets."""
        return []

    def answers(self) -> list[Any]:
        """What the callable gives back for it."""
        return []

    def locals(self) -> Iterator[str]:
        """Variables of C that are passed."""
        yield from ()

    def passed(self) -> list[str]:
        """Expressions of C that are passed."""
        return []

    def checks_after(self) -> Iterator[Check]:
        """What C sees when the callback has come back."""
        yield from ()


class Valued(Slot):
    """A parameter whose type is a kind."""

    def __init__(self, name: str, kind: Kind, random: Random) -> None:
        self.name = name
        self.kind = kind
        self.random = random
        self.prepare(random)

    @abstractmethod
    def prepare(self, random: Random) -> None:
        """Draw the values."""


def assign(target: str, kind: Kind, value: Any, name: str) -> str:
    """A statement that writes a constant."""
    return f"{{ static const {kind.declare(name)} = {kind.constant(value)}; {target} = {name}; }}"


class ByValue(Valued):
    """`T p`."""

    def prepare(self, random: Random) -> None:
        """See `Valued`."""
        self.value = self.kind.draw(random)

    def prototype(self) -> str:
        """See `Slot`."""
        return self.kind.declare(self.name)

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        return [self.value]

    def checks(self) -> Iterator[Check]:
        """See `Slot`."""
        yield from self.kind.checks(self.name, self.value, self.name)

    def offered(self) -> list[Wanted]:
        """See `Slot`."""
        return [Wanted(self.kind, self.value, self.name)]

    def locals(self) -> Iterator[str]:
        """See `Slot`."""
        yield f"{self.kind.declare(self.name)} = {self.kind.constant(self.value)};"

    def passed(self) -> list[str]:
        """See `Slot`."""
        return [self.name]


class PointerIn(Valued):
    """`const T *p`, NULL now and then."""

    def prepare(self, random: Random) -> None:
        """See `Slot`."""
        self.value = None if random.random() < 0.1 else self.kind.draw(random)

    def prototype(self) -> str:
        """See `Slot`."""
        return f"[unique] const {self.kind.declare('*' + self.name)}"

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        return [self.value]

    def checks(self) -> Iterator[Check]:
        """See `Slot`."""
        if self.value is None:
            yield Check(self.name, f"{self.name} == 0")
            return
        yield Check(self.name, f"{self.name} != 0")
        yield from self.kind.checks(f"(*{self.name})", self.value, f"*{self.name}")


class PointerOut(Valued):
    """`[out] T *p`."""

    def prepare(self, random: Random) -> None:
        """See `Slot`."""
        self.after = self.kind.draw(random)

    def prototype(self) -> str:
        """See `Slot`."""
        return f"[out] {self.kind.declare('*' + self.name)}"

    def writes(self) -> Iterator[str]:
        """See `Slot`."""
        yield assign(f"*{self.name}", self.kind, self.after, f"new_{self.name}")

    def outs(self) -> list[Wanted]:
        """See `Slot`."""
        return [Wanted(self.kind, self.after, f"*{self.name}")]

    def answers(self) -> list[Any]:
        """See `Slot`."""
        return [self.after]

    def locals(self) -> Iterator[str]:
        """See `Slot`."""
        yield f"{self.kind.declare(self.name)}; memset(&{self.name}, 0x5a, sizeof {self.name});"

    def passed(self) -> list[str]:
        """See `Slot`."""
        return [f"&{self.name}"]

    def checks_after(self) -> Iterator[Check]:
        """See `Slot`."""
        yield from self.kind.checks(self.name, self.after, f"*{self.name} after")


class PointerInOut(PointerOut):
    """`[in, out] T *p`."""

    def prepare(self, random: Random) -> None:
        """See `Slot`."""
        super().prepare(random)
        self.value = self.kind.draw(random)

    def prototype(self) -> str:
        """See `Slot`."""
        return f"[in, out] {self.kind.declare('*' + self.name)}"

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        return [self.value]

    def checks(self) -> Iterator[Check]:
        """See `Slot`."""
        yield from self.kind.checks(f"(*{self.name})", self.value, f"*{self.name}")

    def offered(self) -> list[Wanted]:
        """See `Slot`."""
        return [Wanted(self.kind, self.value, f"*{self.name}")]

    def locals(self) -> Iterator[str]:
        """See `Slot`."""
        yield f"{self.kind.declare(self.name)} = {self.kind.constant(self.value)};"


class ArrayIn(Valued):
    """`[size_is(n)] const T *p, int n`."""

    parameters = 2
    words = "size_is(n_{})"
    qualifier = "const "

    def prepare(self, random: Random) -> None:
        """See `Slot`."""
        long = random.random() < 0.1 and self.kind.is_number  # many large structs are more than a message holds
        self.length = 300 if long else random.choice((0, 1, 2, 3, 7, 40))
        self.before = self.shape.draw(random)

    @property
    def shape(self) -> Series:
        """All of it; arrays of single bytes are bytes in Python."""
        return (Octets if self.is_bytes else Series)(self.kind, self.length)

    @property
    def is_bytes(self) -> bool:
        """Whether Python has bytes for it."""
        return self.kind.spelling in BYTE_POINTERS

    def prototype(self) -> str:
        """See `Slot`."""
        qualifier = "" if isinstance(self.kind, Text) else self.qualifier
        return f"[{self.words.format(self.name)}] {qualifier}{self.kind.declare('*' + self.name)}, int n_{self.name}"

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        return [self.before, self.length]

    def checks(self) -> Iterator[Check]:
        """See `Slot`."""
        yield Check(f"n_{self.name}", f"n_{self.name} == {self.length}")
        yield from self.shape.checks(self.name, self.before, self.name)

    def offered(self) -> list[Wanted]:
        """See `Slot`."""
        return [Wanted(self.shape, self.before, self.name), Wanted(INT, self.length, "n")]

    def locals(self) -> Iterator[str]:
        """See `Slot`."""
        longer = type(self.shape)(self.kind, max(self.length, 1))
        yield f"{longer.declare(self.name)} = {longer.constant(self.before or longer.draw(self.random))};"

    def passed(self) -> list[str]:
        """See `Slot`."""
        return [self.name, str(self.length)]


class ArrayInOut(ArrayIn):
    """`[in, out, size_is(n)] T *p, int n`: what was given is changed."""

    words = "in, out, size_is(n_{})"
    qualifier = ""

    def prepare(self, random: Random) -> None:
        """See `Slot`."""
        super().prepare(random)
        self.after = self.shape.draw(random)

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        return [(bytearray if self.is_bytes else list)(self.before), self.length]

    def writes(self) -> Iterator[str]:
        """See `Slot`."""
        for index, value in enumerate(self.shape.elements(self.after)):
            yield assign(f"{self.name}[{index}]", self.kind, value, f"new_{self.name}")

    def in_place(self, given: list[Any]) -> Iterator[tuple[Wanted, Any]]:
        """See `Slot`."""
        yield Wanted(self.shape, self.after, f"{self.name} in place"), given[0]


class ArrayOut(ArrayInOut):
    """`[out, size_is(n)] T *p, int n`: what was given is filled."""

    words = "out, size_is(n_{})"

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        blank = [self.kind.blank for _ in range(self.length)]
        return [bytearray(self.length) if self.is_bytes else blank, self.length]

    def checks(self) -> Iterator[Check]:
        """See `Slot`."""
        yield Check(f"n_{self.name}", f"n_{self.name} == {self.length}")
