"""`callgate demo`: real libraries in other processes, a crash on purpose, a deadline, and life goes on.

Nothing is hard-coded: every line is a call that is made while you look, and is compared with what Python itself says.
"""

from __future__ import annotations

from rich.console import Console

from .compression import compression
from .database import database
from .mathematics import mathematics
from .stage import Stage
from .standard_library import standard_library
from .timings import timings
from .trouble import trouble

__all__ = ["perform"]

_ACTS = (mathematics, compression, standard_library, database, trouble, timings)


def perform() -> int:
    """Run all acts; returns 0 when everything was as expected, else 1."""
    stage = Stage(Console(highlight=False))
    stage.open()
    for act in _ACTS:
        stage.run(act)
    return stage.close()
