"""The words in brackets: `[out]`, `[size_is(n)]`. What each may say is a table; what it means is the marshaller's."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from callgate.declare.errors import closest, shown
from callgate.declare.expressions import evaluate
from callgate.declare.idl_words import DISPIDS, IGNORED, MEMBER_WORDS
from callgate.declare.lexer import is_name
from callgate.declare.state import State
from callgate_protocol.model import Attribute

__all__ = ["ATTRIBUTES", "Owner", "Written", "misplaced", "read_attributes", "resolve", "skip_to_close"]

ATTRIBUTES: Final[dict[str, str]] = {
    "in": "",
    "out": "",
    "allow_nul": "",
    "best_fit": "",
    "bytes": "",
    "character": "",
    "borrowed": "",
    "closes": "",
    "context": "",
    "copied": "",
    "keep": "",
    "lenient": "",
    "oneway": "",
    "ptr": "",
    "ref": "",
    "string": "",
    "unchecked": "",
    "unique": "",
    "wide": "",
    "encoding": "word",
    "errors": "word",
    "ansi": "",
    "bounds": "",
    "exact": "",
    "keep_types": "",
    "null_is_empty": "",
    "retval": "",
    "round": "",
    "throws": "",
    "free": "deallocator",
    "invalid": "numbers",
    "iid_is": "parameter",
    "length_is": "count",
    "offset": "place",
    "on_error": "value",
    "release": "function",
    "size_is": "count",
    "size": "value",
    "at_least": "value",
}
"""Every attribute and the argument it takes: none, the name of a function, a count (a parameter or member, also through
`*`, or an integer), a place (the parameter that a pointer points into; in a struct, the offset in bytes), numbers, or a
word. A deallocator may be left out: it is libc's `free`."""

_EVERYWHERE: Final = ATTRIBUTES | MEMBER_WORDS

_LEFT_OUT: Final = {"deallocator": "free", "shape": ""}
"""What an argument is that nobody wrote."""

_SAID_AS: Final = {"max_is": "size_is"}
"""Attributes that are others by another name: the highest index is one less than the count (R1.22)."""

_EXAMPLES: Final = {
    "most": "max_is(n - 1)",
    "dispid": "id(3)",
    "parameter": "iid_is(riid)",
    "text": "defaultvalue(5)",
    "function": "release(f)",
    "numbers": "invalid(0, -1)",
    "value": "on_error(-1)",
    "count": "size_is(n), size_is(*n), size_is(n + 1) or size_is(16)",
    "place": "offset(text)",
    "word": "errors(strict)",
}


class Owner:
    """What the attributes stand on: the names they may refer to, what those are called, and their common whole."""

    __slots__ = ("kind", "names", "whole")

    def __init__(self, names: Collection[str], kind: str, whole: str) -> None:
        self.names = names
        self.kind = kind
        self.whole = whole


class Written:
    """An attribute as it was written, before the names around it are known."""

    __slots__ = ("argument", "index", "name")

    def __init__(self, name: str, argument: str, index: int) -> None:
        self.name = name
        self.argument = argument
        self.index = index


def misplaced(state: State, index: int) -> bool:
    """Whether the bracket at `index` holds attributes where C has an array."""
    word, behind = state.texts[index + 1], state.texts[index + 2 : index + 3]
    return word in ATTRIBUTES and behind in (["]"], [","], ["("]) and state.constant(word) is None


def read_attributes(state: State) -> list[Written]:
    """The attributes at the cursor, in one pair of brackets or more."""
    written: list[Written] = []
    while state.accept("["):
        while True:
            if not (state.idl and _skipped(state)):
                written.append(_read_one(state))
            if not state.accept(","):
                break
        state.expect("]", "or ',' after an attribute")
    _refuse_duplicates(state, written)
    return written


def _skipped(state: State) -> bool:
    """Step over an attribute of IDL that says nothing about a call."""
    if state.word not in IGNORED:
        return False
    state.index += 1
    if state.accept("("):
        skip_to_close(state)
    return True


def skip_to_close(state: State) -> None:
    """Step over everything up to the parenthesis that closes the one before the cursor."""
    opened = state.index - 1
    depth = 1
    while depth:
        word = state.take()
        if not word:
            raise state.error("this parenthesis is never closed; add ')'", opened)
        depth += (word == "(") - (word == ")")


def _refuse_duplicates(state: State, written: list[Written]) -> None:
    seen: set[str] = set()
    for attribute in written:
        if attribute.name in seen:
            raise state.error(f"attribute {attribute.name!r} is given twice; keep one of them", attribute.index)
        seen.add(attribute.name)


def _read_one(state: State) -> Written:
    index = state.index
    name = state.word
    known = _EVERYWHERE if state.idl else ATTRIBUTES
    if name not in known:
        raise _unknown(state)
    state.index += 1
    kind = known[name]
    if not kind:
        if state.word == "(":
            raise state.error(f"attribute {name!r} takes no argument; write [{name}]")
        return Written(name, "", index)
    if not state.accept("("):
        if kind in _LEFT_OUT:
            return Written(name, _LEFT_OUT[kind], index)
        raise state.missing(f"attribute {name!r} needs an argument, e.g. {_EXAMPLES[kind]}")
    argument = _ARGUMENTS[kind](state)
    state.expect(")", f"to end {name}(")
    return Written(_SAID_AS.get(name, name), argument, index)


def _unknown(state: State) -> Exception:
    name = state.word
    if not is_name(name):
        return state.unexpected("expected an attribute, e.g. [out] or [size_is(n)]")
    hint = closest(name, _EVERYWHERE if state.idl else ATTRIBUTES) or "."
    known = ", ".join(_EVERYWHERE if state.idl else ATTRIBUTES)
    return state.error(f"unknown attribute {shown(name)}{hint} Known attributes: {known}")


def _read_function(state: State) -> str:
    if not is_name(state.word):
        raise state.unexpected("expected the name of the function that frees it")
    return state.take()


def _read_count(state: State) -> str:
    """`n`, `*n`, `16`, `n + 16`; behind a comma, of what the inner pointer of `T **` points to."""
    inner = "," if state.accept(",") else ""
    star = "*" if state.accept("*") else ""
    if is_name(state.word):
        name = star + state.take()
        return f"{inner}{name}+{_read_number(state)}" if state.accept("+") else inner + name
    if star:
        raise state.unexpected("expected a parameter name after '*'")
    return f"{inner}{_read_number(state)}"


def _read_number(state: State) -> int:
    index = state.index
    number = evaluate(state, state.constant)[0]
    if number < 0:
        raise state.error(f"{number} elements are less than none", index)
    return number


def _read_numbers(state: State) -> str:
    numbers = [evaluate(state, state.constant)[0]]
    while state.accept(","):
        numbers.append(evaluate(state, state.constant)[0])
    return " ".join(str(number) for number in sorted(set(numbers)))


def _read_value(state: State) -> str:
    """An integer constant, a decimal fraction, or `nan`: what a callback's result can be without an answer."""
    end = state.index
    while state.texts[end] not in (")", ""):
        end += 1
    written = "".join(state.texts[state.index : end])
    if "." in written or written in ("nan", "inf", "-inf"):
        try:
            value = float(written)
        except ValueError:
            raise state.unexpected("expected a number") from None
        state.index = end
        return repr(value)
    return str(evaluate(state, state.constant)[0])


def _read_place(state: State) -> str:
    if is_name(state.word):
        return state.take()
    return str(evaluate(state, state.constant)[0])


def _read_word(state: State) -> str:
    if not is_name(state.word):
        raise state.unexpected("expected a word; of a name with '-', write '_'")
    return state.take()


def _read_most(state: State) -> str:
    """`max_is(n)`, `max_is(n - 1)`, `max_is(15)`: the count behind it, as `size_is` says it."""
    index, name = state.index, ""
    if state.word == "*" or (is_name(state.word) and state.constant(state.word) is None):
        name = "*" * state.accept("*")
        if not is_name(state.word):
            raise state.unexpected("expected a parameter name after '*'")
        name += state.take()
    more = 1
    if not name or state.word in ("+", "-"):
        more += evaluate(state, state.constant)[0]
    if more < 0:
        raise state.error(f"{name}{more} elements are less than size_is can say", index)
    return name if name and not more else f"{name}+{more}" if name else str(more)


def _read_parameter(state: State) -> str:
    if not is_name(state.word):
        raise state.unexpected("expected the name of a parameter")
    return state.take()


def _read_shape(state: State) -> str:
    if not is_name(state.word):
        raise state.unexpected("expected the typedef of a function pointer")
    return state.take()


def _read_dispid(state: State) -> str:
    """A number, which is signed whatever it looks like, or one of those with a name."""
    if state.word in DISPIDS:
        return str(DISPIDS[state.take()])
    index = state.index
    number = evaluate(state, state.constant)[0]
    if not -(1 << 31) <= number < 1 << 32:
        raise state.error(f"{number} is no DISPID: it has 32 bits", index)
    return str(number - (1 << 32) if number >= 1 << 31 else number)


def _read_text(state: State) -> str:
    """What stands up to the closing parenthesis, as it is written."""
    start = state.index
    depth = 1
    while depth:
        word = state.texts[state.index]
        if not word:
            raise state.error("this parenthesis is never closed; add ')'", start - 1)
        depth += (word == "(") - (word == ")")
        state.index += bool(depth)
    if state.index == start:
        raise state.unexpected("expected a value")
    return state.stretch(start, state.index)


_ARGUMENTS: Final[dict[str, Callable[[State], str]]] = {
    "deallocator": _read_function,
    "function": _read_function,
    "numbers": _read_numbers,
    "value": _read_value,
    "count": _read_count,
    "place": _read_place,
    "word": _read_word,
    "most": _read_most,
    "parameter": _read_parameter,
    "shape": _read_shape,
    "dispid": _read_dispid,
    "text": _read_text,
}


_WITHOUT_NAMES: Final = frozenset(
    {"", "deallocator", "dispid", "function", "numbers", "shape", "text", "value", "word"}
)
"""Arguments that refer to no parameter or member beside them."""


def resolve(state: State, written: list[Written], owner: Owner, own: str = "") -> tuple[Attribute, ...]:
    """The attributes for the model, in canonical order. `own` is the name of the parameter or member that has them."""
    return tuple(sorted(Attribute(entry.name, _argument(state, entry, owner, own)) for entry in written))


def _argument(state: State, entry: Written, owner: Owner, own: str) -> str:
    kind, argument = _EVERYWHERE[entry.name], entry.argument
    inner, plain = argument[: argument.startswith(",")], argument.removeprefix(",")
    name, plus, more = plain.removeprefix("*").partition("+")
    if entry.name in ("size", "at_least"):
        raise state.error(
            f"[{entry.name}] does not belong here: it stands before a struct with its members", entry.index
        )
    if kind == "place" and owner.kind == "member":
        return _offset(state, entry)
    if kind in _WITHOUT_NAMES or (kind == "count" and plain.isdigit()):
        return argument
    if name == own:
        raise state.error(f"{entry.name}({argument}) refers to {own!r} itself; name another {owner.kind}", entry.index)
    if name in owner.names:
        return argument
    value = state.constant(plain.partition("+")[0])
    if value is not None and value[0] >= 0 and kind == "count":
        return f"{inner}{value[0] + int(more) if plus else value[0]}"
    raise state.error(
        f"{entry.name}({argument[:60]}): {owner.whole} has no {owner.kind} {shown(name)}"
        f"{closest(name, owner.names) or '.'} It has: {', '.join(list(owner.names)[:12]) or 'none'}",
        entry.index,
    )


def _offset(state: State, entry: Written) -> str:
    """R7.4: a member lies at a number of bytes."""
    value = state.constant(entry.argument)
    number = entry.argument if value is None else str(value[0])
    if not (number.isascii() and number.isdigit()):
        raise state.error(f"offset({entry.argument[:60]}) is no number of bytes, e.g. [offset(8)]", entry.index)
    return number
