"""For finding pointers that outlive their call: memory of calls that are over reads 0xDD (R1.17).

Off, unless the environment of the program says `CALLGATE_POISON=1`. A library that keeps a pointer which it was given
for one call only then sees the same nonsense each time, instead of what happens to lie there.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from .backend import Backend

__all__ = ["POISONED", "spoil"]

POISONED: Final = os.environ.get("CALLGATE_POISON") == "1"
_REST: Final = 1000
_resting: deque[Any] = deque(maxlen=_REST)
"""Spoiled memory is not used again at once, so that the nonsense stays."""


def spoil(memories: Iterable[Any]) -> None:
    """Overwrite what was made for a call; everything else that a call held is left alone."""
    for memory in memories:
        if Backend.is_memory(memory):
            Backend.fill(memory, 0xDD)
            _resting.append(memory)
