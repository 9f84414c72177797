"""What the tests of the rules share; the fixtures `load_both` and `load_host` stand in `tests/conftest.py`."""

from __future__ import annotations

from .refusals import untouched
from .ways import Loader, Way

__all__ = ["Loader", "Way", "untouched"]
