"""Run every check that must pass before a change lands: `python check.py`, with `--fix` to format first."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import NamedTuple


class Check(NamedTuple):
    """One tool: what it is for, how it is called, and how it is called when it may change files."""

    purpose: str
    arguments: tuple[str, ...]
    fixing: tuple[str, ...] = ()


CHECKS = (
    Check("format", ("ruff", "format", "--check", "."), ("ruff", "format", ".")),
    Check("lint", ("ruff", "check", "."), ("ruff", "check", "--fix", ".")),
    Check("types", ("mypy",)),
    Check("tests", ("pytest", "-n", "auto")),
)


class Outcome(NamedTuple):
    """How a check ended."""

    check: Check
    passed: bool
    seconds: float


def run(check: Check, *, fix: bool) -> Outcome:
    """Run one tool with this interpreter's copy of it, its output going where ours goes."""
    arguments = check.fixing if fix and check.fixing else check.arguments
    print(f"+ {' '.join(arguments)}", flush=True)
    started = time.monotonic()
    finished = subprocess.run([sys.executable, "-m", *arguments], check=False)
    return Outcome(check, finished.returncode == 0, time.monotonic() - started)


def summary(outcomes: list[Outcome]) -> str:
    """One line per check."""
    lines = [
        f"  {'ok' if outcome.passed else 'FAILED':<6}  {outcome.check.purpose:<6}  {outcome.seconds:6.1f} s"
        for outcome in outcomes
    ]
    return "\n".join(["", "Summary", *lines])


def main() -> int:
    """Run all checks, also after one has failed: one round shows everything there is to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="format the code and apply the linter's safe fixes")
    parser.add_argument("--only", choices=[check.purpose for check in CHECKS], help="run one check instead of all")
    options = parser.parse_args()
    outcomes = [run(check, fix=options.fix) for check in CHECKS if options.only in (None, check.purpose)]
    print(summary(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
