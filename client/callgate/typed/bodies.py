"""The body of an interface's class, in the order in which it was written: every definition is a slot (R14.1, R14.4)."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

from callgate.errors import DeclarationError, MarshalDirectiveError
from callgate_protocol.value import Value

from .callables import c_spelling
from .scope import annotations_of

__all__ = ["Body", "Entry", "Words", "entries_of", "mark", "words_of"]

_MARK: Final = "__callgate_method__"


class Body(dict[str, Any]):
    """The namespace of a class that remembers every assignment: of two definitions of one name, both are there."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[str, Any]] = []

    def __setitem__(self, name: str, value: Any) -> None:
        self.written.append((name, value))
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self.written = [each for each in self.written if each[0] != name]
        super().__delitem__(name)


class Words(Value):
    """What decorators say about a method."""

    preserve_sig: bool = False
    dispid: int | None = None
    kind: str = ""
    """"get", "put" or "putref"."""
    name: str = ""
    """The property that a method belongs to."""


class Entry(Value):
    """One slot: the key of the method, and where its signature stands."""

    key: str
    python: str
    c_name: str
    kind: str
    function: Any
    words: Words


def words_of(function: Any) -> Words:
    """What decorators said about a function so far."""
    found = getattr(function, _MARK, None)
    return found if isinstance(found, Words) else Words()


def mark(declared: Any, **words: Any) -> None:
    """Note words about a method, or about the method that a property was made of last."""
    function = (declared.fset or declared.fget) if isinstance(declared, property) else declared
    if not inspect.isfunction(function):
        raise DeclarationError(f"{function!r} is no method; these decorators stand above methods of an interface")
    setattr(function, _MARK, words_of(function).replace(**words))


def entries_of(cls: Any, written: Iterable[tuple[str, Any]]) -> tuple[Entry, ...]:
    """The slots of an interface's own methods, in order. Raises DeclarationError for what has no slot."""
    found: dict[str, Entry] = {}
    properties: dict[str, property] = {}
    for name, value in written:
        if name.startswith(("__", "_abc_")):
            continue
        if isinstance(value, staticmethod | classmethod):
            raise DeclarationError(f"{cls.__name__}.{name}: an object has methods and properties only (R14.16)")
        if isinstance(value, property):
            fresh = _accessors(cls, name, value, properties)
        else:
            fresh = [_method(name, value)] if inspect.isfunction(value) else []
        for entry in fresh:
            if entry.key in found or (entry.kind == "method" and name in properties):
                raise MarshalDirectiveError(
                    f"{cls.__name__}.{entry.key} is defined twice: interfaces have no overloads; "
                    f"give one of them another name (R14.4, R19.33)"
                )
            found[entry.key] = entry
    fields = [name for name in annotations_of(cls) if not name.startswith("__")]
    if fields:
        raise DeclarationError(
            f"{cls.__name__}.{fields[0]}: an interface has no fields; write a property, '@property def {fields[0]}…' "
            f"(R14.16)"
        )
    return tuple(found.values())


def _method(name: str, function: Any) -> Entry:
    words = words_of(function)
    return Entry(name, name, words.name or c_spelling(name), words.kind or "method", function, words)


def _accessors(cls: Any, name: str, value: property, properties: dict[str, property]) -> list[Entry]:
    """What an assignment of a property adds: `@property` the getter, `@X.setter` a setter."""
    before = properties.get(name, property())
    properties[name] = value
    if value.fdel is not None:
        raise DeclarationError(f"{cls.__name__}.{name}: a property of an interface cannot be deleted (R14.16)")
    fresh = []
    for kind, function, known in (("get", value.fget, before.fget), ("put", value.fset, before.fset)):
        if function is None or function is known:
            continue
        words = words_of(function)
        kind = words.kind or kind  # noqa: PLW2901 - a setter may say that it is the one for references
        fresh.append(Entry(f"{kind}_{name}", name, c_spelling(name), kind, function, words))
    return fresh
