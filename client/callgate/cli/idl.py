"""`callgate inspect --idl`: declarations as IDL, whatever they were written in."""

from __future__ import annotations

import sys
from typing import Any

import callgate
from callgate.declare import PrototypeError
from callgate.headers import read_header
from callgate.headers.elf import read_exports
from callgate.servable import class_named
from callgate.sources import FromHeader

from .inspect import Inspection
from .modules import find_beside_user

__all__ = ["print_idl"]


def print_idl(asked: Inspection, *, plain: bool) -> int:
    """Print it; returns the exit status."""
    try:
        text = callgate.export_idl(_described(asked), plain=plain)
    except (callgate.Error, PrototypeError, ImportError, AttributeError, OSError, TypeError) as error:
        sys.stderr.write(f"callgate: {error}\n")
        return 1
    sys.stdout.write(text)
    return 0


def _described(asked: Inspection) -> Any:
    if asked.library.endswith(".idl"):
        return callgate.idl(file=asked.library)
    if asked.headers:
        exports = read_exports(asked.library).names
        return read_header(FromHeader(asked.headers, asked.include_dirs, asked.defines), exports).library
    if ":" in asked.library:
        find_beside_user()
        return class_named(asked.library)
    raise TypeError(f"{asked.library}: what describes it? Give --header, an .idl file, or module:Class (docs/idl.md)")
