"""A callable that notes what native code passed to it."""

from __future__ import annotations

from typing import Any

__all__ = ["Noting"]


class Noting:
    """Called back, it remembers the arguments and answers 0."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __call__(self, *values: Any) -> int:
        self.seen.append(values if len(values) > 1 else values[0])
        return 0
