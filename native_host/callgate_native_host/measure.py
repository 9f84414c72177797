"""What this machine's C looks like, measured where it can be."""

from __future__ import annotations

import os
import sys
from typing import Final

from callgate_protocol.abi import SIGNED_CHAR_MACHINES, Abi
from callgate_protocol.model import COMPLEX, FLOATS, INTEGERS

from .backend import Backend

__all__ = ["measure_abi", "spelling"]

_TRUTHS: Final = {"bool": "uint8_t", "BOOL": "int32_t", "VARIANT_BOOL": "int16_t"}
"""Truth values as the integers that they are in memory (R3.1)."""
_CHARACTERS: Final = frozenset({"wchar", "char16", "char32"})

_COMPLEX: Final = {"cfloat": "_cffi_float_complex_t", "cdouble": "_cffi_double_complex_t"}


def _plain_char() -> str:
    return "int8_t" if os.uname().machine in SIGNED_CHAR_MACHINES else "uint8_t"


def spelling(backend: Backend, scalar: str) -> str:
    """The C type that carries a scalar of the model as a number.

    The backend gives characters to its character types; here they are integers of the same width and sign, because a
    character and its encoding are the client's business (R4). Booleans are bytes, because native code may store any
    bit pattern in them and only zero is false (R3).
    """
    if scalar in _TRUTHS:
        return _TRUTHS[scalar]
    if scalar == "char":
        return _plain_char()
    if scalar in _CHARACTERS:
        character = backend.primitive(INTEGERS[scalar])
        sign = "" if int(backend.cast(character, -1)) < 0 else "u"
        return f"{sign}int{8 * backend.sizeof(character)}_t"
    return INTEGERS.get(scalar) or FLOATS.get(scalar) or _COMPLEX[scalar]


def measure_abi(backend: Backend) -> Abi:
    """Sizes and signs of every scalar, as `welcome` tells them to the client (R2.13)."""
    types = {name: backend.primitive(spelling(backend, name)) for name in (*INTEGERS, *FLOATS, *COMPLEX, "bool")}
    sizes = {name: backend.sizeof(ctype) for name, ctype in types.items()}
    signed = frozenset(name for name in INTEGERS if int(backend.cast(types[name], -1)) < 0)
    name = f"{sys.platform}-{os.uname().machine}"
    return Abi(name, sys.byteorder, {**sizes, "pointer": backend.sizeof(backend.pointer)}, signed)
