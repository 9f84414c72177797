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
from callgate.headers.stub import stub_of
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
    stub: bool = True


def bindgen(wish: Wish) -> int:
    """Write the module and its stub, or the stub of a module; returns the exit status."""
    if any(name.endswith(".py") for name in wish.source.headers):
        return _write_stub(wish)
    return _write_module(wish)


def _write_module(wish: Wish) -> int:
    library = wish.library or guess_library(wish.source.headers)
    if not library:
        return _refuse("which library is it for? Say it: --library lib….so.1", 2)
    stub = _stub_name(wish.output) if wish.stub else ""
    there = [file for file in (wish.output, stub) if file and os.path.exists(file)]
    if there and not wish.force:
        return _refuse_existing(there[0])
    try:
        declared = read_for(library, wish.source)
        source = tidied(
            generate(declared, Module(library, wish.source.headers, wish.class_name or class_name(library)))
        )
        if not wish.output:
            sys.stdout.write(source)
            return 0
        _write(wish.output, source)
        if stub:
            _write(stub, _stub_text(source, wish.output))
    except (callgate.Error, PrototypeError, ImportError, OSError) as error:
        return _refuse(str(error), 1)
    functions, refused = len(declared.library.functions), len(declared.refused)
    left = f"; {refused} names could not be declared, the reasons stand at its end" if refused else ""
    beside = f" Its types for checkers and editors: {stub}" if stub else ""
    sys.stderr.write(f"{wish.output}: {functions} functions of {library}{left}.{beside}\n")
    return 0


def _write_stub(wish: Wish) -> int:
    """The stub of a module that is there already, and has perhaps been edited."""
    module, *others = wish.source.headers
    stub = _stub_name(module)
    if others or wish.output:
        return _refuse("the stub of a module is made alone and beside it: callgate bindgen zlib.py --force", 2)
    if os.path.exists(stub) and not wish.force:
        return _refuse_existing(stub)
    try:
        with open(module, encoding="utf-8") as file:
            source = file.read()
        _write(stub, _stub_text(source, module))
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        return _refuse(f"{module}: {error}", 1)
    sys.stderr.write(f"{stub}: the types of {module}\n")
    return 0


def _stub_name(output: str) -> str:
    """The file beside a module; "" for what is no module's file."""
    return f"{output}i" if output.endswith(".py") else ""


def _stub_text(source: str, module: str) -> str:
    return tidied(stub_of(source, os.path.basename(module)), "module.pyi")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _refuse_existing(path: str) -> int:
    return _refuse(f"{path} is there already, and may have been edited; --force writes over it", 1)


def _refuse(text: str, status: int) -> int:
    sys.stderr.write(f"callgate: {text}\n")
    return status
