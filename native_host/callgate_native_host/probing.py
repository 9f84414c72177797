"""The file names to try for a library (R2.10), and trying them."""

from __future__ import annotations

from typing import Any, NamedTuple

from callgate_protocol.errors import Fault

from .backend import Backend

__all__ = ["Opened", "candidates", "open_library"]

_NOT_FOUND = "cannot open shared object file: No such file or directory"


class Opened(NamedTuple):
    """A library and the name that the loader found it by."""

    handle: Any
    file: str


def candidates(name: str) -> list[str]:
    """File names in the order in which they are tried (R2.10). An absolute path is used as it is."""
    if name.startswith("/"):
        return [name]
    prefixes = [""] if "/" in name else ["", "lib"]
    suffixes = ["", ".so"] if name.endswith(".so") or ".so." in name else [".so", ""]
    return [f"{prefix}{name}{suffix}" for suffix in suffixes for prefix in prefixes]


def open_library(backend: Backend, name: str) -> Opened:
    """Load a library.

    R19.32: the fault has the loader's words of the first attempt that means something: a file that exists and cannot be
    loaded says more than one that is not there.
    """
    if not name or "\0" in name:
        raise Fault("DllNotFoundError", f"{name!r} is not the name of a library")
    problems: list[str] = []
    for file in candidates(name):
        try:
            return Opened(backend.load_library(file), file)
        except OSError as error:
            problems.append(str(error).removeprefix(f"cannot load library '{file}': "))
    telling = next((problem for problem in problems if not problem.endswith(_NOT_FOUND)), problems[0])
    tried = ", ".join(candidates(name))
    raise Fault("DllNotFoundError", f"cannot load {name!r}: {telling} (tried {tried})", file=name)
