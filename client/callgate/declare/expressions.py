"""Integer constant expressions with the arithmetic of C: 32 and 64 bits, signed and unsigned."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final, TypeAlias

from callgate.declare.cursor import Cursor
from callgate.declare.errors import shown
from callgate.declare.lexer import is_name

__all__ = ["Lookup", "Value", "evaluate", "value_of"]

Value: TypeAlias = tuple[int, int]
"""A number and its rank: int, unsigned, long, unsigned long. The rank of a sum is the higher rank of its terms."""

Lookup: TypeAlias = Callable[[str], "Value | None"]

_RANGES: Final = ((-(2**31), 2**31 - 1), (0, 2**32 - 1), (-(2**63), 2**63 - 1), (0, 2**64 - 1))
_BITS: Final = (32, 32, 64, 64)
_UNSIGNED: Final = (1, 3)

_PRECEDENCE: Final = {"|": 1, "^": 2, "&": 3, "<<": 4, ">>": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_OPERATIONS: Final[dict[str, Callable[[int, int], int]]] = {
    "|": operator.or_,
    "^": operator.xor,
    "&": operator.and_,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: -(-left // right) if (left < 0) != (right < 0) else left // right,
    "%": lambda left, right: -(-left % abs(right)) if left < 0 else left % abs(right),
}
_UNARY: Final[dict[str, Callable[[int], int]]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}

# Ranks that a constant may have, by its suffix; decimal constants without "u" are never unsigned.
_SUFFIXES: Final = {"": (0, 1, 2, 3), "u": (1, 3), "l": (2, 3), "ul": (3,), "lu": (3,)}
_SUFFIXES_LONG: Final = {"ll": "l", "ull": "ul", "llu": "ul"}
_LONGEST_NUMBER: Final = 80

_ESCAPES: Final = {
    "n": 10,
    "t": 9,
    "r": 13,
    "a": 7,
    "b": 8,
    "f": 12,
    "v": 11,
    "\\": 92,
    "'": 39,
    '"': 34,
    "?": 63,
}


def value_of(number: int) -> Value:
    """A number with the first rank that holds it, as an enum constant has it."""
    return number, next((rank for rank in (0, 2, 3) if _holds(number, rank)), 3)


def evaluate(cursor: Cursor, lookup: Lookup) -> Value:
    """The value of the expression at the cursor. `lookup` knows the constants declared so far."""
    return _binary(cursor, lookup, 1)


def _holds(number: int, rank: int) -> bool:
    lowest, highest = _RANGES[rank]
    return lowest <= number <= highest


def _binary(cursor: Cursor, lookup: Lookup, lowest: int) -> Value:
    left = _unary(cursor, lookup)
    while (precedence := _PRECEDENCE.get(cursor.word, 0)) >= lowest:
        index = cursor.index
        cursor.index += 1
        right = _binary(cursor, lookup, precedence + 1)
        left = _apply(cursor, index, left, right)
    return left


def _apply(cursor: Cursor, index: int, left: Value, right: Value) -> Value:
    sign = cursor.texts[index]
    if sign in ("<<", ">>"):
        return _shift(cursor, index, left, right)
    rank = max(left[1], right[1])
    first, second = _fit(left[0], rank), _fit(right[0], rank)
    if sign in "/%" and second == 0:
        raise cursor.error("division by zero in a constant expression", index)
    return _checked(cursor, index, _OPERATIONS[sign](first, second), rank)


def _shift(cursor: Cursor, index: int, left: Value, right: Value) -> Value:
    rank = left[1]
    if not 0 <= right[0] < _BITS[rank]:
        raise cursor.error(f"cannot shift {_BITS[rank]} bits by {right[0]}; a suffix like 1UL makes 64 bits", index)
    number = _OPERATIONS[cursor.texts[index]](left[0], right[0])
    return _fit(number, rank), rank


def _fit(number: int, rank: int) -> int:
    """The number as a variable of that rank holds it."""
    bits = _BITS[rank]
    number &= (1 << bits) - 1
    return number if rank in _UNSIGNED or number < 1 << (bits - 1) else number - (1 << bits)


def _checked(cursor: Cursor, index: int, number: int, rank: int) -> Value:
    if rank not in _UNSIGNED and not _holds(number, rank):
        raise cursor.error(f"{number} does not fit {_BITS[rank]} bits; a suffix like 1L or 1UL makes 64 bits", index)
    return _fit(number, rank), rank


def _unary(cursor: Cursor, lookup: Lookup) -> Value:
    index = cursor.index
    operation = _UNARY.get(cursor.word)
    if operation is None:
        return _primary(cursor, lookup)
    cursor.enter()
    cursor.index += 1
    number, rank = _unary(cursor, lookup)
    cursor.leave()
    return _checked(cursor, index, operation(number), rank)


def _primary(cursor: Cursor, lookup: Lookup) -> Value:
    word = cursor.word
    if word == "(":
        return _parenthesised(cursor, lookup)
    if is_name(word):
        return _named(cursor, lookup)
    if word[:1].isdigit():
        value = _literal(cursor, word)
    elif word[:1] == "'" and len(word) > 1:
        value = _character(cursor, word), 0
    else:
        raise cursor.unexpected("expected an integer constant")
    cursor.index += 1
    return value


def _parenthesised(cursor: Cursor, lookup: Lookup) -> Value:
    cursor.enter()
    cursor.index += 1
    value = evaluate(cursor, lookup)
    cursor.expect(")", "in a constant expression")
    cursor.leave()
    return value


def _named(cursor: Cursor, lookup: Lookup) -> Value:
    word = cursor.word
    if word in ("sizeof", "_Alignof", "offsetof"):
        raise cursor.error(f"{word} is not known here, because layout belongs to the host; write the number")
    value = lookup(word)
    if value is None:
        raise cursor.error(
            f"{shown(word)} is not an integer constant declared above; "
            f"declare it first, e.g. '#define {word[:60]} 16', or write the number"
        )
    cursor.index += 1
    return value


def _literal(cursor: Cursor, word: str) -> Value:
    body = word.rstrip("uUlL") if len(word) <= _LONGEST_NUMBER else ""
    suffix = word[len(body) :].lower()
    ranks = _SUFFIXES.get(_SUFFIXES_LONG.get(suffix, suffix), ())
    number = _number(body)
    if number is None or not ranks:
        raise cursor.error(f"{shown(word)} is not an integer constant; write e.g. 16, 0x10 or 020")
    if body[0] != "0" and "u" not in suffix:
        ranks = tuple(rank for rank in ranks if rank not in _UNSIGNED)
    for rank in ranks:
        if _holds(number, rank):
            return number, rank
    raise cursor.error(f"{word} does not fit 64 bits" + ("" if "u" in suffix else "; a suffix U makes it unsigned"))


def _number(body: str) -> int | None:
    base = {"0x": 16, "0X": 16, "0b": 2, "0B": 2}.get(body[:2]) or (8 if body[:1] == "0" else 10)
    if "_" in body or not body.isascii():
        return None
    try:
        return int(body, base)
    except ValueError:
        return None


def _character(cursor: Cursor, word: str) -> int:
    body = word[1:-1]
    if len(body) == 1 and body.isascii() and body != "\\":
        return ord(body)
    if len(body) == 2 and body[0] == "\\" and body[1] in _ESCAPES:
        return _ESCAPES[body[1]]
    number = _numeric_escape(body)
    if number is None:
        raise cursor.error(f"{shown(word)} is not a character constant; write one character, e.g. 'a' or '\\n'")
    return number - 256 if number > 127 else number


def _numeric_escape(body: str) -> int | None:
    digits, base = (body[2:], 16) if body[:2] == "\\x" else (body[1:], 8)
    if body[:1] != "\\" or not digits.isalnum() or not digits.isascii() or len(digits) > 3:
        return None
    try:
        number = int(digits, base)
    except ValueError:
        return None
    return number if number < 256 else None
