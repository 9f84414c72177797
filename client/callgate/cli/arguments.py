"""Words of a command line to Python values, as the declared C types ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from callgate.values import StrBuf, constant
from callgate_protocol.forms import (
    Address,
    Boolean,
    BStr,
    Bytes,
    Character,
    Code,
    Context,
    EditedText,
    Elements,
    Enumeration,
    Floating,
    Form,
    Handle,
    Integer,
    Raw,
    SafeElements,
    Structure,
    SystemValue,
    Text,
    Truth,
    Variant,
    Wide,
)
from callgate_protocol.signatures import Direction, ParameterPlan, Signature

__all__ = ["BadArgument", "convert"]

NULL = "null"
_SINGLE = (Integer, Floating, Boolean, Truth, Enumeration, BStr, SystemValue, Variant)
"""What stands alone behind a pointer to one of them; everything else is JSON."""
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class BadArgument(ValueError):
    """A word that is no value of the declared type. The message says which, and what would be."""


class _Unfit(Exception):
    """Why a word does not fit, before it is known which one it is."""


def convert(signature: Signature, words: Sequence[str]) -> list[Any]:
    """The arguments of a call. Raises BadArgument."""
    passed = signature.passed
    if len(words) < len(passed) or (len(words) > len(passed) and not signature.variadic):
        wanted = ", ".join(plan.name for plan in passed) or "no arguments"
        more = " and more" if signature.variadic else ""
        raise BadArgument(f"{signature.name} takes {wanted}{more}; {_counted(len(words))} given")
    values = [_convert_one(position, plan, word) for position, (plan, word) in enumerate(zip(passed, words), 1)]  # noqa: B905 - the rest is variadic
    return values + [_guess(word) for word in words[len(passed) :]]


def _counted(count: int) -> str:
    return f"{count} were" if count > 1 else "1 was" if count else "nothing was"


def _convert_one(position: int, plan: ParameterPlan, word: str) -> Any:
    try:
        if plan.in_place:
            return _target(plan, word)
        return _CONVERTERS[type(plan.form)](plan.form, word)
    except _Unfit as fault:
        raise BadArgument(f"argument {position} '{plan.name}': {fault}") from None


def _integer(form: Form, word: str) -> int | str:
    try:
        return int(word, 0)
    except ValueError:
        if isinstance(form, Integer) and form.scalar == "char" and len(word) == 1:
            return word
        raise _Unfit(f"{word!r} is no integer; write e.g. 42, -7 or 0x2a") from None


def _enumeration(_form: Form, word: str) -> int | str:
    try:
        return int(word, 0)
    except ValueError:
        return word  # a member's name; the library's declaration knows it


def _floating(_form: Form, word: str) -> float:
    try:
        return float.fromhex(word) if "0x" in word.lower() else float(word)
    except (ValueError, OverflowError):
        raise _Unfit(f"{word!r} is no number; write e.g. 0.5, 1e-3 or inf") from None


def _boolean(_form: Form, word: str) -> bool:
    if word.lower() not in _BOOLEANS:
        raise _Unfit(f"{word!r} is neither true nor false")
    return _BOOLEANS[word.lower()]


def _text(_form: Form, word: str) -> str | None:
    if word == NULL:
        return None
    return _unquoted(word)


def _unquoted(word: str) -> str:
    """Text as it stands, or what a JSON string in double quotes says: `"null"` and line breaks need it."""
    if len(word) > 1 and word[0] == word[-1] == '"':
        try:
            return str(json.loads(word))
        except ValueError:
            return word
    return word


def _bytes(_form: Form, word: str) -> bytes | None:
    if word == NULL:
        return None
    if word.startswith("["):
        return _byte_list(word)
    return _unquoted(word).encode()


def _byte_list(word: str) -> bytes:
    try:
        return bytes(_json(word))
    except (TypeError, ValueError):
        raise _Unfit(f"{word!r} is no list of bytes; write e.g. [1, 2, 255]") from None


def _elements(form: Form, word: str) -> Any:
    assert isinstance(form, Elements)
    if form.count is None and isinstance(form.element, _SINGLE) and word != NULL:
        return _CONVERTERS[type(form.element)](form.element, word)
    return _json(word)


def _json(word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        raise _Unfit(f"""{word!r} is no JSON; write e.g. '[1, 2, 3]', '["a", "b"]' or '{{"x": 1}}'""") from None


def _raw(_form: Form, word: str) -> bytes:
    return _byte_list(word)


def _handle(form: Form, word: str) -> None:
    assert isinstance(form, Handle)
    if word != NULL:
        raise _Unfit(f"a {form.opaque} handle lives in its host and cannot be typed; only null can be given here")


def _pointer(_form: Form, word: str) -> Any:
    if word == NULL:
        return None
    try:
        return constant(int(word, 0))
    except ValueError:
        return _unquoted(word).encode() + b"\0"


def _code(_form: Form, word: str) -> Any:
    if word == NULL:
        return None
    try:
        return constant(int(word, 0))
    except ValueError:
        raise _Unfit("a callback cannot be typed; only null or a magic number can be given here") from None


def _target(plan: ParameterPlan, word: str) -> Any:
    """Memory that the function fills: what stands in it before, or only how much of it there is."""
    if word == NULL:
        return None
    if plan.direction is Direction.INOUT:
        return bytearray(_bytes(plan.form, word) or b"") if isinstance(plan.form, Bytes) else _json(word)
    if word.startswith("["):
        return bytearray(_byte_list(word)) if isinstance(plan.form, Bytes) else _json(word)
    size = _integer(plan.form, word)
    if not isinstance(size, int) or size < 0:
        raise _Unfit(f"{word!r} is no size of the memory to be filled")
    if not isinstance(plan.form, Bytes):
        return [0] * size
    return StrBuf(size - 1) if plan.form.text and size else bytearray(size)


def _guess(word: str) -> Any:
    """A value after `...`: whatever it looks like."""
    if word == NULL:
        return None
    for read in (lambda: int(word, 0), lambda: float(word)):
        try:
            return read()
        except ValueError:
            continue
    return _unquoted(word)


def _system(form: Form, word: str) -> Any:
    """A date as ISO 8601 writes it, a decimal number, a GUID, or an integer."""
    assert isinstance(form, SystemValue)
    if form.name == "GUID":
        return word
    if form.name in ("DATE", "FILETIME"):
        return _moment(word)
    return _decimal(word) if form.name in ("DECIMAL", "CURRENCY") else _integer(form, word)


def _moment(word: str) -> Any:
    from datetime import datetime  # noqa: PLC0415 - few functions take one

    try:
        return datetime.fromisoformat(word)
    except ValueError:
        raise _Unfit(
            f"{word!r} is no date; write e.g. 2000-01-31, 2000-01-31T12:00 or 2000-01-31T12:00+00:00"
        ) from None


def _decimal(word: str) -> Any:
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415 - few functions take one

    try:
        return Decimal(word)
    except InvalidOperation:
        raise _Unfit(f"{word!r} is no decimal number; write e.g. 1.50") from None


def _variant(_form: Form, word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        return word


_CONVERTERS: dict[type[Form], Callable[[Form, str], Any]] = {
    Address: _pointer,
    BStr: _text,
    Boolean: _boolean,
    Bytes: _bytes,
    Character: _text,
    Code: _code,
    Context: _text,
    EditedText: _text,
    Elements: _elements,
    Enumeration: _enumeration,
    Floating: _floating,
    Handle: _handle,
    Integer: _integer,
    Raw: _raw,
    SafeElements: lambda _form, word: _json(word),
    Structure: lambda _form, word: _json(word),
    SystemValue: _system,
    Text: _text,
    Truth: _boolean,
    Variant: _variant,
    Wide: _text,
}
