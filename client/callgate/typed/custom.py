"""Custom marshallers: a class of the user's own that turns a value into a native block and back (R19.47)."""

from __future__ import annotations

import enum
from typing import Any, Final, Protocol

from callgate.errors import ArgumentError, MarshalDirectiveError
from callgate_protocol.model import Pointer, Void

from .marks import Mark
from .reading import Note
from .space import Lowered
from .structs import layout_of
from .where import Where

__all__ = ["Custom", "Marshaller", "custom", "lower_custom"]

_METHODS: Final = ("managed_to_native", "native_to_managed", "clean_up_native", "clean_up_managed", "native_size")
_VALUES: Final = (int, float, bool, complex)


class Marshaller(Protocol):
    """What `get_instance(cookie)` has to give."""

    def managed_to_native(self, value: Any) -> Any:
        """The native block of a value: bytes, which are copied for the call, or memory of the host."""

    def native_to_managed(self, native: Any) -> Any:
        """The value of a pointer that native code gave."""

    def clean_up_native(self, native: Any) -> None:
        """What `managed_to_native` made, or the pointer that was read, is not needed any more."""

    def clean_up_managed(self, value: Any) -> None:
        """What `native_to_managed` made for a callback is not needed any more."""

    def native_size(self) -> int:
        """Bytes of a block; -1 for references."""


class Custom(Mark):
    """A type whose values a marshaller converts."""

    name: str
    marshaller: Any


_MADE: Final[dict[tuple[Any, str], Any]] = {}
"""Marshallers by class and cookie: `get_instance` is asked once for each."""


def custom(factory: Any, cookie: str = "") -> Custom:
    """Beside a type: its values are converted by what `factory.get_instance(cookie)` gives.

    Raises ArgumentError when that is None, MarshalDirectiveError when it lacks one of the five methods (R19.44).
    """
    key = (factory, cookie)
    if key not in _MADE:
        made = factory.get_instance(cookie)
        if made is None:
            raise ArgumentError(f"{factory.__name__}.get_instance({cookie!r}) gave None (R19.44, R19.47)")
        missing = [name for name in _METHODS if not callable(getattr(made, name, None))]
        if missing:
            raise MarshalDirectiveError(f"{factory.__name__} is no marshaller: it lacks {', '.join(missing)} (R19.44)")
        _MADE[key] = made
    return Custom(factory.__name__, _MADE[key])


def lower_custom(note: Note, where: Where) -> Lowered:
    """The type of a converted value is a pointer. Raises MarshalDirectiveError where none can stand."""
    if where.modes.strict or where.modes.raw:
        raise where.refusal(note, "custom marshallers are used in classic mode only", "R1.25, R19.18")
    layout = layout_of(note.python)
    is_class = isinstance(note.python, type)
    if (is_class and issubclass(note.python, (*_VALUES, enum.Enum))) or (layout is not None and not layout.reference):
        raise where.refusal(note, "custom marshallers convert references, and this is a value", "R19.47")
    if where.kind not in ("parameter", "result"):
        raise where.refusal(note, "custom marshallers convert parameters and results only", "R19.47")
    return Lowered(Pointer(Void()), {})
