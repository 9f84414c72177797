"""`@interface("{…}")`: a COM interface as a Protocol, and what may stand above its methods (R14.1 to R14.4)."""

from __future__ import annotations

import functools
import sys
import uuid
from abc import ABCMeta
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, runtime_checkable

from callgate.com.declared import MARK, Declared, Piece, declared_of, register
from callgate.errors import DeclarationError, MarshalDirectiveError
from callgate_protocol.guids import guid_text, same_tail
from callgate_protocol.model import Attribute
from callgate_protocol.value import Value

from .bodies import Body, Entry, entries_of, mark, words_of
from .scope import Scope, Unresolved, scope_of

__all__ = [
    "IDispatch",
    "IUnknown",
    "InterfaceMeta",
    "InterfaceSpec",
    "dispid",
    "interface",
    "invoke_on",
    "preserve_sig",
    "propget",
    "propput",
    "propputref",
]

T = TypeVar("T")

_WRITTEN: Final = "__callgate_written__"
_OBJECTS: Final = "callgate.com.objects"
"""What performs calls: declarations alone need none of it."""


class InterfaceSpec(Value):
    """What `@interface` says about a class."""

    cls: Any
    name: str
    iid: str
    base: Declared
    attributes: tuple[Attribute, ...]
    entries: tuple[Entry, ...]
    scope: Scope
    local: bool = False


if TYPE_CHECKING:
    _ProtocolMeta = ABCMeta
else:
    _ProtocolMeta = type(Protocol)


class InterfaceMeta(_ProtocolMeta):
    """The class of interfaces: it remembers the order of their bodies, and asks objects what they are."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: Any) -> Any:
        """A namespace that keeps the order of slots."""
        return Body()

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **options: Any) -> Any:
        """The class, with what was written in it."""
        cls = super().__new__(mcs, name, bases, dict(body), **options)
        written = body.written if isinstance(body, Body) else list(body.items())
        if Protocol in bases:
            setattr(cls, _WRITTEN, tuple(written))
        return cls

    def __instancecheck__(cls, instance: Any) -> bool:
        """Native objects are asked (R14.13); others are what they derive from, or what methods they have."""
        declared = vars(cls).get(MARK)
        if type.__instancecheck__(cls, instance) or not isinstance(declared, Declared):
            return type.__instancecheck__(cls, instance)
        objects = sys.modules.get(_OBJECTS)  # there are native objects only where it is loaded
        answer: bool | None = objects.answers(instance, declared) if objects is not None else None
        return _has_methods(cls, declared, instance) if answer is None else answer

    def __subclasscheck__(cls, subclass: Any) -> bool:
        """A class has the interfaces that it derives from."""
        return type.__subclasscheck__(cls, subclass)


def _has_methods(cls: Any, declared: Declared, instance: Any) -> bool:
    names = [entry.python for each in cls.__mro__ for entry in _entries(each)]
    if _WRITTEN not in vars(cls):  # a text says what they are
        names = [method.python for method in declared.methods.values()]
    return bool(names) and all(hasattr(instance, name) for name in names)


def _entries(cls: Any) -> tuple[Entry, ...]:
    return entries_of(cls, vars(cls).get(_WRITTEN, ())) if MARK in vars(cls) else ()


if TYPE_CHECKING:

    @runtime_checkable
    class IUnknown(Protocol):
        """The root of all interfaces (R14.1)."""

    class IDispatch(IUnknown, Protocol):
        """The base of dual and dispatch interfaces, whose members can be called by name (R14.21)."""

else:

    class IUnknown(Protocol, metaclass=InterfaceMeta):
        """The root of all interfaces (R14.1)."""

    class IDispatch(IUnknown, Protocol):
        """The base of dual and dispatch interfaces, whose members can be called by name (R14.21)."""


def _read_root(name: str) -> Piece:
    """What everybody knows of it."""
    from callgate.com.wellknown import wellknown  # noqa: PLC0415 - programs without objects need none of it

    return wellknown(name).piece


for _root, _first in ((IUnknown, "00000000"), (IDispatch, "00020400")):
    _name = _root.__name__
    setattr(_root, MARK, Declared(_name, same_tail(_first), _root, functools.partial(_read_root, _name)))
    register(declared_of(_root))


# -- decorators --------------------------------------------------------------------------------------------------------


def interface(
    iid: str | uuid.UUID,
    *,
    name: str = "",
    dual: bool = False,
    dispatch: bool = False,
    local: bool = False,
    guid: str = "",
    extra_slots: int = 0,
    vtable_offset: int = 0,
    convention: str = "",
    hidden_result: str = "",
    loose_identity: bool = False,
) -> Callable[[type[T]], type[T]]:
    """A COM interface: a Protocol that derives from one other interface, whose methods are its slots in order (R14.1).

    A method's HRESULT is not seen: a failure raises, and the annotated result is the `[out, retval]` (R11.4).
    `dual` and `dispatch` are for interfaces that derive from IDispatch (R14.26); `local` ones never leave the process
    of their object, so that `void *` and function pointers are allowed (R19.33). The others say what objects look like
    in memory: `guid="big"`, slots behind Release, the place of the vtable, the `convention="ms_abi"`,
    `hidden_result="after"` or `"before"` the object, and objects whose IUnknown is not always the same one.
    """
    shape: dict[str, Any] = {
        "dual": dual,
        "dispatch": dispatch,
        "guid": guid,
        "extra_slots": extra_slots,
        "vtable_offset": vtable_offset,
        "convention": convention,
        "hidden_result": hidden_result,
        "loose_identity": loose_identity,
    }

    def decorate(cls: type[T]) -> type[T]:
        if not isinstance(cls, type):
            raise DeclarationError(f"@callgate.interface stands above a class, not above {cls!r} (R14.1)")
        _declare(cls, name or cls.__name__, iid, shape, scope_of(cls, 1), local=local)
        return cls

    return decorate


_SHAPES: Final[dict[str, Any]] = {
    "guid": ("", "big"),
    "convention": ("", "ms_abi", "sysv_abi"),
    "hidden_result": ("", "after", "before"),
}


def _declare(cls: Any, name: str, iid: Any, shape: dict[str, Any], scope: Scope, *, local: bool) -> None:
    try:
        canonical = guid_text(str(iid))
    except ValueError as error:
        raise DeclarationError(f"{name}: {error} (R14.4)") from None
    base = _base(cls, name)
    own = Scope(scope.module, {**(scope.local or {}), cls.__name__: cls})  # it may name itself
    spec = InterfaceSpec(
        cls, name, canonical, base, _attributes(name, shape, base), _checked_entries(cls, base), own, local
    )
    declared = Declared(name, canonical, cls, functools.partial(_read, spec))
    setattr(cls, MARK, declared)
    with suppress(Unresolved):  # what stands further below is there when the interface is used
        _ = declared.piece
    register(declared)
    _hook(cls, declared, spec.entries)


def _read(spec: InterfaceSpec) -> Any:
    from .contracts import read_interface  # noqa: PLC0415 - it needs everything that reads annotations

    return read_interface(spec)


def _base(cls: Any, name: str) -> Declared:
    """The one interface that it derives from (R14.1)."""
    if getattr(cls, "__parameters__", ()):
        raise MarshalDirectiveError(f"{name} is generic; interfaces are not: no IID stands for many (R14.19, R19.1)")
    bases = [each for each in cls.__bases__ if isinstance(each, InterfaceMeta)]
    if not getattr(cls, "_is_protocol", False) or len(bases) != 1 or len(cls.__bases__) != len(bases) + 1:
        raise DeclarationError(
            f"{name}: an interface derives from one other interface and is a Protocol; "
            f"write 'class {name}(IUnknown, Protocol)' (R14.1)"
        )
    if MARK not in vars(bases[0]):
        raise DeclarationError(
            f"{name} derives from {bases[0].__name__}, which is no interface yet: write @callgate.interface above it "
            f"(R14.1)"
        )
    return declared_of(bases[0])


def _attributes(name: str, shape: dict[str, Any], base: Declared) -> tuple[Attribute, ...]:
    """R14.1, appendix F: kind and binary shape as words of the model."""
    for word, allowed in _SHAPES.items():
        if shape[word] not in allowed:
            raise DeclarationError(f"{name}: {word} is {' or '.join(map(repr, allowed[1:]))}, not {shape[word]!r}")
    for word in ("extra_slots", "vtable_offset"):
        if type(shape[word]) is not int or shape[word] < 0:
            raise DeclarationError(f"{name}: {word} is a number, not {shape[word]!r}")
    if shape["dual"] and shape["dispatch"]:
        raise DeclarationError(f"{name}: a dual interface has slots and a dispatch interface none; keep one (R14.1)")
    if (shape["dual"] or shape["dispatch"]) and IDispatch not in base.cls.__mro__:
        raise DeclarationError(f"{name} derives from {base.name}; write 'class {name}(IDispatch, Protocol)' (R14.26)")
    given = [(word, "" if value is True else str(value)) for word, value in shape.items() if value]
    return tuple(sorted(Attribute(word, argument) for word, argument in given))


_ROOT_SLOTS: Final = {
    "IUnknown": ("QueryInterface", "AddRef", "Release"),
    "IDispatch": ("GetTypeInfoCount", "GetTypeInfo", "GetIDsOfNames", "Invoke"),
}
"""What is called for Python, so that no class declares it (R14.8)."""


def _checked_entries(cls: Any, base: Declared) -> tuple[Entry, ...]:
    entries = entries_of(cls, vars(cls).get(_WRITTEN, ()))
    taken = {entry.key: each.__name__ for each in base.cls.__mro__ for entry in _entries(each)}
    taken |= {key: each.__name__ for each in base.cls.__mro__ for key in _ROOT_SLOTS.get(each.__name__, ())}
    for entry in entries:
        if entry.key in taken:
            raise MarshalDirectiveError(
                f"{cls.__name__}.{entry.key}: {taken[entry.key]} has this method already, and interfaces have no "
                f"overloads; leave it out, or give it another name (R14.4, R19.33)"
            )
    return entries


def preserve_sig(method: T) -> T:
    """The method's result is what it is declared as: an HRESULT is seen, and nothing is raised (R11.5)."""
    mark(method, preserve_sig=True)
    return method


def dispid(number: int) -> Callable[[T], T]:
    """The number by which a member is called through IDispatch (R14.22)."""
    if type(number) is not int or not -(2**31) <= number < 2**31:
        raise DeclarationError(f"a DISPID is a number of 32 bits, not {number!r} (R14.22)")
    return lambda method: _marked(method, dispid=number)


def propget(name: str) -> Callable[[T], T]:
    """The method reads the property `name`, whose value depends on arguments; others are Python properties."""
    return lambda method: _marked(method, kind="get", name=name)


def propput(name: str) -> Callable[[T], T]:
    """The method sets the property `name`, whose value depends on arguments."""
    return lambda method: _marked(method, kind="put", name=name)


def propputref(name: str = "") -> Callable[[T], T]:
    """The method sets a property to a reference; it also stands between `@X.setter` and the setter."""
    return lambda method: _marked(method, kind="putref", name=name)


def _marked(method: T, **words: Any) -> T:
    mark(method, **words)
    return method


# -- what the class does -----------------------------------------------------------------------------------------------


def _hook(cls: Any, declared: Declared, entries: tuple[Entry, ...]) -> None:
    """`IFoo.Method(proxy, …)` calls the interface's own method, also where another one has a method of that name."""
    for entry in entries:
        if entry.python == entry.key:
            setattr(cls, entry.key, _caller(declared, entry))
        elif not isinstance(vars(cls)[entry.python], _Attribute):
            setattr(cls, entry.python, _Attribute(declared, entry.python, vars(cls)[entry.python]))


def _caller(declared: Declared, entry: Entry) -> Any:
    @functools.wraps(entry.function)
    def call(self: Any, /, *arguments: Any, **named: Any) -> Any:
        return invoke_on(self, declared, entry.key, arguments, named)

    return call


class _Attribute(property):
    """A property of an interface. In a class that implements the interface it is an attribute like any other."""

    def __init__(self, declared: Declared, name: str, written: property) -> None:
        super().__init__(
            _accessor(declared, f"get_{name}", written.fget),
            _accessor(declared, f"{words_of(written.fset).kind or 'put'}_{name}", written.fset),
            None,
            written.__doc__,
        )
        self._declared = declared
        self._name = name

    def __get__(self, instance: Any, owner: Any = None, /) -> Any:
        own = getattr(instance, "__dict__", {})
        return own[self._name] if self._name in own else super().__get__(instance, owner)

    def __set__(self, instance: Any, value: Any, /) -> None:
        if _implements(instance, self._declared):
            vars(instance)[self._name] = value
        else:
            super().__set__(instance, value)


class _Lacking(NotImplementedError, AttributeError):
    """A property that a class does not have: E_NOTIMPL for native callers, and not there for `hasattr`."""


def _accessor(declared: Declared, key: str, function: Any) -> Any:
    if function is None:
        return None

    @functools.wraps(function)
    def access(self: Any, /, *values: Any) -> Any:
        if _implements(self, declared):
            raise _Lacking(_not_written(self, declared, key))
        return invoke_on(self, declared, key, values, {})

    return access


def invoke_on(target: Any, declared: Declared, key: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """`IFoo.Method(target, …)`: of a native object; Python's own class has not written it (R14.16)."""
    if _implements(target, declared):
        raise NotImplementedError(_not_written(target, declared, key))
    return import_module(_OBJECTS).invoke(target, declared, key, arguments, named)


def _not_written(target: Any, declared: Declared, key: str) -> str:
    return f"{type(target).__name__} implements {declared.name}, but has no {key} (R14.16)"


def _implements(target: Any, declared: Declared) -> bool:
    """Whether an object is Python's own and of a class that derives from the interface."""
    objects = sys.modules.get(_OBJECTS)
    native = objects is not None and isinstance(target, objects.ComObject)
    return not native and type.__instancecheck__(declared.cls, target)
