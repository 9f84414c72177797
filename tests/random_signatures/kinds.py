"""Types of C with values: how each is written in C and in a prototype, and what tells that a value arrived.

This is a second description of what crosses, written for the tests alone: nothing of it comes from callgate.
"""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

__all__ = [
    "BYTES",
    "BYTE_POINTERS",
    "INT",
    "NUMBERS",
    "Check",
    "Enumeration",
    "FixedText",
    "Floating",
    "Integer",
    "Kind",
    "Octets",
    "Series",
    "Text",
]


class Check(NamedTuple):
    """Something that must be true in C."""

    path: str
    condition: str


class Kind(ABC):
    """A type. A value is what Python gives and gets: numbers, str, bytes, lists, and a dict for a struct."""

    spelling: str

    def declare(self, name: str) -> str:
        """A member or variable of this type, in C and in a prototype."""
        return f"{self.spelling} {name}"

    @abstractmethod
    def draw(self, random: Random) -> Any:
        """Some value, often one from the edge of the range."""

    @abstractmethod
    def constant(self, value: Any) -> str:
        """The value as an initialiser in C."""

    @abstractmethod
    def checks(self, place: str, value: Any, path: str) -> Iterator[Check]:
        """What holds in C when the value is at `place`."""

    @abstractmethod
    def differences(self, expected: Any, got: Any, path: str) -> Iterator[str]:
        """How what Python got differs from what it should be, type included."""

    @property
    def blank(self) -> Any:
        """What stands in a list that C will fill."""
        return 0

    @property
    def is_number(self) -> bool:
        """Whether it is one value, not several."""
        return self in NUMBERS


def _differs(path: str, expected: Any, got: Any) -> str:
    return f"{path}: expected {expected!r}, got {type(got).__name__} {got!r}"


class Integer(Kind):
    """An integer of so many bits."""

    def __init__(self, spelling: str, bits: int, *, signed: bool) -> None:
        self.spelling = spelling
        self.bits = bits
        self.signed = signed
        self.low = -(1 << bits - 1) if signed else 0
        self.high = (1 << bits - signed) - 1

    def draw(self, random: Random) -> int:
        """See `Kind`."""
        edges = (self.low, self.high, 0, 1, self.high - 1, -1 if self.signed else self.high >> 1)
        return random.choice(edges) if random.random() < 0.4 else random.randint(self.low, self.high)

    def constant(self, value: int) -> str:
        """See `Kind`."""
        if value == -(1 << 63):
            return "(-0x7fffffffffffffffLL - 1)"
        return f"{value:#x}{'LL' if value < 1 << 63 else 'ULL'}"

    def checks(self, place: str, value: int, path: str) -> Iterator[Check]:
        """See `Kind`."""
        yield Check(path, f"{place} == ({self.spelling}){self.constant(value)}")

    def differences(self, expected: int, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if type(got) is not int or got != expected:
            yield _differs(path, expected, got)


class Boolean(Kind):
    """`bool`."""

    spelling = "bool"

    def draw(self, random: Random) -> bool:
        """See `Kind`."""
        return random.random() < 0.5

    def constant(self, value: bool) -> str:
        """See `Kind`."""
        return str(int(value))

    def checks(self, place: str, value: bool, path: str) -> Iterator[Check]:
        """See `Kind`."""
        yield Check(path, place if value else f"!{place}")

    def differences(self, expected: bool, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if got is not expected:
            yield _differs(path, expected, got)

    @property
    def blank(self) -> Any:
        """See `Kind`."""
        return False


class Floating(Kind):
    """A floating type that carries the values of the `struct` code."""

    def __init__(self, spelling: str, code: str) -> None:
        self.spelling = spelling
        self._code = code
        self._size = struct.calcsize(code)

    def draw(self, random: Random) -> float:
        """See `Kind`."""
        if random.random() < 0.3:
            return random.choice((0.0, -0.0, 1.0, -1.5, math.inf, -math.inf))
        value: float = math.nan
        while math.isnan(value):
            (value,) = struct.unpack(self._code, random.randbytes(self._size))
        return value

    def constant(self, value: float) -> str:
        """See `Kind`."""
        if math.isinf(value):
            return "INFINITY" if value > 0 else "-INFINITY"
        return value.hex()

    def checks(self, place: str, value: float, path: str) -> Iterator[Check]:
        """See `Kind`."""
        sign = "" if math.copysign(1, value) < 0 else "!"
        yield Check(path, f"({place} == ({self.spelling}){self.constant(value)} && {sign}signbit({place}))")

    def differences(self, expected: float, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if type(got) is not float or got != expected or math.copysign(1, got) != math.copysign(1, expected):
            yield _differs(path, expected, got)

    @property
    def blank(self) -> Any:
        """See `Kind`."""
        return 0.0


class Complex(Kind):
    """A complex number of two parts of a floating type."""

    def __init__(self, part: Floating, suffix: str) -> None:
        self.spelling = f"{part.spelling} _Complex"
        self._part = part
        self._suffix = suffix

    def draw(self, random: Random) -> complex:
        """See `Kind`."""
        return complex(self._part.draw(random), self._part.draw(random))

    def constant(self, value: complex) -> str:
        """See `Kind`."""
        return f"CMPLX{self._suffix.upper()}({self._part.constant(value.real)}, {self._part.constant(value.imag)})"

    def checks(self, place: str, value: complex, path: str) -> Iterator[Check]:
        """See `Kind`."""
        yield from self._part.checks(f"creal{self._suffix}({place})", value.real, f"{path} real")
        yield from self._part.checks(f"cimag{self._suffix}({place})", value.imag, f"{path} imaginary")

    def differences(self, expected: complex, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if type(got) is not complex:
            yield _differs(path, expected, got)
            return
        yield from self._part.differences(expected.real, got.real, f"{path}.real")
        yield from self._part.differences(expected.imag, got.imag, f"{path}.imag")

    @property
    def blank(self) -> Any:
        """See `Kind`."""
        return 0j


NUMBERS: Final[tuple[Kind, ...]] = (
    Integer("char", 8, signed=True),
    Integer("signed char", 8, signed=True),
    Integer("unsigned char", 8, signed=False),
    Integer("short", 16, signed=True),
    Integer("unsigned short", 16, signed=False),
    Integer("int", 32, signed=True),
    Integer("unsigned int", 32, signed=False),
    Integer("long", 64, signed=True),
    Integer("unsigned long", 64, signed=False),
    Integer("long long", 64, signed=True),
    Integer("unsigned long long", 64, signed=False),
    Integer("int8_t", 8, signed=True),
    Integer("uint8_t", 8, signed=False),
    Integer("int16_t", 16, signed=True),
    Integer("uint16_t", 16, signed=False),
    Integer("int32_t", 32, signed=True),
    Integer("uint32_t", 32, signed=False),
    Integer("int64_t", 64, signed=True),
    Integer("uint64_t", 64, signed=False),
    Integer("size_t", 64, signed=False),
    Integer("ssize_t", 64, signed=True),
    Integer("intptr_t", 64, signed=True),
    Integer("uintptr_t", 64, signed=False),
    Integer("ptrdiff_t", 64, signed=True),
    Boolean(),
    Floating("float", "f"),
    Floating("double", "d"),
    Floating("long double", "d"),
    Complex(Floating("float", "f"), "f"),
    Complex(Floating("double", "d"), ""),
)
"""As they are on 64-bit Linux, where `long` is 64 bits and `char` is signed on x86."""

INT: Final = next(kind for kind in NUMBERS if isinstance(kind, Integer) and kind.spelling == "int")
BYTES: Final = frozenset({"unsigned char", "uint8_t"})
"""Arrays of these in a struct are bytes in Python."""
BYTE_POINTERS: Final = BYTES | {"signed char", "int8_t"}
"""Arrays of these behind a pointer are bytes in Python."""


class Enumeration(Kind):
    """An enum of the library."""

    def __init__(self, name: str, members: dict[str, int]) -> None:
        self.name = name
        self.members = members
        self.spelling = f"enum {name}"

    def define(self) -> str:
        """Its definition."""
        return f"enum {self.name} {{ {', '.join(f'{name} = {value}' for name, value in self.members.items())} }};"

    def draw(self, random: Random) -> int:
        """See `Kind`."""
        return random.choice(list(self.members.values()))

    def constant(self, value: int) -> str:
        """See `Kind`."""
        return f"({self.spelling}){value}"

    def checks(self, place: str, value: int, path: str) -> Iterator[Check]:
        """See `Kind`."""
        yield Check(path, f"(int){place} == {value}")

    def differences(self, expected: int, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        names = {name for name, value in self.members.items() if value == expected}
        if got != expected or getattr(got, "name", "") not in names:
            yield _differs(path, f"{expected} of {self.spelling}", got)


def _quoted(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def _draw_text(random: Random, most: int) -> str:
    """Text of at most so many bytes of UTF-8, without NUL."""
    text = "".join(random.choice('ab zß漢😀\n"\\%') for _ in range(random.randint(0, most)))
    return text.encode()[:most].decode(errors="ignore")


class Text(Kind):
    """`const char *`: text or NULL."""

    spelling = "const char *"

    def declare(self, name: str) -> str:
        """See `Kind`."""
        return f"const char *{name}"

    def draw(self, random: Random) -> str | None:
        """See `Kind`."""
        return None if random.random() < 0.15 else _draw_text(random, random.choice((3, 20, 300)))

    def constant(self, value: str | None) -> str:
        """See `Kind`."""
        return "0" if value is None else _quoted(value.encode())

    def checks(self, place: str, value: str | None, path: str) -> Iterator[Check]:
        """See `Kind`."""
        if value is None:
            yield Check(path, f"{place} == 0")
        else:
            yield Check(path, f"({place} != 0 && strcmp({place}, {self.constant(value)}) == 0)")

    def differences(self, expected: str | None, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if got != expected:
            yield _differs(path, expected, got)


class FixedText(Kind):
    """`char name[length]` in a struct."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.spelling = "char"

    def declare(self, name: str) -> str:
        """See `Kind`."""
        return f"char {name}[{self.length}]"

    def draw(self, random: Random) -> str:
        """See `Kind`."""
        return _draw_text(random, self.length - 1)

    def constant(self, value: str) -> str:
        """See `Kind`."""
        return _quoted(value.encode())

    def checks(self, place: str, value: str, path: str) -> Iterator[Check]:
        """See `Kind`: the rest of the array is zero."""
        padded = value.encode().ljust(self.length, b"\0")
        yield Check(path, f"memcmp({place}, {_quoted(padded)}, {self.length}) == 0")

    def differences(self, expected: str, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        if got != expected:
            yield _differs(path, expected, got)


class Series(Kind):
    """An array of a fixed length in a struct."""

    def __init__(self, element: Kind, length: int) -> None:
        self.element = element
        self.length = length
        self.spelling = element.spelling

    def declare(self, name: str) -> str:
        """See `Kind`."""
        return self.element.declare(f"{name}[{self.length}]")

    def draw(self, random: Random) -> Any:
        """See `Kind`."""
        values = [self.element.draw(random) for _ in range(self.length)]
        return bytes(values) if self.spelling in BYTES else values

    def elements(self, value: Any) -> list[Any]:
        """The elements as C has them."""
        return list(value)

    def constant(self, value: Any) -> str:
        """See `Kind`."""
        return f"{{{', '.join(self.element.constant(each) for each in self.elements(value))}}}"

    def checks(self, place: str, value: Any, path: str) -> Iterator[Check]:
        """See `Kind`."""
        for index, each in enumerate(self.elements(value)):
            yield from self.element.checks(f"{place}[{index}]", each, f"{path}[{index}]")

    def differences(self, expected: Any, got: Any, path: str) -> Iterator[str]:
        """See `Kind`."""
        wanted = bytes if isinstance(expected, bytes | bytearray) else list
        if not isinstance(got, wanted | bytearray) or len(got) != len(expected):
            yield _differs(path, expected, got)
            return
        for index, (one, other) in enumerate(zip(self.elements(expected), self.elements(got), strict=True)):
            yield from self.element.differences(one, other, f"{path}[{index}]")


class Octets(Series):
    """An array of bytes behind a pointer: bytes in Python, whether they have a sign in C or not."""

    def draw(self, random: Random) -> bytes:
        """See `Kind`."""
        return random.randbytes(self.length)

    def elements(self, value: bytes) -> list[int]:
        """See `Series`."""
        signed = isinstance(self.element, Integer) and self.element.signed
        return [each - 256 if signed and each > 127 else each for each in value]
