"""Python callables that native code can call: their function pointers, arguments and answers."""

from __future__ import annotations

import sys
import traceback
import weakref
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Final

from callgate.convert.base import received_binary
from callgate.errors import Error, InvalidCastError

from .arrays import ArrayType
from .cdata import CData, CDataType, content_of, layout_of, wire_of
from .errnos import set_errno
from .refusals import refuse
from .simple import SimpleType
from .world import World, current, living

__all__ = ["FUNCFLAG_USE_ERRNO", "Callback", "value_of"]

FUNCFLAG_USE_ERRNO: Final = 0x8


class Callback:
    """A Python callable as native code calls it: its function pointer in each host, and what `Host` needs of a plan.

    It lives as long as the function pointer object or what holds a copy of it; then the host learns, with the next
    function pointer, that nobody will answer any more.
    """

    def __init__(self, kind: Any, callee: Callable[..., Any]) -> None:
        self._kind = kind
        self.callee = callee
        self._world: World | None = None
        self._address = self._number = 0
        self._shapes: tuple[Any, ...] = ()
        self._result: Any = "v"

    def __del__(self) -> None:
        if self._world is not None and living() is self._world:
            self._world.retire(self._number)

    def address_in(self, world: World) -> int:
        """The function pointer in a host."""
        if self._world is not world:
            kind = self._kind
            self._result = "v" if kind._restype_ is None else _callback_shape(kind._restype_)
            self._shapes = tuple(_callback_shape(each) for each in kind._argtypes_)
            shape = self._result, self._shapes, self._wants_errno
            self._address, self._number = world.thunk(shape, weakref.ref(self))
            self._world = world
        return self._address

    @property
    def _wants_errno(self) -> bool:
        return bool(self._kind._flags_ & FUNCFLAG_USE_ERRNO)

    def perform(self, _call: Any, wires: Sequence[Any], context: Any) -> tuple[Any, list[Any]]:
        """Run the callable. What it raises is told to `sys.unraisablehook`, and native code gets zero, as in ctypes."""
        wires = list(wires)
        former = 0
        if self._wants_errno:
            former = set_errno(wires.pop(0))
        world = self._world
        if world is not None:
            world.take_borrowed()
        try:
            answer = self._run(wires, context)
        except BaseException as error:
            _unraisable(error, "Exception ignored on calling ctypes callback function", self.callee)
            answer = self._zero()
        if world is not None:
            world.give_borrowed()
        outs = [set_errno(former) & 0xFFFFFFFF] if self._wants_errno else []
        return answer, outs

    def _run(self, wires: Sequence[Any], context: Any) -> Any:
        world = current()
        values = [
            value_of(kind, shape, _plain(wire, context), world)
            for kind, shape, wire in zip(self._kind._argtypes_, self._shapes, wires, strict=True)
        ]
        given = self.callee(*values)
        if self._kind._restype_ is None:
            return None
        try:
            return self._answer(given)
        except (TypeError, ValueError, OverflowError, Error) as error:
            _unraisable(error, "Exception ignored on converting result of ctypes callback function", self.callee)
            return self._zero()

    def _answer(self, given: Any) -> Any:
        kind = self._kind._restype_
        made: Any = kind.__new__(kind)
        if isinstance(given, kind):
            content = given._bytes_()
        else:
            if isinstance(given, CData):
                raise InvalidCastError(f"expected {kind.__name__} instance instead of {type(given).__name__}")
            kind._set_(made._block_, 0, given)
            content = made._bytes_()
        return wire_of(self._result, content)

    def _zero(self) -> Any:
        if self._kind._restype_ is None:
            return None
        return wire_of(self._result, bytes(layout_of(self._kind._restype_).size))


def _callback_shape(kind: Any) -> Any:
    if isinstance(kind, ArrayType):
        refuse(f"{kind.__name__} in a callback", "C passes no arrays by value; declare the pointer that it gets")
    if not isinstance(kind, CDataType):
        raise TypeError(f"{kind!r} cannot be a parameter of a callback: it is no ctypes type")
    if isinstance(kind, SimpleType) and kind._type_ == "O":
        kind._codec_.put(None)
    layout = layout_of(kind)
    if layout.shape is None:
        refuse(f"{kind.__name__} by value in a callback", layout.reason)
    return layout.shape


def _plain(wire: Any, context: Any) -> Any:
    return bytes(received_binary(wire, context)) if isinstance(wire, dict | memoryview) else wire


def value_of(kind: Any, shape: Any, wire: Any, world: World) -> Any:
    """What crossed, as Python sees a value of that type."""
    made: Any = kind.__new__(kind)
    made._block_.write(0, content_of(shape, wire), world.life if layout_of(kind).pointers else 0)
    return kind._get_(made._block_, 0) if kind._plain_ else made


def _unraisable(error: BaseException, message: str, callee: Any) -> None:
    """Tell of an exception that nobody can catch. The default hook takes only what the interpreter itself makes."""
    if sys.unraisablehook is not sys.__unraisablehook__:
        told: Any = SimpleNamespace(
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg=message, object=callee
        )
        sys.unraisablehook(told)
    elif sys.stderr is not None:
        sys.stderr.write(f"{message}: {callee!r}\n")
        traceback.print_exception(error, file=sys.stderr)
