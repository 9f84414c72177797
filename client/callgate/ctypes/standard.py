"""The standard library's own ctypes, under a name that cannot be taken for ours; untyped: its types are data."""

from __future__ import annotations

import ctypes
import ctypes.wintypes
from typing import Any

__all__ = ["std"]

std: Any = ctypes
