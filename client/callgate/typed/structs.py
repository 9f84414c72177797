"""`@struct`, `@union` and `@layout_class`: a user's own class with a C layout (R7.1, R7.13)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar, dataclass_transform, overload

from callgate.errors import DeclarationError, TypeLoadError
from callgate.records import own as own_copy
from callgate_protocol.value import Value

from .overlaid import make_overlaid
from .scope import Scope, annotations_of, scope_of

__all__ = ["MISSING", "Layout", "Member", "layout_class", "layout_of", "offset", "struct", "union"]

T = TypeVar("T")

MISSING: Final = object()
"""No default."""

_PACKS: Final = frozenset({0, 1, 2, 4, 8, 16, 32, 64, 128})
_LAYOUTS: Final = ("sequential", "explicit", "auto")


class Member(Value):
    """A field: Python's name, where its annotation is read, and what it holds when nobody says."""

    name: str
    owner: Any
    offset: int = -1
    default: Any = MISSING


class Layout(Value):
    """What a decorated class says about itself."""

    name: str
    members: tuple[Member, ...]
    kind: str = "sequential"
    pack: int = 0
    size: int = 0
    charset: str = ""
    union: bool = False
    reference: bool = False
    """A layout class: a pointer wherever a struct would be a value (R7.12)."""
    scope: Any = None


class _Offset(Value):
    bytes: int
    default: Any = MISSING


def offset(bytes: int, *, default: Any = MISSING) -> Any:  # noqa: A002 - it is what C programmers call it
    """Where a field of an explicit layout begins (R7.4)."""
    return _Offset(bytes, default)


@overload
@dataclass_transform(field_specifiers=(offset,))
def struct(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(field_specifiers=(offset,))
def struct(
    *, layout: str = "sequential", pack: int = 0, size: int = 0, name: str = "", charset: str = ""
) -> Callable[[type[T]], type[T]]: ...
def struct(cls: type[T] | None = None, /, **options: Any) -> Any:
    """A C struct: annotated attributes are its members in order, inherited ones first (R7.1, R7.3).

    `layout` is "sequential", or "explicit" with an `offset(n)` for each member (R7.4); `pack` limits alignment and
    `size` enlarges (R7.5); `name` is C's name, the class's own when it is left out; `charset` is that of the struct's
    own `str` and `Char` members (R5.21). Methods and properties stay Python's (R7.11).
    """
    return _decorate(cls, options)


@overload
@dataclass_transform(kw_only_default=True)
def union(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(kw_only_default=True)
def union(*, pack: int = 0, size: int = 0, name: str = "", charset: str = "") -> Callable[[type[T]], type[T]]: ...
def union(cls: type[T] | None = None, /, **options: Any) -> Any:
    """A C union (R7.8): members are given by name, and the one that was set last counts.

    Give the members defaults, so that type checkers see that each may be left out; they are not used as values.
    """
    return _decorate(cls, options | {"union": True})


@overload
@dataclass_transform(field_specifiers=(offset,))
def layout_class(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(field_specifiers=(offset,))
def layout_class(
    *, layout: str, pack: int = 0, size: int = 0, name: str = "", charset: str = ""
) -> Callable[[type[T]], type[T]]: ...
def layout_class(cls: type[T] | None = None, /, **options: Any) -> Any:
    """A C struct that is always passed by pointer: a class already is one level (R7.12).

    As `struct`, but `layout=` has to be said (R7.2). `InOut[…]` and `Out[…]` update the instance in place.
    """
    return _decorate(cls, {"layout": "auto"} | options | {"reference": True})


def layout_of(cls: Any) -> Layout | None:
    """What a class was decorated with; None when it, itself, was not."""
    found = vars(cls).get("__callgate_layout__") if isinstance(cls, type) else None
    return found if isinstance(found, Layout) else None


def _decorate(cls: Any, options: dict[str, Any]) -> Any:
    if cls is None:
        return lambda given: _decorated(given, scope_of(given, 1), options)
    return _decorated(cls, scope_of(cls, 2), options)


def _decorated(cls: Any, scope: Scope, options: dict[str, Any]) -> Any:
    kind = options.get("layout", "sequential")
    pack, size = options.get("pack", 0), options.get("size", 0)
    name = options.get("name") or cls.__name__
    if kind not in _LAYOUTS:
        raise DeclarationError(f"{name}: a layout is {', '.join(map(repr, _LAYOUTS))}, not {kind!r}")
    if pack not in _PACKS:
        raise TypeLoadError(f"{name}: pack is one of {', '.join(map(str, sorted(_PACKS)))}, not {pack!r} (R7.5)")
    if size < 0:
        raise TypeLoadError(f"{name}: a size is a number of bytes, not {size!r} (R7.5)")
    members = _members(cls, name, kind)
    layout = Layout(
        name,
        members,
        kind,
        pack,
        size,
        options.get("charset", ""),
        bool(options.get("union")),
        bool(options.get("reference")),
        scope,
    )
    return _finish(cls, layout)


def _members(cls: Any, name: str, kind: str) -> tuple[Member, ...]:
    """Inherited members first, each at the place of its first mention (R7.3)."""
    members: dict[str, Member] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited = layout_of(base)
        if inherited is None and annotations_of(base):
            raise DeclarationError(
                f"{name} inherits the members {', '.join(annotations_of(base))} of {base.__name__}, which has "
                f"no layout: decorate it with @callgate.struct as well (R7.2)"
            )
        members |= {member.name: member for member in inherited.members} if inherited else {}
    for key in annotations_of(cls):
        members[key] = _member(cls, name, key, kind)
    if not members:
        raise TypeLoadError(f"{name} has no members: annotate them, e.g. 'x: i4' (R7.5)")
    return tuple(members.values())


def _member(cls: Any, name: str, key: str, kind: str) -> Member:
    given = vars(cls).get(key, MISSING)
    place, default = (given.bytes, given.default) if isinstance(given, _Offset) else (-1, given)
    if isinstance(given, property):
        raise DeclarationError(f"{name}.{key} is a member and a property at once; rename one of them (R7.11)")
    if isinstance(given, _Offset):
        if kind != "explicit":
            raise TypeLoadError(f"member {key!r} of {name} has an offset, so write @struct(layout='explicit') (R7.4)")
        if place < 0:
            raise TypeLoadError(f"member {key!r} of {name}: an offset is a number of bytes, not {place!r} (R7.4)")
        delattr(cls, key)
    elif kind == "explicit":
        raise TypeLoadError(
            f"member {key!r} of {name} has no offset; in an explicit layout each member needs one: "
            f"'{key}: … = offset(0)' (R7.4, R19.8)"
        )
    return Member(key, cls, place, default)


def _finish(cls: Any, layout: Layout) -> Any:
    """Give the class what a dataclass has, where it has no such thing of its own."""
    names = tuple(member.name for member in layout.members)
    given, own = vars(cls), frozenset(vars(cls))
    methods: dict[str, Any] = {
        "__init__": _initialiser(layout),
        "__eq__": _equality(names),
        "__repr__": _representation(names),
        "__match_args__": names,
    }
    for name, method in methods.items():
        if name not in given:
            setattr(cls, name, method)
    if layout.union or layout.kind == "explicit":
        make_overlaid(cls, {each.name: each.default for each in layout.members}, own, union=layout.union)
    elif cls.__setattr__ is object.__setattr__:
        cls.__setattr__ = _assign
        cls._by_value = not layout.reference
        if not hasattr(cls, "__copy__"):
            cls.__copy__ = _copied(names)
    if "__hash__" not in given or given["__hash__"] is None:
        cls.__hash__ = object.__hash__ if layout.reference else None
    cls.__callgate_layout__ = layout
    cls._of_members = classmethod(_from_members(names))
    return cls


def _assign(self: Any, name: str, value: Any) -> None:
    """A struct inside a struct is a value: it is copied when it is assigned (R7.24)."""
    object.__setattr__(self, name, value if type(value) in _ATOMS else own_copy(value))


_ATOMS: Final = frozenset({int, float, str, bytes, bool, type(None)})


def _copied(names: tuple[str, ...]) -> Callable[[Any], Any]:
    def __copy__(self: Any) -> Any:  # noqa: N807 - it becomes the class's
        made = type(self)._of_members(*(own_copy(getattr(self, name)) for name in names))  # noqa: SLF001 - its own
        getattr(made, "__dict__", {}).update(
            {name: value for name, value in getattr(self, "__dict__", {}).items() if name not in names}
        )
        return made

    return __copy__


def _from_members(names: tuple[str, ...]) -> Callable[..., Any]:
    """An instance of all members in order. What a class's own `__init__` does is Python's and not asked (R7.11)."""

    def make(cls: Any, *values: Any) -> Any:
        made = cls.__new__(cls)
        for name, value in zip(names, values, strict=True):
            object.__setattr__(made, name, value)
        return made

    return make


def _initialiser(layout: Layout) -> Callable[..., None]:
    signature = inspect.Signature([_parameter(member, layout) for member in _ordered(layout)])
    names = [] if layout.union else [member.name for member in layout.members]

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807 - it becomes the class's
        if len(values) == len(names) and not named:
            for name, value in zip(names, values, strict=True):
                setattr(self, name, value)
            return
        try:
            bound = signature.bind(*values, **named)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}{signature}: {error}") from None
        if not layout.union:  # what is not given is zero: a default must not lie over what is
            bound.apply_defaults()
        for name, value in bound.arguments.items():
            if value is not MISSING:
                setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


def _ordered(layout: Layout) -> list[Member]:
    for before, member in zip(layout.members, layout.members[1:], strict=False):
        if not layout.union and member.default is MISSING and before.default is not MISSING:
            raise DeclarationError(
                f"member {member.name!r} of {layout.name} has no default and follows {before.name!r}, which has one"
            )
    return list(layout.members)


def _parameter(member: Member, layout: Layout) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if layout.union else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if member.default is MISSING else member.default
    return inspect.Parameter(member.name, kind, default=MISSING if layout.union else default)


def _equality(names: tuple[str, ...]) -> Callable[[Any, object], Any]:
    def __eq__(self: Any, other: object) -> Any:  # noqa: N807 - it becomes the class's
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in names)

    return __eq__


def _representation(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807 - it becomes the class's
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names if hasattr(self, name))
        return f"{type(self).__name__}({shown})"

    return __repr__
