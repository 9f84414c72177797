"""Which files of a translation unit are the header's own: the library's, not the system's."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from callgate.headers.locate import system_directories

__all__ = ["Family"]


class Family:
    """The headers asked for, and what belongs to them: files of the same directory, and those included with quotes.

    In a directory that all libraries share (`/usr/include`), only the latter.
    """

    def __init__(self, unit: Any, paths: Iterable[str]) -> None:
        self._files = {os.path.realpath(path) for path in paths}
        shared = {os.path.realpath(path) for path in system_directories()}
        self._directories = {os.path.dirname(path) for path in self._files} - shared
        for inclusion in sorted(unit.get_includes(), key=lambda each: int(each.depth)):
            source = inclusion.source.name
            if self.owns(source) and _is_quoted(source, inclusion.location.line):
                self._files.add(os.path.realpath(inclusion.include.name))
        self._known: dict[str, bool] = {}

    def has(self, cursor: Any) -> bool:
        """Whether a declaration stands in one of the files."""
        file = cursor.location.file
        return file is not None and self.owns(file.name)

    def owns(self, name: str) -> bool:
        """Whether a file belongs to the family."""
        path = _real(name)
        return path in self._files or any(path.startswith(directory + os.path.sep) for directory in self._directories)


@cache
def _real(name: str) -> str:
    return os.path.realpath(name)


def _is_quoted(source: str, line: int) -> bool:
    try:
        with open(source, encoding="utf-8", errors="replace") as text:
            for number, content in enumerate(text, 1):
                if number == line:
                    return '"' in content
    except OSError:
        pass
    return False
