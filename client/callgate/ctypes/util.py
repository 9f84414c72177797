"""`ctypes.util`: the standard library's own. Hosts run on this machine, so what it finds is what they load."""

from __future__ import annotations

import ctypes.util
import sys
from ctypes.util import find_library

__all__ = ["find_library"]

sys.modules[__name__] = ctypes.util
