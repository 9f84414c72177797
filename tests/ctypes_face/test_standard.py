"""The standard library's own ctypes tests, run through `callgate.ctypes`, against the table in `docs/ctypes.md`."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter

import pytest

from .standard import modules
from .table import OUTCOMES, listed, outcomes_of, rows

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("_ctypes_test") is None, reason="Python came without _ctypes_test"),
    pytest.mark.skipif(not modules(), reason="Python came without the tests of ctypes"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the table was made with the tests of Python 3.11"),
]


@pytest.mark.parametrize("module", modules())
def test_the_table_is_true(module: str) -> None:
    """What the page says has passed passes, and what fails is listed there by name."""
    outcomes = outcomes_of(module)

    failed = {f"{module}.{name}": reason for name, (outcome, reason) in outcomes.items() if outcome == "failed"}
    assert {name: reason for name, reason in failed.items() if name not in listed()} == {}
    counts = Counter(outcome for outcome, _ in outcomes.values())
    assert {each: counts[each] for each in OUTCOMES} == rows()[module]


def test_the_page_lists_no_more_than_the_table() -> None:
    """As many names as failures."""
    assert len(listed()) == sum(row["failed"] for row in rows().values())
    assert set(rows()) == set(modules())
