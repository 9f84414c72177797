"""Measuring in interleaved rounds (A B C … C B A), so that what the machine does meanwhile hits everything alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Case", "Result", "measure"]


_SWEEPS = 5
"""How often a round goes forwards and backwards: short turns, so that a disturbance hits more than one case."""


@dataclass(frozen=True)
class Case:
    """Something to be called over and over, `calls` times in a round. `against` names what it is compared with."""

    name: str
    call: Callable[[], object]
    calls: int
    against: str = ""


@dataclass
class Result:
    """Seconds per call and ratios, one of each per round."""

    case: Case
    seconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    @property
    def time(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios."""
        return statistics.median(self.ratios) if self.ratios else None


def measure(cases: Sequence[Case], rounds: int, progress: Callable[[str], None]) -> dict[str, Result]:
    """Results by name. Each round goes through the cases forwards and backwards, several times, a few calls each."""
    for case in cases:
        _times(case, max(10, case.calls // 5))
    results = {case.name: Result(case) for case in cases}
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        _add_round(results, [*cases, *reversed(cases)] * _SWEEPS)
    return results


def _add_round(results: Mapping[str, Result], order: Sequence[Case]) -> None:
    found: dict[str, list[float]] = {}
    for case in order:
        found.setdefault(case.name, []).extend(_times(case, max(1, case.calls // (2 * _SWEEPS))))
    medians = {name: statistics.median(times) for name, times in found.items()}
    for name, median in medians.items():
        results[name].seconds.append(median)
        if against := results[name].case.against:
            results[name].ratios.append(median / medians[against])


def _times(case: Case, calls: int) -> list[float]:
    clock, call = time.perf_counter, case.call
    times = []
    for _ in range(calls):
        started = clock()
        call()
        times.append(clock() - started)
    return times
