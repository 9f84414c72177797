"""Random functions: types of a library, and parameters made of them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from .callbacks import CallbackSlot
from .kinds import NUMBERS, Enumeration, FixedText, Integer, Kind, Series, Text
from .records import UNION_MEMBERS, Bits, Member, Record, Union, Unnamed
from .slots import ArrayIn, ArrayInOut, ArrayOut, ByValue, PointerIn, PointerInOut, PointerOut, Slot

__all__ = ["Case", "Types", "draw_case", "draw_types"]

MOST_PARAMETERS: Final = 12

T = TypeVar("T")


class Types(NamedTuple):
    """What the functions of one library are made of, in the order of definition."""

    enums: tuple[Enumeration, ...]
    unions: tuple[Union, ...]
    records: tuple[Record, ...]


class Case(NamedTuple):
    """One function."""

    name: str
    slots: tuple[Slot, ...]
    result: Kind | None
    answer: Any

    @property
    def callbacks(self) -> list[CallbackSlot]:
        """Its callbacks."""
        return [slot for slot in self.slots if isinstance(slot, CallbackSlot)]


def draw_types(random: Random, structs: int = 16) -> Types:
    """Three enums, four unions, and structs inside structs."""
    enums = tuple(_enum(random, f"E{index}") for index in range(3))
    unions = tuple(_union(random, f"U{index}") for index in range(4))
    records: list[Record] = []
    for index in range(structs):
        records.append(_record(random, f"S{index}", Types(enums, unions, tuple(records))))
    return Types(enums, unions, tuple(records))


def _enum(random: Random, name: str) -> Enumeration:
    low = random.choice((0, -1, -(1 << 31)))
    values = random.sample([low, 0, 1, 2, 5, 77, (1 << 31) - 1], 4)
    return Enumeration(name, {f"{name}_{index}": value for index, value in enumerate(dict.fromkeys(values))})


def _union(random: Random, name: str) -> Union:
    """Integers over each other; the longest is first or last."""
    kinds = random.sample(UNION_MEMBERS, random.randint(1, 4))
    return Union(name, tuple(Member(f"u{index}", kind) for index, kind in enumerate(kinds)))


def _record(random: Random, name: str, known: Types) -> Record:
    kinds = [_member(random, known) for _ in range(random.choice((1, 1, 2, 2, 3, 3, 4, 5, 8)))]
    pack = random.choice((1, 1, 2, 4)) if random.random() < 0.15 else 0
    if pack:  # two packed bit-fields may share a byte in a way that is refused
        kinds = [
            kind
            for at, kind in enumerate(kinds)
            if not (at and isinstance(kinds[at - 1], Bits) and isinstance(kind, Bits))
        ]
    members: list[Member | Unnamed] = [Member(f"m{at}", kind) for at, kind in enumerate(kinds)]
    if not pack and random.random() < 0.15:
        inner = [Member(f"n{at}", _member(random, known)) for at in range(random.randint(1, 3))]
        members.insert(random.randint(0, len(members)), Unnamed(tuple(inner)))
    return Record(name, tuple(members), pack)


def _member(random: Random, known: Types) -> Kind:
    kind: Kind = _weighted(random, _MEMBERS)(random, known)
    return kind


def _bits(random: Random, _known: Types) -> Kind:
    base = random.choice([kind for kind in NUMBERS if kind.spelling in {"int", "unsigned int"}])
    assert isinstance(base, Integer)
    return Bits(base, random.randint(2, 31))


def _nested(random: Random, known: Types) -> Kind:
    return random.choice([*known.records, *known.unions])


def _series(random: Random, known: Types) -> Kind:
    element = random.choice([*NUMBERS, *known.enums, *known.records[-3:], *known.unions[:1], Text()])
    length = random.randint(1, 4)
    return FixedText(length * 3) if element.spelling == "char" else Series(element, length)


_Maker = Callable[[Random, Types], Any]

_MEMBERS: Final[list[tuple[int, _Maker]]] = [
    (12, lambda random, _known: random.choice(NUMBERS)),
    (3, _nested),
    (3, _series),
    (1, lambda random, known: random.choice(known.enums)),
    (1, lambda _random, _known: Text()),
    (1, _bits),
]


def _weighted(random: Random, table: list[tuple[int, T]]) -> T:
    return random.choices([entry for _, entry in table], [weight for weight, _ in table])[0]


def _value(random: Random, known: Types) -> Kind:
    kind: Kind = _weighted(random, _VALUES)(random, known)
    return kind


_VALUES: Final[list[tuple[int, _Maker]]] = [
    (6, lambda random, _known: random.choice(NUMBERS)),
    (5, lambda random, known: random.choice(known.records)),
    (1, lambda random, known: random.choice(known.enums)),
    (1, lambda random, known: random.choice(known.unions)),
]


def _passed(random: Random, known: Types) -> Kind:
    """What is passed and returned by value."""
    kind = Text() if random.random() < 0.1 else _value(random, known)
    return kind if not isinstance(kind, Record) or kind.by_value else random.choice(NUMBERS)


def _element(random: Random, known: Types) -> Kind:
    """`char *` is text and no array of numbers."""
    kind = _value(random, known)
    return kind if kind.spelling != "char" else Text()


def _target(random: Random, known: Types) -> Kind:
    """What a pointer to one value points to: to `char`, it would be text."""
    kind = _value(random, known)
    return kind if kind.spelling != "char" else random.choice(known.records)


def _slot(random: Random, known: Types, name: str, table: list[tuple[int, Any]]) -> Slot:
    make, kind = _weighted(random, table)
    slot: Slot = make(name, kind(random, known), random)
    return slot


_SLOTS: Final[list[tuple[int, Any]]] = [
    (8, (ByValue, _passed)),
    (2, (PointerIn, _target)),
    (2, (PointerOut, _target)),
    (2, (PointerInOut, _target)),
    (2, (ArrayIn, _element)),
    (1, (ArrayInOut, _target)),
    (1, (ArrayOut, _target)),
]

_CALLBACK_SLOTS: Final[list[tuple[int, Any]]] = [
    (8, (ByValue, _passed)),
    (1, (PointerOut, _target)),
    (1, (PointerInOut, _target)),
    (1, (ArrayIn, _element)),
]


def _slots(
    random: Random, known: Types, prefix: str, table: list[tuple[int, Any]], most: int
) -> tuple[list[Slot], int]:
    """Parameters up to `most` in C, and how many are left."""
    slots: list[Slot] = []
    while most > 0:
        slot = _slot(random, known, f"{prefix}{len(slots)}", table)
        if slot.parameters <= most:
            slots.append(slot)
        most -= slot.parameters
    return slots, most


def _callback(random: Random, known: Types, name: str) -> CallbackSlot:
    slots, _ = _slots(random, known, f"{name}_", _CALLBACK_SLOTS, _length(random))
    result = _passed(random, known) if random.random() < 0.8 else None
    if isinstance(result, Text):  # native code would have to free it
        result = None
    return CallbackSlot(name, tuple(slots), result, random)


def _length(random: Random) -> int:
    return random.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 10, MOST_PARAMETERS))


def draw_case(random: Random, known: Types, name: str) -> Case:
    """One function of at most 12 parameters, one of which may be a callback."""
    slots, _ = _slots(random, known, "p", _SLOTS, _length(random))
    if random.random() < 0.35:
        callback = _callback(random, known, f"{name}_f")
        while slots and sum(slot.parameters for slot in slots) >= MOST_PARAMETERS:
            slots.pop()
        slots.insert(random.randint(0, len(slots)), callback)
    result = _passed(random, known) if random.random() < 0.8 else None
    return Case(name, tuple(slots), result, None if result is None else result.draw(random))
