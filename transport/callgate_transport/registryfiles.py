"""Where registry files are, and reading them (R16.4). Client and broker see the same ones.

Nearer wins: a project's `callgate.toml`, then the user's, then the system's. Standard library only, for the warden.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from callgate_protocol.registry import Registry, RegistryError
from callgate_protocol.registry_text import MOST_BYTES, parse_registry

from .keys import config_directory

__all__ = ["OVERRIDE", "PROJECT_FILE", "Hive", "drop_in_folder", "hives", "read_file", "read_registry"]

OVERRIDE: Final = "CALLGATE_REGISTRY"
"""Environment variable: files and folders with a colon between them, the nearest first, instead of all others."""
PROJECT_FILE: Final = "callgate.toml"
_SYSTEM: Final = "/etc/callgate"
_FILE, _DROP_INS = "registry.toml", "registry.d"


class Hive(NamedTuple):
    """One registry file that is there."""

    kind: str
    """`project`, `user`, `system`, or `given` by the environment variable."""
    path: str


def drop_in_folder(*, system: bool = False) -> str:
    """Where registrations are written, one file each: the first folder that is given, or the user's or system's."""
    given = os.environ.get(OVERRIDE)
    if given is not None:
        folder = next((path for path in given.split(os.pathsep) if path and not path.endswith(".toml")), "")
        if not folder:
            raise FileNotFoundError(f"{OVERRIDE}={given!r} names no folder in which a registration could be written")
        return os.path.abspath(folder)
    return os.path.join(_SYSTEM if system else config_directory(), _DROP_INS)


def hives(*, project: bool = True) -> list[Hive]:
    """The registry files that are there, the nearest first. A broker has no project."""
    return list(_hives(project=project))


def _hives(*, project: bool) -> Iterator[Hive]:
    given = os.environ.get(OVERRIDE)
    if given is not None:
        for path in filter(None, given.split(os.pathsep)):
            for each in [path] if path.endswith(".toml") else _toml_files(path):
                if os.path.exists(each):
                    yield Hive("given", os.path.abspath(each))
        return
    if project and (found := _project_file()):
        yield Hive("project", found)
    for kind, folder in (("user", config_directory()), ("system", _SYSTEM)):
        own = os.path.join(folder, _FILE)
        files = [own, *_toml_files(os.path.join(folder, _DROP_INS))]
        yield from (Hive(kind, path) for path in files if os.path.exists(path))


def _toml_files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [os.path.join(folder, name) for name in names if name.endswith(".toml")]


def _project_file() -> str:
    """`callgate.toml` of the working directory or of the nearest folder above it."""
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        return ""
    while True:
        path = os.path.join(folder, PROJECT_FILE)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above


def read_registry(*, project: bool = True) -> Registry:
    """All files as one. Raises RegistryError for one that cannot be understood or trusted, OSError."""
    return Registry.merge([read_file(hive.path) for hive in hives(project=project)])


def read_file(path: str) -> Registry:
    """The entries of one file. Raises RegistryError, OSError.

    A registry says which code runs, so it must not be anybody's to write: it belongs to this user or to root.
    """
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in (0, os.geteuid()) or found.st_mode & stat.S_IWOTH:
            who = "everybody may write to it" if found.st_mode & stat.S_IWOTH else f"it belongs to user {found.st_uid}"
            raise RegistryError(path, "", "", f"not trusted, because {who}; set {OVERRIDE} to do without it")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise RegistryError(path, "", "", f"longer than {MOST_BYTES} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise RegistryError(path, "", "", f"no UTF-8: {error}") from None
    return parse_registry(text, path)
