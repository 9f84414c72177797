"""`docs/ctypes.md`: its programs run as they stand."""

from __future__ import annotations

from tests.test_readme import blocks, run

from .table import PAGE


def test_examples_run() -> None:
    """Each one after the other, with the results that stand behind them."""
    programs = blocks(PAGE, "python")
    done = run(programs)

    assert done.returncode == 0, done.stderr
    assert len(programs) == 2
