"""Function pointers: functions of libraries, addresses, and Python callables that native code can call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from .arrays import ArrayType
from .callbacks import FUNCFLAG_USE_ERRNO, Callback, value_of
from .cdata import (
    CArg,
    CData,
    CDataType,
    Layout,
    as_parameter,
    layout_of,
    pointer_bytes,
    read_address,
)
from .errnos import get_errno, set_errno
from .memory import Block
from .parameters import check_count, ready, with_flags
from .refusals import refuse
from .simple import SimpleType, decode_wide
from .standard import std
from .world import World, current, ended, of_life

__all__ = ["FUNCFLAG_CDECL", "FUNCFLAG_PYTHONAPI", "FUNCFLAG_USE_ERRNO", "FuncType", "_CFuncPtr"]

FUNCFLAG_CDECL: Final = 0x1
FUNCFLAG_PYTHONAPI: Final = 0x4
_LAYOUT = Layout(std.c_void_p, "P", pointers=True)
_INHERITED: Final = object()


class FuncType(CDataType):
    """The type of function pointer types."""

    _flags_: int
    _argtypes_: Any
    _restype_: Any

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        """Check the declaration and lay it out."""
        made: Any = super().__new__(mcs, name, bases, body)
        if not any(isinstance(base, FuncType) for base in bases):
            return made
        if not isinstance(getattr(made, "_flags_", None), int):
            raise TypeError("class must define _flags_ which must be an integer")
        if "_argtypes_" in body:
            _check_argtypes(body["_argtypes_"], "_argtypes_")
            made._argtypes_ = tuple(body["_argtypes_"])
            check_count(name, len(made._argtypes_))
        if "_restype_" in body:
            _check_restype(body["_restype_"], "_restype_")
        made._layout_ = _LAYOUT
        return made

    def named(cls: Any, name: str, library: Any) -> Any:
        """A function that is looked for at its first call, so that importing this package starts no host."""
        made = cls.__new__(cls)
        made._symbol_ = name, library
        return made

    def _set_(cls: Any, _block: Block, _offset: int, value: Any) -> Any:
        raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")

    def _assign_(cls: Any, _block: Block, _offset: int, value: CData) -> Any:
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")

    def from_param(cls: Any, value: Any) -> Any:
        """What a parameter of this type accepts: a function pointer of the type."""
        layout_of(cls)
        if isinstance(value, cls) or (isinstance(value, CArg) and isinstance(value._obj, cls)):
            return value
        return as_parameter(cls, value, f"expected {cls.__name__} instance instead of {type(value).__name__}")


def _check_argtypes(types: Any, what: str) -> None:
    if not isinstance(types, tuple | list):
        raise TypeError(f"{what} must be a sequence of types")
    for number, each in enumerate(types, 1):
        if not hasattr(each, "from_param"):
            raise TypeError(f"item {number} in _argtypes_ has no from_param method")


def _check_restype(kind: Any, what: str) -> None:
    if kind is not None and not isinstance(kind, CDataType) and not callable(kind):
        raise TypeError(f"{what} must be a type, a callable, or None")


class _CFuncPtr(CData, metaclass=FuncType):
    """Base of all function pointers."""

    _compound_ = True
    _plain_ = False
    _flags_: int

    _callback_: Callback | None = None
    _symbol_: tuple[str, Any] | None = None
    _paramflags_: Any = None
    _own_argtypes_: Any = None
    _own_restype_: Any = _INHERITED
    _errcheck_: Any = None

    def __init__(self, target: Any = None, paramflags: Any = None, *rest: Any) -> None:
        if rest or (isinstance(target, int) and isinstance(paramflags, str)):
            refuse("a COM method as a function pointer", "COM interfaces are another chapter of callgate")
        if target is None:
            return
        if isinstance(target, tuple):
            name, library = _name_and_library(target)
            self._symbol_ = name, library
            if not ended():
                library._address(name)
            self._paramflags_ = _checked_flags(type(self), paramflags)
        elif isinstance(target, int):
            self._block_.write(0, pointer_bytes(target), getattr(target, "life", 0))
        elif callable(target):
            self._set_callable(target)
        else:
            raise TypeError("argument must be callable or integer function address")

    def _set_callable(self, target: Callable[..., Any]) -> None:
        if getattr(type(self), "_argtypes_", None) is None:
            raise TypeError("cannot construct instance of this class: no argtypes slot")
        kind = getattr(type(self), "_restype_", None)
        if kind is not None and not isinstance(kind, SimpleType):
            raise TypeError("invalid result type for callback function")
        self._callback_ = Callback(type(self), target)
        self._objects = {"0": self._callback_}

    # -- what can be set -----------------------------------------------------------------------------------------

    @property
    def argtypes(self) -> Any:
        """Types of the parameters; None when nothing is declared."""
        own = self._own_argtypes_
        return getattr(type(self), "_argtypes_", None) if own is None else own

    @argtypes.setter
    def argtypes(self, types: Any) -> None:
        if types is not None:
            _check_argtypes(types, "argtypes")
        self._own_argtypes_ = None if types is None else tuple(types)

    @argtypes.deleter
    def argtypes(self) -> None:
        self._own_argtypes_ = None

    @property
    def restype(self) -> Any:
        """Type of the result, a callable that gets an int, or None for nothing."""
        return getattr(type(self), "_restype_", None) if self._own_restype_ is _INHERITED else self._own_restype_

    @restype.setter
    def restype(self, kind: Any) -> None:
        _check_restype(kind, "restype")
        self._own_restype_ = kind

    @restype.deleter
    def restype(self) -> None:
        self._own_restype_ = _INHERITED

    @property
    def errcheck(self) -> Any:
        """(result, function, arguments) → what the caller gets."""
        return self._errcheck_

    @errcheck.setter
    def errcheck(self, check: Any) -> None:
        if not callable(check):
            raise TypeError("the errcheck attribute must be callable")
        self._errcheck_ = check

    @errcheck.deleter
    def errcheck(self) -> None:
        self._errcheck_ = None

    # -- as a value ----------------------------------------------------------------------------------------------

    def _bytes_(self) -> bytes:
        return self._ready_().read(self._offset_, layout_of(type(self)).size)

    def _home_(self) -> int:
        self._ready_()
        return super()._home_()

    def _ready_(self) -> Block:
        """With the address in it: found or made in the present host."""
        if self._symbol_ is not None or self._callback_ is not None:
            world = current()
            address = self._address_in(world)
            if self._block_.life != world.life or not read_address(self._block_, self._offset_):
                self._block_.write(self._offset_, pointer_bytes(address), world.life)
        return self._block_

    def _pass_(self) -> CArg:
        return CArg("P", self._address_in(current()), self)

    def _address_in(self, world: World) -> int:
        if self._symbol_ is not None:
            name, library = self._symbol_
            return int(library._address_in(world, name))
        if self._callback_ is not None:
            return self._callback_.address_in(world)
        address = read_address(self._block_, self._offset_)
        if address.life and address:
            of_life(address.life, "this function")
        return int(address)

    def __bool__(self) -> bool:
        if self._symbol_ is not None or self._callback_ is not None:
            return True
        return bool(read_address(self._block_, self._offset_))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    # -- calls ---------------------------------------------------------------------------------------------------

    @property
    def _shown_(self) -> str:
        name = getattr(self, "__name__", None) or (self._symbol_[0] if self._symbol_ else None)
        return str(name or type(self).__name__)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Perform the call in the host.

        Raises ArgumentError before native code is entered, HostLost and its children when the host dies, ObjectGone
        for memory of an earlier host.
        """
        if ended():
            return None  # the program ends, the host and all that a `__del__` could free there are gone
        argtypes, name = self.argtypes, self._shown_
        outs: list[tuple[int, bool]] = []
        if self._paramflags_ is not None and argtypes is not None:
            listed, outs = with_flags(name, argtypes, self._paramflags_, arguments, named)
            given = tuple(listed)
        elif named:
            raise TypeError(f"{name}() takes no keyword arguments")
        else:
            given = arguments
        if argtypes is not None and len(given) < len(argtypes):
            most = len(argtypes)
            raise TypeError(
                f"this function takes at least {most} argument{'' if most == 1 else 's'} ({len(given)} given)"
            )
        result = self._enter(current(), ready(name, argtypes, given), name)
        if self._errcheck_ is not None:
            checked = self._errcheck_(result, self, given)
            if checked is not given:
                return checked
        return _results(result, outs, given)

    def _enter(self, world: World, sent: list[CArg], name: str) -> Any:
        restype = self.restype
        shape = _result_shape(restype)
        if shape is None:
            reason = getattr(restype, "_layout_", None)
            refuse(f"{restype.__name__} as a result", reason.reason if reason else "it has no size")
        uses_errno = bool(self._flags_ & FUNCFLAG_USE_ERRNO)
        wire = [each.address if each.block is not None else each.value for each in sent]
        shapes = tuple(each.tag for each in sent)
        address = self._address_in(world)
        answer, errno = world.call(
            address, (shape, shapes, False), wire, get_errno() & 0xFFFFFFFF if uses_errno else None, name
        )
        if uses_errno:
            set_errno(errno)
        return _result(restype, shape, answer, world)


def _results(result: Any, outs: Sequence[tuple[int, bool]], given: Sequence[Any]) -> Any:
    """The result, or what came out."""
    if not outs:
        return result
    values = [given[at].__ctypes_from_outparam__() if only_out else given[at] for at, only_out in outs]
    return values[0] if len(values) == 1 else tuple(values)


def _name_and_library(target: tuple[Any, ...]) -> tuple[str, Any]:
    if len(target) != 2:
        raise TypeError("a function is given as (name, library)")
    name, library = target
    if isinstance(name, bytes):
        name = name.decode()
    if isinstance(name, int):
        refuse("a function by ordinal", "libraries of this system have no ordinals")
    if not isinstance(name, str):
        raise TypeError("the name of a function must be a str")
    if not hasattr(library, "_address_in"):
        raise TypeError("the second item must be a library that callgate.ctypes opened")
    return name, library


def _checked_flags(cls: Any, flags: Any) -> Any:
    if flags is None:
        return None
    if not isinstance(flags, tuple):
        raise TypeError("paramflags must be a tuple or None")
    argtypes = getattr(cls, "_argtypes_", None) or ()
    if len(flags) != len(argtypes):
        raise ValueError("paramflags must have the same length as argtypes")
    for position, (entry, kind) in enumerate(zip(flags, argtypes, strict=True), 1):
        well_formed = isinstance(entry, tuple) and 1 <= len(entry) <= 3 and isinstance(entry[0], int)
        if not well_formed or (len(entry) > 1 and not isinstance(entry[1], str | None)):
            raise TypeError("paramflags must be a sequence of (int [,string [,value]]) tuples")
        if entry[0] not in (0, 1, 2, 3, 4, 5):
            raise TypeError(f"paramflag value {entry[0]} not supported" if entry[0] < 16 else "paramflag not supported")
        _check_out_type(entry[0], kind, position)
    return flags


def _check_out_type(flag: int, kind: Any, position: int) -> None:
    from .pointers import PointerType  # noqa: PLC0415

    pointing = isinstance(kind, PointerType | ArrayType) or getattr(kind, "_type_", None) in ("P", "z", "Z")
    if flag == 2 and not pointing:
        raise TypeError(f"'out' parameter {position} must be a pointer type, not {kind.__name__}")


# -- results -----------------------------------------------------------------------------------------------------


def _result_shape(kind: Any) -> Any:
    """How a result crosses; None when it cannot."""
    if kind is None:
        return "v"
    if not isinstance(kind, CDataType):
        return "i"
    if isinstance(kind, ArrayType):
        return None
    if isinstance(kind, SimpleType) and kind._plain_ and kind._type_ in "zZ":
        return kind._type_
    if isinstance(kind, SimpleType) and kind._type_ == "O":
        kind._codec_.put(None)
    return layout_of(kind).shape


def _result(kind: Any, shape: Any, answer: Any, world: World) -> Any:
    if kind is None:
        return None
    if shape == "z":
        return _checked(kind, answer)
    if shape == "Z":
        return _checked(kind, None if answer is None else decode_wide(answer))
    if not isinstance(kind, CDataType):
        return kind(answer)
    return _checked(kind, value_of(kind, shape, answer, world))


def _checked(kind: Any, value: Any) -> Any:
    check = getattr(kind, "_check_retval_", None)
    return value if check is None else check(value)
