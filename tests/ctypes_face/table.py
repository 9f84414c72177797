"""The table in `docs/ctypes.md`: what became of the standard library's own tests, module by module.

`python -m tests.ctypes_face.table` runs them all and puts the table into the page.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TypeAlias

from .standard import modules

__all__ = ["OUTCOMES", "PAGE", "listed", "outcomes_of", "rows"]

Outcomes: TypeAlias = dict[str, tuple[str, str]]

PAGE = Path(__file__).parents[2] / "docs" / "ctypes.md"
OUTCOMES = ("passed", "refused", "skipped", "failed")
_HEAD = "| module | passed | refused | skipped | failed |"
_SECONDS = 100


def outcomes_of(module: str) -> Outcomes:
    """Test → (outcome, reason), from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ctypes_face.standard", module],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        cwd=Path(__file__).parents[2],
    )
    try:
        found = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise AssertionError(f"{module} ended without a result: {done.stderr[-2000:]}") from None
    return {name: (outcome, reason) for name, (outcome, reason) in found.items()}


def rows() -> dict[str, dict[str, int]]:
    """The counts on the page."""
    lines = PAGE.read_text(encoding="utf-8").split(_HEAD, 1)[1].splitlines()[2:]
    found = {}
    for line in lines:
        if not line.startswith("| `"):
            break
        name, *counts = [cell.strip() for cell in line.strip("|").split("|")]
        found[name.strip("`")] = dict(zip(OUTCOMES, map(int, counts), strict=True))
    return found


def listed() -> set[str]:
    """The tests that the page says fail, as `module.Class.test`."""
    return set(re.findall(r"^\| `(test_\w+\.\w+\.\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def _table(results: dict[str, Outcomes]) -> str:
    lines = [_HEAD, "|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for module, outcomes in results.items():
        counts = Counter(outcome for outcome, _ in outcomes.values())
        total += counts
        lines.append(f"| `{module}` | " + " | ".join(str(counts[each]) for each in OUTCOMES) + " |")
    lines.append("| **all** | " + " | ".join(f"**{total[each]}**" for each in OUTCOMES) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run all, and rewrite the table."""
    results = {module: outcomes_of(module) for module in modules()}
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(_HEAD, 1)
    behind = rest.split("| **all** |", 1)[1].split("\n", 1)[1] if "| **all** |" in rest else rest.split("\n", 1)[1]
    PAGE.write_text(before + _table(results) + "\n" + behind, encoding="utf-8")
    for module, outcomes in results.items():
        for name, (outcome, reason) in outcomes.items():
            if outcome in ("refused", "failed"):
                sys.stdout.write(f"{outcome} {module}.{name}: {reason}\n")


if __name__ == "__main__":
    main()
