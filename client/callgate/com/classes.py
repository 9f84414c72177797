"""What a Python class says about itself to those who see its objects through interfaces (R14.11, R14.16 to R14.18)."""

from __future__ import annotations

import inspect
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from callgate.errors import DeclarationError
from callgate_protocol.guids import guid_text
from callgate_protocol.value import Value

from .declared import Declared, declared_of, find_declared

__all__ = [
    "ClassWords",
    "class_by_clsid",
    "class_interface",
    "class_interface_of",
    "coclass",
    "com_visible",
    "declared_interfaces",
    "default_interface",
    "is_exposed",
    "is_visible",
    "visible_members",
    "words_of",
]

T = TypeVar("T")

_MARK: Final = "__callgate_class__"
_HIDDEN: Final = "__callgate_hidden__"


class ClassWords(Value):
    """What decorators say about a class; it is not inherited."""

    clsid: str = ""
    """In canonical form; empty for a class that is no coclass."""
    default: Declared | None = None
    """The interface that stands for the class."""
    sources: tuple[Declared, ...] = ()
    """The interfaces of its events, that of the default source first."""
    class_interface: str = ""
    """How its public members can be called: "dispatch", "dual" or "none"; empty where it does not say (R14.17)."""
    visible: bool = True


def words_of(cls: Any) -> ClassWords:
    """What decorators said about a class."""
    found = vars(cls).get(_MARK) if isinstance(cls, type) else None
    return found if isinstance(found, ClassWords) else ClassWords()


def _note(cls: Any, **words: Any) -> None:
    if not isinstance(cls, type) or find_declared(cls) is not None:
        shown = getattr(cls, "__name__", repr(cls))
        raise DeclarationError(f"{shown} is no class of objects; this decorator stands above one (R14.17)")
    setattr(cls, _MARK, words_of(cls).replace(**words))


# -- decorators --------------------------------------------------------------------------------------------------------

_BY_CLSID: Final[dict[str, type[Any]]] = {}
_CHANGING: Final = threading.Lock()


def coclass(
    clsid: str | uuid.UUID, *, default: Any = None, sources: Sequence[Any] = ()
) -> Callable[[type[T]], type[T]]:
    """A class of objects with a CLSID: proxies of objects that say it is theirs are of this class (R14.9, R14.11).

    `default` is the interface that stands for the class in signatures, the first that it derives from when it is left
    out; `sources` are the interfaces of its events, the default one first.
    """

    def decorate(cls: type[T]) -> type[T]:
        try:
            canonical = guid_text(str(clsid))
        except ValueError as error:
            raise DeclarationError(f"{cls.__name__}: {error} (R14.11)") from None
        interfaces = declared_interfaces(cls)
        if default is None and not interfaces:
            raise DeclarationError(
                f"{cls.__name__} has no interface that could stand for it: derive it from one, or write default= "
                f"(R14.11)"
            )
        _note(
            cls,
            clsid=canonical,
            default=interfaces[0] if default is None else declared_of(default),
            sources=tuple(declared_of(each) for each in sources),
        )
        with _CHANGING:
            other = _BY_CLSID.get(canonical)
            if other is not None and _place(other) != _place(cls):
                raise DeclarationError(
                    f"{cls.__module__}.{cls.__qualname__} and {other.__module__}.{other.__qualname__} have one CLSID, "
                    f"{canonical}; give one of them another (R14.11)"
                )
            _BY_CLSID[canonical] = cls
        return cls

    return decorate


def _place(cls: type[Any]) -> tuple[str, str]:
    """Where a class is written: a module that is loaded again, or is also the main program, declares no other class."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or cls.__module__, cls.__qualname__


def class_by_clsid(clsid: str) -> type[Any] | None:
    """The class that has a CLSID, in canonical form; None when there is none (R14.9)."""
    return _BY_CLSID.get(clsid)


def com_visible(visible: bool) -> Callable[[T], T]:
    """Whether native code sees the members of a class, or one of its methods or properties (R14.16)."""

    def decorate(declared: T) -> T:
        if isinstance(declared, type):
            _note(declared, visible=visible)
        else:
            target = declared.fget if isinstance(declared, property) else declared
            setattr(target, _HIDDEN, not visible)
        return declared

    return decorate


def class_interface(kind: Any) -> Callable[[type[T]], type[T]]:
    """How the public members of a class can be called: by name ("dispatch", the default), or not at all ("none").

    "dual" is by slot as well: its members, which have types then, are an interface whose IID changes with names and
    order. An interface stands for the class, which then is called through its interfaces only (R14.17, R14.18).
    """
    if kind not in ("none", "dispatch", "dual") and find_declared(kind) is None:
        raise DeclarationError(
            f"a class interface is 'dispatch', 'dual', 'none' or an interface, not {kind!r} (R14.17)"
        )

    def decorate(cls: type[T]) -> type[T]:
        if isinstance(kind, str):
            _note(cls, class_interface=kind)
            if kind == "dual":
                from .class_interfaces import declare_dual  # noqa: PLC0415 - it needs this module

                declare_dual(cls)
        else:
            _note(cls, class_interface="none", default=declared_of(kind))
        return cls

    return decorate


# -- what follows from it ----------------------------------------------------------------------------------------------


def declared_interfaces(cls: type[Any]) -> tuple[Declared, ...]:
    """The interfaces of a class in the order of its bases, without those that are bases of others (R14.18).

    Generic interfaces have no IID, so none is among them; a generic class has those that it derives from (R14.19).
    """
    default = words_of(cls).default
    found = [each for each in map(find_declared, cls.__mro__) if each is not None]
    if default is not None and all(default.iid != each.iid for each in found):
        found.insert(0, default)
    mro = {each: each.cls.__mro__ for each in found if each.cls is not None}
    return tuple(
        each
        for each in found
        if not any(each.cls in classes[1:] for other, classes in mro.items() if other is not each)
    )


def is_exposed(cls: type[Any]) -> bool:
    """Whether a class was meant to be seen by native code: by an interface that it has, or by a decorator."""
    return words_of(cls).visible and (_MARK in vars(cls) or bool(declared_interfaces(cls)))


def class_interface_of(cls: type[Any]) -> str:
    """How public members can be called, "dispatch", "dual" or "none", as in hidden and generic classes (R14.19)."""
    generic = any(getattr(base, "__parameters__", ()) for base in cls.__mro__)
    words = words_of(cls)
    return (words.class_interface or "dispatch") if words.visible and not generic else "none"


def default_interface(cls: type[Any]) -> Declared | None:
    """The interface that stands for an object (R14.18); None for its class interface."""
    words = words_of(cls)
    if words.default is not None:
        return words.default
    if class_interface_of(cls) != "none":
        return None
    return next(iter(declared_interfaces(cls)), None)


def is_visible(cls: type[Any]) -> bool:
    """Whether native code may know of a class: a public name, and not hidden (R14.16)."""
    return not cls.__name__.startswith("_") and words_of(cls).visible


def visible_members(cls: type[Any]) -> dict[str, str]:
    """The public members of a class, "method" or "property", those of its bases first (R14.16, R14.17).

    Static methods, constants and everything with an underscore in front are Python's own.
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is object or find_declared(base) is not None or not words_of(base).visible:
            continue
        for name, value in vars(base).items():
            kind = "property" if isinstance(value, property) else "method" if inspect.isfunction(value) else ""
            hidden = getattr(value.fget if isinstance(value, property) else value, _HIDDEN, False)
            if name.startswith("_") or not kind or hidden:
                found.pop(name, None)  # whatever it hides is not called either
                continue
            found[name] = kind
    return found
