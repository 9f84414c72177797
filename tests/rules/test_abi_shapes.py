"""The shapes on which calling conventions differ, as a list: sizes, mixes, what no register holds, where they stand.

Each shape is passed and returned, alone and between other arguments, to C and by C; C compares every member with
constants. The list follows the cases by which libffi tests itself; the sources are our own (`tests.random_signatures`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import pytest

import callgate
from callgate import Lib
from tests.random_signatures.callbacks import CallbackSlot
from tests.random_signatures.cases import Case, Types
from tests.random_signatures.kinds import INT, NUMBERS, Kind, Series
from tests.random_signatures.records import Bits, Member, Record, Union
from tests.random_signatures.run import differences_of
from tests.random_signatures.slots import ArrayInOut, ByValue, PointerInOut, Slot
from tests.random_signatures.source import Source, compile_source, write

from .ways import WAYS, Way

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler (gcc) on this machine")

C: Final[Mapping[str, Kind]] = {kind.spelling: kind for kind in NUMBERS}
LONG, DOUBLE, FLOAT = C["long"], C["double"], C["float"]
SHORT_NAMES: Final = {
    "c": "signed char",
    "u": "unsigned char",
    "h": "short",
    "i": "int",
    "l": "long",
    "f": "float",
    "d": "double",
    "g": "long double",
    "b": "bool",
}

SHAPES: Final[dict[str, tuple[str, ...]]] = {
    **{f"bytes_{size}": (f"u{size}",) for size in range(1, 18)},
    **{f"members_{size}": ("c",) * size for size in range(1, 10)},
    "three_bytes": ("h", "c"),
    "three_bytes_turned": ("c", "c", "c"),
    "five_bytes": ("c4", "c"),
    "six_bytes": ("h3",),
    "seven_bytes": ("c4", "c3"),
    "char_short": ("c", "h"),
    "char_int": ("c", "i"),
    "int_char": ("i", "c"),
    "short_int_char": ("h", "i", "c"),
    "bool_long": ("b", "l"),
    "float": ("f",),
    "floats_2": ("f", "f"),
    "floats_3": ("f", "f", "f"),
    "floats_4": ("f", "f", "f", "f"),
    "floats_5": ("f", "f", "f", "f", "f"),
    "array_of_floats_2": ("f2",),
    "array_of_floats_3": ("f3",),
    "array_of_floats_4": ("f4",),
    "double": ("d",),
    "doubles_2": ("d", "d"),
    "doubles_3": ("d", "d", "d"),
    "doubles_4": ("d", "d", "d", "d"),
    "array_of_doubles_2": ("d2",),
    "double_float": ("d", "f"),
    "float_double": ("f", "d"),
    "float_float_double": ("f", "f", "d"),
    "double_float_float": ("d", "f", "f"),
    "float_int": ("f", "i"),
    "int_float": ("i", "f"),
    "float_float_int": ("f", "f", "i"),
    "float_int_float_int": ("f", "i", "f", "i"),
    "int_float_float": ("i", "f", "f"),
    "float_char": ("f", "c"),
    "char_float": ("c", "f"),
    "int_double": ("i", "d"),
    "double_int": ("d", "i"),
    "double_char": ("d", "c"),
    "char_double": ("c", "d"),
    "long_double_long": ("l", "d"),
    "double_long": ("d", "l"),
    "longs_2": ("l", "l"),
    "longs_3": ("l", "l", "l"),
    "ints_3": ("i", "i", "i"),
    "ints_4": ("i4",),
    "shorts_8": ("h8",),
    "x87": ("g",),
    "x87_char": ("g", "c"),
    "char_x87": ("c", "g"),
    "x87_2": ("g", "g"),
    "large": ("d8", "l4", "c3"),
}
"""Name → members, each a letter and, for an array, its length."""

NESTED: Final[dict[str, tuple[str, ...]]] = {
    "one_in_one": ("float",),
    "floats_and_double": ("floats_2", "double"),
    "char_floats": ("bytes_1", "floats_2"),
    "three_and_five": ("three_bytes", "five_bytes"),
    "pair_of_ints": ("int_char", "char_int"),
    "double_in_one": ("double_float",),
    "memory_in_one": ("doubles_3",),
    "deep": ("floats_3", "float"),
}
"""Structs of structs of the list above."""

UNIONS: Final[dict[str, tuple[str, ...]]] = {
    "u_byte": ("unsigned char",),
    "u_int_long": ("int", "long"),
    "u_bytes": ("signed char", "unsigned short"),
}


PACKED: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "pack1_int": (1, ("c", "i", "h")),
    "pack2_double": (2, ("c", "d", "c")),
    "pack1_bits": (1, ("c", "i:20", "c")),
    "pack2_bits": (2, ("c", "i:20", "c")),
    "pack4_bits": (4, ("h", "i:18", "l")),
    "pack4_bits_behind": (4, ("l", "u", "l", "h", "i:20")),
    "pack2_bits_between": (2, ("c", "i:5", "h", "i:9", "c")),
    "pack4_bits_last": (4, ("c", "d", "u", "i:29", "c")),
    "bits": (0, ("i:3", "i:7", "i:30", "c", "i:5")),
    "bits_and_long": (0, ("i:31", "l", "i:2")),
}
"""Packing and members, `i:5` for a bit-field, where only pointers go."""


def _member(code: str) -> Kind:
    if ":" in code:
        return Bits(INT, int(code.partition(":")[2]))
    kind = C[SHORT_NAMES[code[0]]]
    return Series(kind, int(code[1:])) if code[1:] else kind


def _record(name: str, kinds: list[Kind], pack: int = 0) -> Record:
    return Record(name, tuple(Member(f"m{index}", kind) for index, kind in enumerate(kinds)), pack)


FLAT: Final = {name: _record(f"s_{name}", [_member(code) for code in codes]) for name, codes in SHAPES.items()}
DEEP: Final = {f"in_{name}": _record(f"s_in_{name}", [FLAT[each] for each in inner]) for name, inner in NESTED.items()}
OVER: Final = {
    name: Union(name, tuple(Member(f"u{index}", C[each]) for index, each in enumerate(members)))
    for name, members in UNIONS.items()
}
TIGHT: Final = {
    name: _record(f"s_{name}", [_member(code) for code in codes], pack) for name, (pack, codes) in PACKED.items()
}
KINDS: Final[dict[str, Kind]] = {**FLAT, **DEEP, **OVER}
TYPES: Final = Types((), tuple(OVER.values()), (*FLAT.values(), *DEEP.values(), *TIGHT.values()))


class Build:
    """Makes the cases: each value is drawn anew, always the same."""

    def __init__(self) -> None:
        self._random = Random(1)
        self.cases: dict[str, Case] = {}

    def add(self, name: str, passed: list[Kind], result: Kind | None = None) -> None:
        """A function of these types."""
        self.add_slots(name, self.values(passed), result)

    def add_slots(self, name: str, slots: list[Slot], result: Kind | None = None) -> None:
        """A function of these parameters."""
        self.cases[name] = Case(name, tuple(slots), result, None if result is None else result.draw(self._random))

    def values(self, kinds: list[Kind], prefix: str = "p") -> list[Slot]:
        """Parameters by value."""
        return [ByValue(f"{prefix}{index}", kind, self._random) for index, kind in enumerate(kinds)]

    def callback(self, name: str, passed: list[Kind], result: Kind | None) -> list[Slot]:
        """One parameter: a callback of these types."""
        return [CallbackSlot(f"{name}_f", tuple(self.values(passed, f"{name}_a")), result, self._random)]

    def pointer(self, kind: Kind) -> Slot:
        """An in-out pointer."""
        return PointerInOut("p", kind, self._random)

    def array(self, kind: Kind) -> Slot:
        """An in-out array and its count."""
        return ArrayInOut("v", kind, self._random)


BETWEEN: Final = [INT, DOUBLE, LONG, FLOAT]


def _build() -> dict[str, Case]:
    build = Build()
    for name, kind in KINDS.items():
        build.add(f"{name}__passed", [kind])
        build.add(f"{name}__returned", [], kind)
        build.add(f"{name}__between", [*BETWEEN, kind, *BETWEEN, kind], kind)
        build.add(f"{name}__after_5_integers", [*[LONG] * 5, kind, kind, INT])
        build.add(f"{name}__after_7_doubles", [*[DOUBLE] * 7, kind, kind, FLOAT], DOUBLE)
        build.add(f"{name}__when_registers_are_full", [*[INT] * 7, *[DOUBLE] * 9, kind, INT, DOUBLE], kind)
        build.add_slots(f"{name}__to_a_callback", build.callback(f"{name}__to_a_callback", [kind, INT, kind], INT))
        build.add_slots(f"{name}__from_a_callback", build.callback(f"{name}__from_a_callback", BETWEEN, kind))
        build.add_slots(
            f"{name}__through_a_full_callback",
            build.callback(f"{name}__through_a_full_callback", [*[INT] * 7, *[DOUBLE] * 9, kind, LONG], kind),
            kind,
        )
        build.add_slots(f"{name}__by_pointer", [build.pointer(kind)])
    for name, kind in TIGHT.items():
        build.add_slots(f"{name}__by_pointer", [build.pointer(kind)])
        build.add_slots(f"{name}__in_an_array", [build.array(kind)])
    for kind in NUMBERS:
        name = kind.spelling.replace(" ", "_")
        build.add(f"{name}_x20__passed", [kind] * 20, kind)
        build.add_slots(f"{name}_x20__to_a_callback", build.callback(f"{name}_x20__to_a_callback", [kind] * 20, kind))
    build.add("every_number__passed", list(NUMBERS), DOUBLE)
    build.add("memory_between_registers__passed", [INT, FLAT["large"], INT, FLAT["doubles_3"], DOUBLE, INT])
    build.add("six_structs_of_two_longs__passed", [FLAT["longs_2"]] * 6, FLAT["longs_2"])
    build.add("six_structs_of_two_doubles__passed", [FLAT["doubles_2"]] * 6, FLAT["doubles_2"])
    build.add("half_a_struct_left__passed", [*[LONG] * 5, FLAT["longs_2"], LONG, FLAT["double_long"]])
    build.add("x87_between__passed", [C["long double"], INT, FLAT["x87"], DOUBLE, C["long double"]], C["long double"])
    return build.cases


CASES: Final = _build()


class Shapes(NamedTuple):
    """The library of all cases, loaded."""

    lib: Lib
    source: Source


@pytest.fixture(scope="module")
def shapes_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Source]:
    """All cases in one library."""
    source = write(TYPES, list(CASES.values()))
    file = tmp_path_factory.mktemp("shapes") / "libshapes.so"
    compile_source(source, str(file))
    return file, source


@pytest.fixture(scope="module")
def shapes(way: Way, shapes_file: tuple[Path, Source]) -> Iterator[Shapes]:
    file, source = shapes_file
    with callgate.load(str(file), source.prototypes, **WAYS[way]) as lib:
        yield Shapes(lib, source)


@pytest.mark.rule("R1.7", "R1.13", "R2.12", "R9.8")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_r07_09_shape(shapes: Shapes, case: Case) -> None:
    """What C saw, wrote and returned is what was meant."""
    assert differences_of(shapes.lib, case, shapes.source) == []
