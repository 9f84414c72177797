"""Counts of what lives in this host: for `ps`, and for tests that prove that nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

__all__ = ["Census", "Gauge"]

Gauge: TypeAlias = Callable[[], int]


class Census:
    """Names of counts, and how to take each."""

    def __init__(self) -> None:
        self._gauges: dict[str, Gauge] = {}

    def watch(self, gauges: Mapping[str, Gauge]) -> None:
        """Take these counts as well."""
        self._gauges.update(gauges)

    def take(self) -> dict[str, int]:
        """All counts now."""
        return {name: gauge() for name, gauge in self._gauges.items()}
