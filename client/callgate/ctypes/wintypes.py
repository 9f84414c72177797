"""`ctypes.wintypes`: the names of another system's headers, made from the standard library's list of them."""

from __future__ import annotations

from typing import Any

from . import tools
from .pointers import POINTER
from .simple import SimpleType, _SimpleCData
from .standard import std
from .structures import RecordType, Structure

_made: dict[Any, Any] = {}


def _ours(kind: Any) -> Any:
    """Our type for one of the standard library's."""
    known = _made.get(kind)
    if known is None:
        known = _made[kind] = _make(kind)
    return known


def _make(kind: Any) -> Any:
    if issubclass(kind, std._SimpleCData):
        if kind.__module__ == "ctypes":
            return getattr(tools, kind.__name__)
        return SimpleType(kind.__name__, (_SimpleCData,), {"_type_": kind._type_, "__module__": __name__})
    if issubclass(kind, std._Pointer):
        return POINTER(_ours(kind._type_))
    if issubclass(kind, std.Array):
        return _ours(kind._type_) * kind._length_
    fields = [(name, _ours(member)) for name, member in kind._fields_]
    return RecordType(kind.__name__, (Structure,), {"_fields_": fields, "__module__": __name__})


for _name, _value in vars(std.wintypes).items():
    if not _name.startswith("_") and _name != "ctypes":
        globals()[_name] = _ours(_value) if isinstance(_value, type) else _value


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
