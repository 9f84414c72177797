"""Libraries of random functions: drawn from a seed, compiled, called in both ways, and made small when they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, TypeVar

import callgate
from tests.rules.ways import WAYS, Way

from .callbacks import CallbackSlot
from .cases import Case, Types, draw_case, draw_types
from .kinds import Enumeration
from .records import Record, Union
from .run import differences_of
from .source import compile_source, write

__all__ = ["Difference", "Library", "draw_library", "minimal"]

T = TypeVar("T", Enumeration, Union, Record)


class Library(NamedTuple):
    """Functions that are compiled together."""

    types: Types
    cases: tuple[Case, ...]

    def needed(self) -> Library:
        """The same functions with no other types than theirs."""
        text = write(Types((), (), ()), self.cases).c
        for each in reversed([each for group in self.types for each in group]):
            if _mentions(text, each.name):
                text += each.define()
        enums, unions, records = self.types
        types = Types(_mentioned(enums, text), _mentioned(unions, text), _mentioned(records, text))
        return Library(types, self.cases)


def _mentioned(types: tuple[T, ...], text: str) -> tuple[T, ...]:
    return tuple(each for each in types if _mentions(text, each.name))


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b(struct|union|enum) {name}\b", text) is not None


class Difference(NamedTuple):
    """One function that did not come through in one way."""

    case: Case
    way: Way
    found: list[str]


def draw_library(seed: int, count: int) -> Library:
    """So many functions; the same ones for the same seed."""
    random = Random(seed)
    types = draw_types(random)
    return Library(types, tuple(draw_case(random, types, f"f{index}") for index in range(count)))


def differences(library: Library, folder: Path, ways: Sequence[Way] = tuple(WAYS)) -> Iterator[Difference]:
    """Compile and call every function in every way. What ended its host process is not called in this one."""
    source = write(*library)
    file = str(folder / f"random{len(list(folder.iterdir()))}.so")
    compile_source(source, file)
    fatal: set[str] = set()
    for way in ways:
        with callgate.load(file, source.prototypes, **WAYS[way]) as lib:
            for case in library.cases:
                if case.name in fatal:
                    continue
                found = differences_of(lib, case, source)
                if found:
                    yield Difference(case, way, found)
                if any("Host" in each for each in found):
                    fatal.add(case.name)


_MOST_STEPS: Final = 200


def minimal(library: Library, difference: Difference, folder: Path) -> tuple[Library, Difference]:
    """The same difference with as little around it as can be."""
    best, told = Library(library.types, (difference.case,)).needed(), difference
    for _ in range(_MOST_STEPS):
        for case in _simpler(best.cases[0]):
            smaller = Library(best.types, (case,)).needed()
            ways: list[Way] = ["host", "here"] if difference.way == "here" else ["host"]
            again = next((each for each in differences(smaller, folder, ways) if each.way == difference.way), None)
            if again is not None:
                best, told = smaller, again
                break
        else:
            return best, told
    return best, told


def _simpler(case: Case) -> Iterator[Case]:
    for index in range(len(case.slots)):
        yield case._replace(slots=(*case.slots[:index], *case.slots[index + 1 :]))
    if case.result is not None:
        yield case._replace(result=None, answer=None)
    for index, slot in enumerate(case.slots):
        if isinstance(slot, CallbackSlot):
            for callback in slot.simpler():
                yield case._replace(slots=(*case.slots[:index], callback, *case.slots[index + 1 :]))
