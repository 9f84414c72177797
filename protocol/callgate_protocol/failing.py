"""Callbacks without an answer: what native code gets instead (R9.9), and which callbacks it does not wait for."""

from __future__ import annotations

from collections.abc import Sequence

from .directives import DirectiveError
from .forms import Boolean, Enumeration, Floating, Form, Integer, Nothing
from .model import Delegate, Function, FunctionPointer, Parameter
from .signatures import ParameterPlan

__all__ = ["answerless", "refuse_misplaced"]

_WORDS = ("on_error", "oneway")
_LIFE = ("release", "invalid")
_NUMBERS = (Integer, Enumeration, Floating, Boolean)


def answerless(
    entry: Function | Delegate, result: Form, parameters: Sequence[ParameterPlan]
) -> tuple[int | float, bool]:
    """The `on_error` value of a delegate, and whether it is `oneway`. Raises DirectiveError."""
    oneway, on_error = entry.result.has("oneway"), entry.result.attribute("on_error")
    if isinstance(entry, Function):
        if oneway or on_error:
            raise DirectiveError(f"{entry.name} is a function; [oneway] and [on_error(…)] belong to function pointers")
        return 0, False
    if oneway:
        _check_oneway(entry.name, result, parameters)
    if on_error is None:
        return 0, oneway
    return _value(entry.name, on_error.argument, result), oneway


def _check_oneway(name: str, result: Form, parameters: Sequence[ParameterPlan]) -> None:
    if not isinstance(result, Nothing) or any(plan.direction.travels_out for plan in parameters):
        text = "native code does not wait for a [oneway] callback, so it can have no result and no outs"
        raise DirectiveError(f"{name}: {text}")


def _value(name: str, text: str, result: Form) -> int | float:
    if not isinstance(result, _NUMBERS):
        raise DirectiveError(f"{name}: on_error({text}) needs a number as the result; pointers and structs are zero")
    try:
        value = float(text) if isinstance(result, Floating) else int(text)
    except ValueError:
        raise DirectiveError(f"{name}: on_error({text}) is not a value of its result") from None
    if isinstance(result, Boolean) and value not in (0, 1):
        raise DirectiveError(f"{name}: on_error({text}) is not a truth value; write 0 or 1")
    return value


def refuse_misplaced(parameter: Parameter, where: str) -> None:
    """Words of a function pointer on something else. Raises DirectiveError."""
    for word in _LIFE:
        if parameter.has(word):
            raise DirectiveError(f"{where}: [{word}(…)] belongs to the typedef of an opaque struct")
    for word in _WORDS:
        if parameter.has(word):
            hint = "write it at its typedef" if isinstance(parameter.type, FunctionPointer) else "it is none"
            raise DirectiveError(f"{where}: [{word}] is part of a function pointer's own type; {hint}")
