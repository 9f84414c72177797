"""`callgate bindgen`: a header becomes a typed Python module, which is then a person's to edit."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

import callgate
from callgate.declare import PrototypeError
from callgate.headers import read_for
from callgate.headers.bindgen import Module, generate, tidied
from callgate.headers.elf import guess_library
from callgate.headers.naming import class_name
from callgate.sources import FromHeader

__all__ = ["Wish", "bindgen"]


class Wish(NamedTuple):
    """What was asked on the command line."""

    source: FromHeader
    output: str
    """A file, or "" for standard output."""
    library: str
    class_name: str
    force: bool


def bindgen(wish: Wish) -> int:
    """Write the module; returns the exit status."""
    library = wish.library or guess_library(wish.source.headers)
    if not library:
        return _refuse("which library is it for? Say it: --library lib….so.1", 2)
    if wish.output and os.path.exists(wish.output) and not wish.force:
        return _refuse(f"{wish.output} is there already, and may have been edited; --force writes over it", 1)
    try:
        declared = read_for(library, wish.source)
        source = tidied(
            generate(declared, Module(library, wish.source.headers, wish.class_name or class_name(library)))
        )
        if not wish.output:
            sys.stdout.write(source)
            return 0
        with open(wish.output, "w", encoding="utf-8") as file:
            file.write(source)
    except (callgate.Error, PrototypeError, ImportError, OSError) as error:
        return _refuse(str(error), 1)
    functions, refused = len(declared.library.functions), len(declared.refused)
    left = f"; {refused} names could not be declared, the reasons stand at its end" if refused else ""
    sys.stderr.write(f"{wish.output}: {functions} functions of {library}{left}\n")
    return 0


def _refuse(text: str, status: int) -> int:
    sys.stderr.write(f"callgate: {text}\n")
    return status
