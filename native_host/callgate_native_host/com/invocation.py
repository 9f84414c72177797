"""GetIDsOfNames and Invoke as C has them, whichever side calls: their types and structs (R14.22, R14.23)."""

from __future__ import annotations

import struct
from typing import Any, Final

from callgate_native_host.backend import Backend

__all__ = ["DISPPARAMS", "EXCEPINFO", "FILL_OFFSET", "MOST", "ids_type", "invoke_type"]

MOST: Final = 4096
"""Names that are asked for at once, and arguments of one call."""
DISPPARAMS: Final = struct.Struct("=QQII")
"""Arguments, DISPIDs of the named ones, how many there are, how many of them are named."""
EXCEPINFO: Final = struct.Struct("=HH4xQQQI4xQQi4x")
"""Code, reserved, three BSTRs, help context, reserved, the function that fills it in, scode."""
FILL_OFFSET: Final = 48
"""Where the address of that function lies."""


def ids_type(backend: Backend) -> Any:
    """`HRESULT GetIDsOfNames(this, REFIID, names, count, lcid, ids)`."""
    pointer, number = backend.pointer, backend.primitive("uint32_t")
    parameters = (pointer, pointer, pointer, number, number, pointer)
    return backend.function_type(parameters, backend.primitive("int32_t"), variadic=False)


def invoke_type(backend: Backend) -> Any:
    """`HRESULT Invoke(this, id, REFIID, lcid, flags, arguments, result, exception, wrong argument)`."""
    pointer, result = backend.pointer, backend.primitive("int32_t")
    number, word = backend.primitive("uint32_t"), backend.primitive("uint16_t")
    parameters = (pointer, result, pointer, number, word, pointer, pointer, pointer, pointer)
    return backend.function_type(parameters, result, variadic=False)
