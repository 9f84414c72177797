"""Figures as rows: what was measured, the target, and whether it was met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.moments import ColdStart
from benchmarks.rounds import Result

__all__ = ["Row", "as_json", "as_text", "rows_of"]

_TARGET_RATIO = 1.5
_TARGET_COLD_SECONDS = 0.2
_RATIO_TARGETS = {"double cos(double)": _TARGET_RATIO, "the same beside 8 idle threads": _TARGET_RATIO}


class Row(NamedTuple):
    """One line. `value` is a ratio, seconds or calls per second, as `unit` says; `target` is a bound in that unit."""

    name: str
    value: float | None
    unit: str
    target: float | None = None
    seconds: float | None = None
    """What a ratio is in time."""
    rounds: str = ""
    """The lowest and highest ratio of a round."""

    @property
    def verdict(self) -> str:
        """Whether the target was met."""
        if self.target is None or self.value is None:
            return ""
        return "met" if self.value <= self.target else "missed"


def rows_of(
    results: Mapping[str, Result], rate: float | None, cold: ColdStart | None, crash: float | None
) -> list[Row]:
    """Everything that was measured."""
    rows = [
        Row(name, result.time, "s")
        if result.ratio is None
        else Row(name, result.ratio, "x", _RATIO_TARGETS.get(name), result.time, _spread(result.ratios))
        for name, result in results.items()
    ]
    rows.append(Row("pipelined calls (submit)", rate, "/s"))
    if cold is not None:
        rows.append(Row("cold start: import, load, first answer", cold.inside, "s", _TARGET_COLD_SECONDS))
        rows.append(Row("  with starting the interpreter", cold.outside, "s"))
    rows.append(Row("crash to next answer", crash, "s"))
    return rows


def _spread(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.2f} to {max(ratios):.2f}"


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as `json.dumps` takes them."""
    return [row._asdict() | {"verdict": row.verdict} for row in rows]


def as_text(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [("", "measured", "rounds", "time", "target", "")]
    for row in rows:
        seconds = row.value if row.unit == "s" else row.seconds
        shown = "" if row.unit == "s" else "n/a" if row.value is None else _figure(row.value, row.unit)
        target = "" if row.target is None else f"<= {_figure(row.target, row.unit)}"
        lines.append(
            (row.name, shown, row.rounds, "" if seconds is None else _figure(seconds, "s"), target, row.verdict)
        )
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in (1, 2, 3, 4)), line[5]]).rstrip()
        for line in lines
    )


def _figure(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f} x"
    if unit == "/s":
        return f"{value:,.0f} /s"
    if value < 0.001:
        return f"{value * 1e6:.0f} us"
    return f"{value * 1e3:.1f} ms"
