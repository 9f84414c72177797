"""What a library's declarations mention: structs, enums, function pointers and handles, each once and by name."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, get_args, get_origin

from callgate.com.declared import Declared, find_declared
from callgate.declare.modes import Modes
from callgate.declare.python import Face
from callgate.errors import DeclarationError, TypeLoadError
from callgate.memory import Handle, opaque_of
from callgate_protocol.model import Attribute, Coclass, CType, Delegate, Enum, Record
from callgate_protocol.value import Value

from .delegates import Callback, callback_of
from .reading import Note
from .structs import Layout, layout_of
from .where import Where

__all__ = ["Lowered", "Readers", "Space", "attributes_of"]

_BASES = (
    ("int", -(2**31), 2**31 - 1),
    ("uint", 0, 2**32 - 1),
    ("llong", -(2**63), 2**63 - 1),
    ("ullong", 0, 2**64 - 1),
)


class Lowered(Value):
    """A type of the model with the attributes that belong to it, by name."""

    type: CType
    attributes: Mapping[str, str]


class Readers(Value):
    """How the parts of declarations are read: they hold each other, so they find each other here."""

    value: Callable[[Space, Note, Where], Lowered]
    record: Callable[[Space, Any, Layout], Record]
    delegate: Callable[[Space, Callback], Delegate]
    inline: Callable[[Space, str, Any, Any, Where], Delegate]


class Space:
    """The types of one library while it is being read."""

    def __init__(self, label: str, modes: Modes, readers: Readers) -> None:
        self.label = label
        self.modes = modes
        self.records: dict[str, Record] = {}
        self.structs: dict[str, Any] = {}
        self.enums: dict[str, Enum] = {}
        self.enum_classes: dict[str, Any] = {}
        self.delegates: dict[str, Delegate] = {}
        self.handles: dict[str, type[Handle]] = {}
        self.interfaces: dict[str, Declared] = {}
        self.coclasses: dict[str, Coclass] = {}
        self.faces: dict[str, Face] = {}
        self._shapes: dict[str, Any] = {}
        self._open: list[Any] = []
        """Structs that are being read, the outermost first; None for a function pointer in one of them."""
        self._pending: list[Any] = []
        self.readers = readers

    def lower(self, note: Note, where: Where) -> Lowered:
        """The model's type of an annotation. Raises MarshalDirectiveError, naming where, what and the rule."""
        return self.readers.value(self, note, where)

    def struct(self, cls: Any) -> Layout:
        """Make a struct known, with everything inside it. Raises TypeLoadError when it contains itself (R7.17)."""
        layout = layout_of(cls)
        assert layout is not None
        if cls in self._open and None in self._open[self._open.index(cls) :]:
            return self.mention(cls)  # a function pointer leads back to it: that contains nothing
        if cls in self._open:
            path = " contains ".join(each.__name__ for each in (*self._open[self._open.index(cls) :], cls))
            raise TypeLoadError(f"{self.label}: {path} by value; make one of the members a pointer (R7.17, R19.9)")
        self._claim(self.structs, layout.name, cls, "structs")
        if layout.name not in self.records:
            self._open.append(cls)
            try:
                self.records[layout.name] = self.readers.record(self, cls, layout)
            finally:
                self._open.pop()
        return layout

    def mention(self, cls: Any) -> Layout:
        """Make a struct known that only a pointer leads to: it may well be one that is being read."""
        layout = layout_of(cls)
        assert layout is not None
        self._claim(self.structs, layout.name, cls, "structs")
        self._pending.append(cls)
        return layout

    def know(self, hint: Any) -> None:
        """Make the classes that an annotation names known, whatever it makes of them: C says that (`@prototype`)."""
        for each in hint if isinstance(hint, list) else get_args(hint):
            self.know(each)
        if isinstance(hint, list):
            return
        if (callback := callback_of(hint)) is not None:
            self.delegate(callback)
        elif (interface := find_declared(hint)) is not None:
            self.interface(interface)
        elif layout_of(hint) is not None:
            self.mention(hint)
        elif isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, Handle):
            self.handle(hint)
        elif isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, enum.IntEnum | enum.IntFlag):
            self.enumeration(hint, "")

    def settle(self) -> None:
        """Read the structs that were only mentioned."""
        while self._pending:
            self.struct(self._pending.pop())

    def handle(self, cls: type[Handle]) -> str:
        """Make an opaque type known; C's name of it."""
        name = opaque_of(cls).name
        self._claim(self.handles, name, cls, "handle classes")
        return name

    def interface(self, declared: Declared) -> None:
        """Make an interface known. Two declarations of one IID are one interface (R14.29)."""
        known = self.interfaces.setdefault(declared.name, declared)
        if known.iid != declared.iid:
            raise DeclarationError(
                f"{self.label}: two interfaces are called {declared.name}; give one of them another name="
            )

    def coclass(self, coclass: Coclass) -> None:
        """Make a class of objects known."""
        if self.coclasses.setdefault(coclass.name, coclass) != coclass or coclass.name in self.interfaces:
            raise DeclarationError(f"{self.label}: {coclass.name} is the name of a class and of something else")

    def enumeration(self, cls: type[enum.IntEnum | enum.IntFlag], base: str) -> str:
        """Make an enum known; `base` is the integer that holds it, the smallest of C's when it is ""."""
        members = tuple((name, int(member)) for name, member in cls.__members__.items())
        if not members:
            raise DeclarationError(f"{self.label}: the enum {cls.__name__} has no members")
        declared = Enum(cls.__name__, members, base or _base(cls, [number for _, number in members]))
        self._claim(self.enum_classes, cls.__name__, cls, "enums")
        if self.enums.setdefault(cls.__name__, declared) != declared:
            raise DeclarationError(
                f"{self.label}: the enum {cls.__name__} is {self.enums[cls.__name__].base} in one place and "
                f"{declared.base} in another; give it one integer type"
            )
        return cls.__name__

    def delegate(self, callback: Callback) -> str:
        """Make a declared kind of function pointer known."""
        if callback.name not in self._shapes:
            self._shapes[callback.name] = callback
            with self._pointed():
                self.delegates[callback.name] = self.readers.delegate(self, callback)
        self._claim(self._shapes, callback.name, callback, "delegates")
        return callback.name

    def inline(self, path: str, build: Callable[[str], Delegate]) -> str:
        """Make the shape of a `Callable[…]` known, named after the place where it stands."""
        name, number = path, 1
        while True:
            with self._pointed():
                made = build(name)
            if name not in self._shapes and self.delegates.setdefault(name, made) == made:
                return name
            number += 1
            name = f"{path}.{number}"

    @contextmanager
    def _pointed(self) -> Iterator[None]:
        """What is read meanwhile is no part of the struct that is being read: only a pointer leads there."""
        self._open.append(None)
        try:
            yield
        finally:
            self._open.pop()

    def _claim(self, names: dict[str, Any], name: str, declared: Any, kind: str) -> None:
        """Raises DeclarationError when the name means something else already."""
        if names.setdefault(name, declared) is not declared:
            raise DeclarationError(f"{self.label}: two {kind} are called {name}; give one of them another name=")


def attributes_of(attributes: Mapping[str, str]) -> tuple[Attribute, ...]:
    """Attributes in canonical order."""
    return tuple(sorted(Attribute(name, argument) for name, argument in attributes.items()))


def _base(cls: type[Any], numbers: list[int]) -> str:
    for base, lowest, highest in _BASES:
        if lowest <= min(numbers) and max(numbers) <= highest:
            return base
    raise DeclarationError(f"no integer of C holds all members of {cls.__name__}; split it")
