"""What a client of another machine may load: names and patterns, decided without touching a file."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from .value import Value

__all__ = ["Rights"]


class Rights(Value):
    """The rights of one client (R18.6). Patterns know `*`, `?` and `[…]`, and none of them stands for a slash."""

    name: str
    """What the allow-list calls the client."""
    libraries: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def may_load(self, file: str) -> bool:
        """Whether a library may be loaded under this name. A path needs a pattern that is one."""
        return posixpath.normpath(file) == file and any(_fits(pattern, file) for pattern in self.libraries)

    def may_create(self, name: str) -> bool:
        """Whether objects of a class may be made."""
        return any(fnmatchcase(name, pattern) for pattern in self.classes)

    def refusal(self, what: str) -> str:
        """Why not, and what to do, for the client's people."""
        return (
            f"the client {self.name!r} may not load {what!r}: the allow-list of this broker does not name it "
            "(add it to the client's `libraries` there)"
        )

    def as_map(self) -> dict[str, Any]:
        """The form in which a broker tells a host."""
        return {"name": self.name, "libraries": list(self.libraries), "classes": list(self.classes)}

    @classmethod
    def from_map(cls, given: Mapping[str, Any]) -> Rights:
        """Read `as_map`'s form. Raises ValueError."""
        name, libraries, classes = given.get("name"), given.get("libraries", []), given.get("classes", [])
        if not isinstance(name, str) or not name:
            raise ValueError("a client needs a name")
        for words in (libraries, classes):
            if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
                raise ValueError(f"the libraries and classes of {name} are lists of names, not {words!r:.80}")
        return cls(name, tuple(libraries), tuple(classes))


def _fits(pattern: str, file: str) -> bool:
    """Part by part, so that `*` never reaches into another directory."""
    wanted, given = pattern.split("/"), file.split("/")
    return len(wanted) == len(given) and all(map(fnmatchcase, given, wanted))
