"""What is known about an interface once it is declared: its IID, its methods by name, and every type that they reach.

Declarations come from Python classes (`callgate.interface`) or from a signature model (`closure.of_model`). They are
kept by IID for the whole process: two of one IID are interchangeable, as long as their slots are the same (R14.29).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, get_origin

from callgate.declare.python import PLAIN, Face, PythonSide
from callgate.errors import InvalidCastError
from callgate_protocol.interfaces import iids_of
from callgate_protocol.model import Function, Interface, TypeLibrary
from callgate_protocol.value import Value

from .equivalence import refuse_difference

__all__ = [
    "MARK",
    "Contents",
    "Declared",
    "Method",
    "Piece",
    "Property",
    "declared_by_iid",
    "declared_of",
    "find_declared",
    "register",
]

MARK: Final = "__callgate_interface__"
"""Under which name a class holds its `Declared`."""


class Method(Value):
    """One method of an interface or of one of its bases, as a caller finds it."""

    key: str
    """`Open`; of properties C's names: `get_Volume`, `put_Volume`, `putref_Volume`."""
    python: str
    """The attribute that a Python object has for it: `Open`, `Volume`."""
    kind: str
    """"method", or for properties "get", "put" or "putref"."""
    interface: str
    index: int
    """Which of that interface's own methods it is."""
    number: int
    """By which a `call` names it, in a library without functions."""
    function: Function
    face: Face = PLAIN

    @property
    def dispid(self) -> int | None:
        """Its number for IDispatch, where the declaration gives it one."""
        word = self.function.result.attribute("id")
        return None if word is None else int(word.argument)

    @property
    def manner(self) -> str:
        """How a Python object is asked: "method", also for a property with arguments, else the kind of access."""
        return "method" if self.python == self.key else self.kind


class Property(Value):
    """The methods behind an attribute of an interface."""

    get: Method | None = None
    put: Method | None = None
    putref: Method | None = None


class Piece(Value):
    """What one interface says by itself: its own methods, their types, and the interfaces that it mentions."""

    interface: Interface
    methods: tuple[Method, ...] = ()
    """Without numbers: those depend on the library."""
    types: TypeLibrary = TypeLibrary()
    """Records, enums, delegates, opaque types, coclasses; no interfaces."""
    python: PythonSide = PythonSide()
    mentions: Mapping[str, Declared] = {}
    """Its base, and the interfaces in its signatures, by the names that they have there."""


class Contents(Value):
    """What an interface reaches, put together."""

    library: TypeLibrary
    """The interface, its bases up to IUnknown and every type that they reach; no functions."""
    python: PythonSide
    methods: Mapping[str, Method]
    """By key, those of the bases first."""
    properties: Mapping[str, Property]
    interfaces: Mapping[str, Declared]
    """By the name in the library."""


class Declared:
    """A declared interface. What needs other declarations is put together at first use: they may come later."""

    def __init__(self, name: str, iid: str, cls: Any, read: Callable[[], Piece]) -> None:
        self.name = name
        self.iid = iid
        self.cls = cls
        """The Python class; None where there is none."""
        self._read = read
        self.family: Mapping[str, Declared] = {}
        """The interfaces of the same text, by name; empty for a Python class, whose bases say what belongs together."""

    def __repr__(self) -> str:
        return f"<interface {self.name} {self.iid}>"

    @cached_property
    def piece(self) -> Piece:
        """Its own methods. Raises DeclarationError, also for a name that is not defined yet."""
        piece = self._read()
        for other in _BY_IID.get(self.iid, []):
            if other is not self and "piece" in vars(other) and not _replaces(self, other):
                mine = _iids(piece) | {self.name: self.iid}
                refuse_difference(self.label, piece.interface, mine, other.label, other.interface, other.iids)
        return piece

    @property
    def label(self) -> str:
        """The name with its module, for messages."""
        return f"{self.cls.__module__}.{self.cls.__qualname__}" if self.cls is not None else self.name

    @property
    def iids(self) -> Mapping[str, str]:
        """IIDs of the interfaces that its own methods mention, by name."""
        return _iids(self.piece) | {self.name: self.iid}

    @cached_property
    def contents(self) -> Contents:
        """Everything that it reaches. Raises DeclarationError."""
        from .closure import contents_of  # noqa: PLC0415 - puts pieces of declarations together, which are defined here

        return contents_of(self)

    @property
    def library(self) -> TypeLibrary:
        """The types for a host: this interface, its bases and everything they reach."""
        return self.contents.library

    @property
    def python(self) -> PythonSide:
        """The Python classes of the types."""
        return self.contents.python

    @property
    def methods(self) -> Mapping[str, Method]:
        """All methods by key, those of the bases first."""
        return self.contents.methods

    @property
    def properties(self) -> Mapping[str, Property]:
        """All properties by name."""
        return self.contents.properties

    @property
    def interface(self) -> Interface:
        """The interface as the model has it."""
        return self.piece.interface

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The IIDs that an object of this interface answers."""
        return tuple(iids_of(self.library, self.interface))


def _iids(piece: Piece) -> dict[str, str]:
    found = {name: declared.iid for name, declared in piece.mentions.items()}
    for each in piece.types.coclasses:  # its default interface stands for a class (R14.11)
        found[each.name] = found.get(each.default_interface, each.default_interface)
    return found


# -- all of them, by IID -----------------------------------------------------------------------------------------------

_BY_IID: Final[dict[str, list[Declared]]] = {}
_CHANGING: Final = threading.Lock()


def register(declared: Declared) -> None:
    """Make a declaration known for the process. The first one of an IID counts, unless it is declared again."""
    with _CHANGING:
        others = _BY_IID.get(declared.iid, [])
        again = any(_replaces(declared, other) for other in others[:1])
        rest = [other for other in others if not _replaces(declared, other)]
        _BY_IID[declared.iid] = [declared, *rest] if again else [*rest, declared]


def _replaces(declared: Declared, other: Declared) -> bool:
    """Whether it is the same class once more: a module that is loaded again, a cell that is run again."""
    return declared.cls is not None and other.cls is not None and declared.label == other.label


def declared_by_iid(iid: str) -> Declared | None:
    """The declaration of an interface, by its IID in canonical form; None when there is none."""
    with _CHANGING:
        found = _BY_IID.get(iid)
        return found[0] if found else None


def find_declared(cls: Any) -> Declared | None:
    """The declaration behind an interface's class; None for anything else, also for a class that implements one."""
    found = vars(cls).get(MARK) if isinstance(cls, type) else None
    return found if isinstance(found, Declared) else None


def declared_of(cls: Any) -> Declared:
    """The declaration behind an interface's class.

    Raises InvalidCastError for a generic one, which no object answers (R14.19, R19.2), TypeError for other things.
    """
    found = find_declared(cls)
    if found is not None:
        return found
    shown = cls.__name__ if isinstance(cls, type) else repr(cls)
    if get_origin(cls) is not None or getattr(cls, "__parameters__", None):
        raise InvalidCastError(f"{shown} is generic, so it has no IID and no object answers it (R14.19, R19.2)")
    raise TypeError(f"{shown} is no interface; write @callgate.interface('{{…}}') above its class (R14.1)")
