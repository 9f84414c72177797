"""The C of this interpreter: arrays of numbers for Python objects here are packed by it (R2.13)."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any, Final

from callgate_protocol.abi import SIGNED_CHAR_MACHINES, Abi
from callgate_protocol.model import COMPLEX, FLOATS, INTEGERS

__all__ = ["own_abi"]

_OTHER_NAMES: Final = {
    "schar": "byte",
    "uchar": "ubyte",
    "llong": "longlong",
    "ullong": "ulonglong",
    "size": "size_t",
    "ssize": "ssize_t",
    "iptr": "ssize_t",
    "uptr": "size_t",
    "ptrdiff": "ssize_t",
    "wchar": "wchar",
    "char16": "uint16",
    "char32": "uint32",
    "ldouble": "longdouble",
}
"""Scalars whose ctypes name is not `c_` and their own."""


def _ctype(scalar: str) -> Any:
    if scalar[0] in "iu" and scalar[1:].isdigit():
        word = "int" if scalar[0] == "i" else "uint"
        return getattr(ctypes, f"c_{word}{8 * int(scalar[1:])}")
    return getattr(ctypes, f"c_{_OTHER_NAMES.get(scalar, scalar)}")


def _is_signed(scalar: str) -> bool:
    if scalar in ("char", "wchar"):
        return os.uname().machine in SIGNED_CHAR_MACHINES
    return bool(_ctype(scalar)(-1).value < 0)


def own_abi() -> Abi:
    """Sizes and signs of every scalar, as `welcome` tells them."""
    sizes = {scalar: ctypes.sizeof(_ctype(scalar)) for scalar in (*INTEGERS, *FLOATS, "bool")}
    sizes |= {"cfloat": 2 * sizes["float"], "cdouble": 2 * sizes["double"]}
    assert COMPLEX.keys() <= sizes.keys()
    sizes["pointer"] = ctypes.sizeof(ctypes.c_void_p)
    signed = frozenset(scalar for scalar in INTEGERS if _is_signed(scalar))
    return Abi(f"{sys.platform}-{os.uname().machine}", sys.byteorder, sizes, signed)
