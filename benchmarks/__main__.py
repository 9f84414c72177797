"""`python -m benchmarks`: measure, and print a table of figures, targets and verdicts."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys

import zmq

import callgate
from benchmarks.cases import open_cases
from benchmarks.moments import cold_start, crash_to_answer, pipelined
from benchmarks.rounds import measure
from benchmarks.table import Row, as_json, as_text, rows_of


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; figures are medians of them")
    parser.add_argument("--quick", action="store_true", help="few calls and runs: to see that it works")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="", file=sys.stderr, flush=True)


def _measure(rounds: int, quick: bool) -> list[Row]:
    with open_cases(quick) as cases:
        results = measure(cases, rounds, _progress)
    _progress("pipelined calls")
    rate = pipelined(500 if quick else 5000, rounds)
    _progress("crashes")
    crash = crash_to_answer(3 if quick else 20)
    _progress("cold starts")
    cold = cold_start(3 if quick else 15)
    _progress("")
    return rows_of(results, rate, cold, crash)


def _machine() -> dict[str, str | int | None]:
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "zmq": zmq.zmq_version(),
        "pyzmq": zmq.pyzmq_version(),
        "callgate": callgate.__version__,
    }


def main() -> int:
    """Measure and print; the exit status says only whether it ran, not whether targets were met."""
    options = _options()
    before = os.getloadavg()[0]
    rows = _measure(1 if options.quick else options.rounds, options.quick)
    if options.json:
        print(json.dumps({"machine": _machine(), "load_before": before, "rows": as_json(rows)}, indent=2))
        return 0
    print(", ".join(f"{name} {value}" for name, value in _machine().items()), f"(load before: {before:.1f})\n")
    print(as_text(rows))
    print("\nx: times as long as the same traffic over bare pyzmq. Lower is better; medians throughout.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
