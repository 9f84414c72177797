"""Random functions, called in both ways and compared field by field, in C and in Python."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import callgate

from .cases import Case, Types, draw_case, draw_types
from .kinds import NUMBERS, Integer
from .library import Difference, Library, differences, draw_library, minimal
from .run import differences_of
from .slots import ByValue, PointerOut, Valued
from .source import compile_source, write

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler (gcc) on this machine")

BATCHES = 4
IN_A_BATCH = 50


@pytest.mark.rule("R1.13", "R7.9", "R9.8")
@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_signatures_come_through_in_both_ways(seed: int, tmp_path: Path) -> None:
    """What C saw, wrote and returned is what was sent, meant and received, in a host process and in this one."""
    library = draw_library(seed, IN_A_BATCH)
    first = next(differences(library, tmp_path), None)
    if first is None:
        return
    smallest, again = minimal(library, first, tmp_path)
    source = write(*smallest)
    pytest.fail(f"{first.case.name} of seed {seed} ({first.way}): {again.found}\n{source.prototypes}\n{source.c}")


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(random=st.randoms(use_true_random=False))
def test_hypothesis_draws_and_shrinks_one_function(tmp_path_factory: pytest.TempPathFactory, random: Random) -> None:
    """Drawn by hypothesis, which makes a function that differs as small as it can."""
    types = draw_types(random, 3)
    library = Library(types, (draw_case(random, types, "f"),))

    assert list(differences(library, tmp_path_factory.mktemp("one"), ["here"])) == []


def test_a_difference_is_found(tmp_path: Path) -> None:
    """The comparison can fail, in C and in Python: other values than those that were compiled in are found out."""
    random = Random(7)
    types = draw_types(random)
    number = next(kind for kind in NUMBERS if kind.spelling == "long")
    case = Case("f", (ByValue("p0", number, random), PointerOut("p1", number, random)), number, 5)
    source = write(types, (case,))
    compile_source(source, str(tmp_path / "f.so"))
    others = tuple(type(slot)(slot.name, slot.kind, random) for slot in case.slots if isinstance(slot, Valued))

    with callgate.load(str(tmp_path / "f.so"), source.prototypes, isolation="none") as lib:
        assert differences_of(lib, case, source) == []
        found = differences_of(lib, case._replace(slots=others, answer=6), source)

    assert [each.partition(":")[0] for each in found] == ["result", "*p1", "C saw another p0"]


def test_a_difference_is_made_small(tmp_path: Path) -> None:
    """What a difference does not need is taken away, one thing after the other."""
    random = Random(7)
    library = draw_library(7, 30)
    case = max(library.cases, key=lambda case: len(case.slots))
    refused = case._replace(slots=(*case.slots, ByValue("bad", Refused(), random)))
    difference = Difference(refused, "here", ["InvalidCastError"])

    smallest, again = minimal(Library(library.types, (refused,)), difference, tmp_path)

    assert [slot.name for slot in smallest.cases[0].slots] == ["bad"]
    assert smallest.cases[0].result is None
    assert smallest.types == Types((), (), ())
    assert "bad" in again.found[0]


class Refused(Integer):
    """An `int` for which Python gives text."""

    def __init__(self) -> None:
        super().__init__("int", 32, signed=True)

    def draw(self, random: Random) -> Any:
        return "no number"

    def constant(self, value: Any) -> str:
        return "0"
