"""What a client makes of a broker's answers."""

from __future__ import annotations

from typing import Any

from callgate.brokers import whole_report


def test_report_in_pages() -> None:
    """A report that comes in several answers is one report, with every host once and in order."""
    pages: dict[int, dict[str, Any]] = {
        0: {"broker": {"pid": 1}, "hosts": [{"pid": 2}, {"pid": 3}], "next": 2},
        2: {"broker": {"pid": 1}, "hosts": [{"pid": 4}], "next": 3},
        3: {"broker": {"pid": 1}, "hosts": [], "next": None},
    }

    report = whole_report(pages.__getitem__)

    assert [host["pid"] for host in report["hosts"]] == [2, 3, 4]
    assert report["broker"] == {"pid": 1}
    assert report["next"] is None
