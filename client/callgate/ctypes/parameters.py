"""From Python arguments to what crosses: declared parameters, undeclared ones, and parameter flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from callgate.errors import Error

from .cdata import CArg, CData, home_all
from .memory import Address, address_of_number, home_of_bytes
from .refusals import ArgumentError
from .simple import wide_block

__all__ = ["check_count", "ready", "undeclared", "with_flags"]

_INT: Final = 1 << 32
_IN, _OUT, _LCID = 1, 2, 4
_MOST: Final = 1024
"""As many arguments as ctypes passes."""


def ready(name: str, argtypes: Sequence[Any] | None, arguments: Sequence[Any]) -> list[CArg]:
    """Every argument, converted left to right, and everything that is pointed to at home in the host."""
    check_count(name, len(arguments))
    ready_ones: list[CArg] = []
    for index, value in enumerate(arguments):
        try:
            declared = argtypes is not None and index < len(argtypes)
            given = argtypes[index].from_param(value) if declared and argtypes is not None else value
            ready_ones.append(undeclared(given))
        except Error:
            raise
        except Exception as error:
            text = f"argument {index + 1} of {name}: {type(error).__name__}: {error}"
            raise ArgumentError(text, function=name, argument=index + 1) from error
    home_all(ready_ones)
    return ready_ones


def check_count(name: str, count: int) -> None:
    """Raise ArgumentError for more arguments than ctypes passes."""
    if count > _MOST:
        raise ArgumentError(f"{name}: too many arguments ({count}), maximum is {_MOST}", function=name)


def undeclared(value: Any) -> CArg:
    """What an argument means when no type says so."""
    if isinstance(value, CArg):
        return value
    if isinstance(value, CData):
        return value._pass_()
    if value is None:
        return CArg("P", 0, None)
    if isinstance(value, Address):
        return CArg("P", address_of_number(value), value)
    if isinstance(value, int):
        return CArg("i", _as_int(value), value, code="i")
    if isinstance(value, bytes):
        return CArg("P", 0, value, home_of_bytes(value), code="z")
    if isinstance(value, str):
        return CArg("P", 0, value, wide_block(value), code="Z")
    if hasattr(value, "_as_parameter_"):
        return undeclared(value._as_parameter_)
    raise TypeError(f"Don't know how to convert parameter of type {type(value).__name__}; give the function argtypes")


def _as_int(value: int) -> int:
    """What fits an `int` or `unsigned int`. ctypes cuts longer ones without a word."""
    if not -(_INT >> 1) <= value < _INT:
        raise OverflowError(f"{value} does not fit a C int; give the function argtypes")
    low = int(value) & (_INT - 1)
    return low - _INT if low >= _INT >> 1 else low


def with_flags(
    name: str, argtypes: Sequence[Any], flags: Sequence[Any], given: Sequence[Any], named: dict[str, Any]
) -> tuple[list[Any], list[tuple[int, bool]]]:
    """All arguments, and which of them are results: position, and whether it is out only (`paramflags`)."""
    arguments: list[Any] = []
    results: list[tuple[int, bool]] = []
    rest = iter(given)
    used = 0
    for position, (kind, entry) in enumerate(zip(argtypes, flags, strict=False)):
        flag, word, default = (*entry, None, None)[:3]
        has_default = len(entry) > 2
        if flag & _OUT:
            results.append((position, not flag & _IN))
        if flag & _LCID:
            value = default if has_default else 0
        elif flag == _OUT:
            value = default if has_default else _out_object(kind)
        else:
            value, taken = _given(word, default, has_default, rest, named)
            used += taken
        arguments.append(value)
    if used < len(given) + len(named):
        expected = sum(1 for entry in flags if entry[0] != _OUT and not entry[0] & _LCID)
        raise TypeError(f"{name}() takes exactly {expected} arguments ({len(given) + len(named)} given)")
    return arguments, results


def _given(word: Any, default: Any, has_default: bool, rest: Any, named: dict[str, Any]) -> tuple[Any, int]:
    for value in rest:
        return value, 1
    if word is not None and word in named:
        return named[word], 1
    if has_default:
        return default, 0
    raise TypeError(f"required argument '{word}' missing" if word else "not enough arguments")


def _out_object(kind: Any) -> Any:
    """The object that an out parameter is filled into."""
    from .arrays import ArrayType  # noqa: PLC0415 - arrays and pointers are made of what is defined here

    return kind() if isinstance(kind, ArrayType) else kind._type_()
