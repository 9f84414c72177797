"""What a shared library exports: read from its file, without loading it."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from callgate.errors import DllNotFoundError
from callgate.headers.extra import bring

__all__ = ["Export", "Exports", "guess_library", "read_exports", "where_is"]

_KINDS: Final = {
    "STT_FUNC": "function",
    "STT_LOOS": "function",  # GNU's indirect functions: which one it is, is decided when the library is loaded
    "STT_GNU_IFUNC": "function",
    "STT_OBJECT": "object",
    "STT_TLS": "thread-local",
}
_NOWHERE: Final = frozenset({"SHN_UNDEF", "SHN_ABS"})
"""Sections of what is needed from elsewhere, and of the names of versions."""
_HIDDEN: Final = 0x8000
_DIRECTORIES: Final = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib")


class Export(NamedTuple):
    """A name that a library offers."""

    name: str
    kind: str
    """`function`, `object` or `thread-local`."""
    size: int
    """Bytes, 0 when the library does not say."""
    version: str


class Exports(NamedTuple):
    """What is in a library's dynamic section."""

    path: str
    soname: str
    needed: tuple[str, ...]
    symbols: tuple[Export, ...]

    @property
    def names(self) -> frozenset[str]:
        """The exported names."""
        return frozenset(symbol.name for symbol in self.symbols)


def where_is(library: str) -> str:
    """The file that the loader would take; "" when there is none on this machine."""
    if os.path.sep in library:
        return library if os.path.isfile(library) else ""
    for name in (library, f"lib{library}.so"):
        path = _cached(name) or next((path for each in _searched() if os.path.isfile(path := f"{each}/{name}")), "")
        if path:
            return path
    soname = ctypes.util.find_library(library) or ""
    return _cached(soname) if soname else ""


def _searched() -> list[str]:
    own = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    return [*own, *_DIRECTORIES]


def _cached(name: str) -> str:
    """The loader's cache, which knows the directories of this machine."""
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return ""
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        words = line.split()
        if words and words[0] == name and "=>" in words:
            return words[-1]
    return ""


def guess_library(headers: Sequence[str]) -> str:
    """The library of this machine that is called as one of the headers: `sqlite3.h` is that of `libsqlite3.so.0`."""
    for header in headers:
        stem = os.path.basename(header).partition(".")[0]
        for name in dict.fromkeys((stem, stem.removeprefix("lib"), stem.removesuffix("lib"))):
            found = ctypes.util.find_library(name) if name else None
            if found:
                return found
    return ""


def read_exports(library: str) -> Exports:
    """The exports of a library. Raises DllNotFoundError, ImportError without pyelftools."""
    path = where_is(library)
    if not path:
        raise DllNotFoundError(f"there is no library {library!r} where the loader looks; give its path")
    elffile = bring("elftools.elf.elffile", "reading what a library exports")
    exceptions = bring("elftools.common.exceptions", "reading what a library exports")
    try:
        with open(path, "rb") as stream:
            return _read(elffile.ELFFile(stream), path)
    except (exceptions.ELFError, OSError) as error:
        raise DllNotFoundError(f"{path} is no shared library: {error}") from None


def _read(elf: Any, path: str) -> Exports:
    dynamic, symbols = elf.get_section_by_name(".dynamic"), elf.get_section_by_name(".dynsym")
    if dynamic is None or symbols is None:
        raise DllNotFoundError(f"{path} is no shared library: it has no table of symbols for the loader")
    tags = list(dynamic.iter_tags())
    soname = next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), "")
    needed = tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED")
    versions = _versions(elf)
    found: dict[str, Export] = {}
    for index, symbol in enumerate(symbols.iter_symbols()):
        info = symbol["st_info"]
        kind = _KINDS.get(info["type"], "")
        if not kind or symbol["st_shndx"] in _NOWHERE or info["bind"] == "STB_LOCAL":
            continue
        version, hidden = versions(index)
        if symbol.name not in found or not hidden:  # of several versions, the default one is what dlsym finds
            found[symbol.name] = Export(symbol.name, kind, symbol["st_size"], version)
    return Exports(path, soname, needed, tuple(found[name] for name in sorted(found)))


def _versions(elf: Any) -> Any:
    """Index of a symbol → the name of its version, and whether it is not the default one."""
    table, definitions = elf.get_section_by_name(".gnu.version"), elf.get_section_by_name(".gnu.version_d")
    if table is None or definitions is None:
        return lambda _index: ("", False)
    names = {definition["vd_ndx"]: next(auxiliaries).name for definition, auxiliaries in definitions.iter_versions()}

    def version(index: int) -> tuple[str, bool]:
        number = table.get_symbol(index)["ndx"]
        if not isinstance(number, int):
            return "", False
        return names.get(number & ~_HIDDEN, ""), bool(number & _HIDDEN)

    return version
