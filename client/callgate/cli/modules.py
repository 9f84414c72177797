"""Python classes that are named on the command line."""

from __future__ import annotations

import os
import sys

__all__ = ["find_beside_user"]


def find_beside_user() -> None:
    """Have modules of the current directory found, as `python -m` does; a `callgate` on the PATH does not."""
    if "" not in sys.path:
        sys.path.insert(0, os.getcwd())
