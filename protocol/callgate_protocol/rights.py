"""What a client of another machine may have: names and patterns, decided without touching a file."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from .value import Value

__all__ = ["Rights"]

_LISTS: Final = ("libraries", "classes", "objects")


class Rights(Value):
    """The rights of one client (R18.6). Patterns know `*`, `?` and `[…]`, and none of them stands for a slash."""

    name: str
    """What the allow-list calls the client."""
    libraries: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    """Running objects, by the names that programs gave them."""

    def may_load(self, file: str) -> bool:
        """Whether a library may be loaded under this name. A path needs a pattern that is one."""
        return posixpath.normpath(file) == file and any(_fits(pattern, file) for pattern in self.libraries)

    def may_create(self, name: str) -> bool:
        """Whether objects of a class may be made."""
        return any(fnmatchcase(name, pattern) for pattern in self.classes)

    def may_find(self, name: str) -> bool:
        """Whether a running object may be had."""
        return any(fnmatchcase(name, pattern) for pattern in self.objects)

    @property
    def needs_python(self) -> bool:
        """Whether there may be anything for which the client needs a host of Python classes."""
        return bool(self.classes or self.objects)

    def denied(self, verb: str, what: str, right: str) -> str:
        """Why not, and what to do, for the client's people; `right` is the list that would have to name it."""
        return (
            f"the client {self.name!r} may not {verb} {what!r:.200}: the allow-list of this broker does not name it "
            f"(add it to the client's `{right}` there)"
        )

    def refusal(self, what: str) -> str:
        """Why not, and what to do, for the client's people."""
        return self.denied("load", what, "libraries")

    def as_map(self) -> dict[str, Any]:
        """The form in which a broker tells a host."""
        lists = {right: list(getattr(self, right)) for right in _LISTS}
        return {"name": self.name, **lists}

    @classmethod
    def from_map(cls, given: Mapping[str, Any]) -> Rights:
        """Read `as_map`'s form. Raises ValueError."""
        name = given.get("name")
        if not isinstance(name, str) or not name:
            raise ValueError("a client needs a name")
        lists = {right: given.get(right, []) for right in _LISTS}
        for words in lists.values():
            if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
                raise ValueError(f"the {', '.join(_LISTS)} of {name} are lists of names, not {words!r:.80}")
        return cls(name, **{right: tuple(words) for right, words in lists.items()})


def _fits(pattern: str, file: str) -> bool:
    """Part by part, so that `*` never reaches into another directory."""
    wanted, given = pattern.split("/"), file.split("/")
    return len(wanted) == len(given) and all(map(fnmatchcase, given, wanted))
