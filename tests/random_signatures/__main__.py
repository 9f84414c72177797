"""`python -m tests.random_signatures --count 50000`: functions that nobody thought of, called in both ways.

Stops at the first differences and prints, for each, the smallest function that still shows it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from .library import Difference, Library, differences, draw_library, minimal
from .source import write

_SHOWN = 8000
"""Characters of C."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.random_signatures", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="functions to call")
    parser.add_argument("--seed", type=int, default=None, help="where to begin; drawn and printed when it is not given")
    parser.add_argument("--batch", type=int, default=50, help="functions per library")
    parser.add_argument("--most", type=int, default=3, help="stop after so many differences")
    options = parser.parse_args()
    if min(options.count, options.batch, options.most) < 1:
        parser.error("--count, --batch and --most must be at least 1")
    return options


def main() -> int:
    """Run until the count is reached or enough has been found; 1 when anything differed."""
    options = _options()
    seed = Random().randrange(1 << 32) if options.seed is None else options.seed
    begun, called, found = time.monotonic(), 0, 0
    while called < options.count and found < options.most:
        library = draw_library(seed, min(options.batch, options.count - called))
        print(f"\rseed {seed}: {called} functions, {found} differences", end="", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for difference in differences(library, Path(folder)):
                found += 1
                print(f"\n{_told(library, difference, seed, Path(folder))}", flush=True)
                if found >= options.most:
                    break
        called += len(library.cases)
        seed += 1
    print(f"\r{called} functions in {time.monotonic() - begun:.0f} s, {found} differences{' ' * 20}", flush=True)
    return 1 if found else 0


def _told(library: Library, difference: Difference, seed: int, folder: Path) -> str:
    smallest, again = minimal(library, difference, folder)
    source = write(*smallest)
    body = source.c.partition("int times_called(void) { return entered; }\n")[2]
    given = [argument for slot in again.case.slots for argument in slot.arguments()]
    return "\n".join(
        [
            f"--- {difference.case.name} of seed {seed} ({difference.way}): {'; '.join(difference.found[:5])}",
            f"smallest: {'; '.join(again.found[:5])}",
            f"given: {repr(given)[:2000]}",
            source.prototypes,
            f"/* in C */\n{body[:_SHOWN]}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
