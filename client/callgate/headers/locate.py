"""Where headers lie: the one that was asked for, the system's, and a compiler's own (`stddef.h`)."""

from __future__ import annotations

import functools
import glob
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from typing import NamedTuple

from callgate.errors import DeclarationError

__all__ = ["Found", "builtin_directories", "find", "system_directories"]

_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")
"""Stand-ins for the headers that belong to a compiler, for machines without one."""


class Found(NamedTuple):
    """A header: its path, and the directory that had to be added so that its own includes are found."""

    path: str
    directory: str


@functools.cache
def system_directories() -> tuple[str, ...]:
    """The directories that every C compiler of this machine looks into."""
    multiarch = sysconfig.get_config_var("MULTIARCH")
    candidates = ["/usr/local/include", *([f"/usr/include/{multiarch}"] if multiarch else []), "/usr/include"]
    candidates += sorted(glob.glob("/usr/include/*-linux-gnu*"))
    return tuple(dict.fromkeys(path for path in candidates if os.path.isdir(path)))


@functools.cache
def builtin_directories() -> tuple[str, ...]:
    """The compiler's own headers: libclang comes without any, so gcc is asked for its; ours stand in behind them."""
    gcc = shutil.which("gcc") or shutil.which("cc")
    if gcc is None:
        return (_OWN,)
    asked = subprocess.run([gcc, "-print-file-name=include"], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return (path, _OWN) if os.path.isdir(path) else (_OWN,)


def find(header: str, include_dirs: Sequence[str]) -> Found:
    """The header of that name or path. Raises DeclarationError that lists where it was looked for."""
    if any(sign in header for sign in '"\n\0'):
        raise DeclarationError(f"{header!r} cannot be included: no file is called so in C")
    if os.path.isabs(header) or (os.path.sep in header and os.path.isfile(header)):
        if os.path.isfile(header):
            return Found(os.path.abspath(header), "")
        raise DeclarationError(f"there is no header {header}")
    looked = [*include_dirs, *system_directories()]
    for directory in looked:
        if os.path.isfile(os.path.join(directory, header)):
            return Found(os.path.abspath(os.path.join(directory, header)), "")
    # Some packages keep their headers one level down, where pkg-config would find them: /usr/include/libxml2.
    for directory in (*include_dirs, *system_directories()):
        for path in sorted(glob.glob(os.path.join(glob.escape(directory), "*", glob.escape(header)))):
            return Found(path, os.path.dirname(path[: -len(header)]))
    if os.path.isfile(header):
        return Found(os.path.abspath(header), "")
    raise DeclarationError(
        f"there is no header {header!r} in {', '.join(looked)}; install the library's development package, "
        "or say where it is: include_dirs=[…], or a path"
    )
