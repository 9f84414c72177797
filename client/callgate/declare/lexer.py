"""Text to tokens. A token is its own spelling: its kind is plain from it, and the end is the empty string.

The pattern finds words and ordinary punctuation; what needs more than one look (comments, strings, preprocessor lines)
is scanned by hand. That keeps the pattern small: compiling a large one would cost more than a typical text takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from callgate.declare.errors import fault

__all__ = ["PUNCTUATION", "Directive", "Tokens", "is_name", "tokenise"]

PUNCTUATION: Final = frozenset("()[]{}*,;:=+-/%&|^~<>!?.")
"""Single characters that C uses; anything else that stands alone is a stray character."""

# The end is an alternative of its own: else a long run of blanks before it would be tried from every blank.
_TOKEN: Final = re.compile(r"\s*+(?:(\w+|[^\s/#\"'.<>\\])|(\S)|\Z)", re.ASCII)


class Directive:
    """A preprocessor line: its extent in the source, and the index of the token that follows it."""

    __slots__ = ("end", "index", "start")

    def __init__(self, start: int, end: int, index: int) -> None:
        self.start = start
        self.end = end
        self.index = index


class Tokens:
    """The tokens of a stretch of source: spellings, their offsets, and the preprocessor lines between them."""

    __slots__ = ("directives", "source", "starts", "texts")

    def __init__(self, source: str) -> None:
        self.source = source
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.directives: list[Directive] = []

    def add(self, start: int, end: int) -> int:
        """Append the token at that place; the answer is its end."""
        self.texts.append(self.source[start:end])
        self.starts.append(start)
        return end


def is_name(token: str) -> bool:
    """Whether the token is a C identifier or keyword."""
    return token.isidentifier() and token.isascii()


def tokenise(source: str, start: int = 0, end: int | None = None) -> Tokens:
    """The tokens of `source[start:end]`; offsets count from the start of `source`."""
    tokens = Tokens(source)
    limit = len(source) if end is None else end
    place = start
    while place < limit:
        place = _run(tokens, place, limit)
    # The end is pointed at behind the last thing written, not behind the comments that follow it.
    place = tokens.starts[-1] + len(tokens.texts[-1]) if tokens.starts else start
    tokens.add(place, place)
    return tokens


def _run(tokens: Tokens, place: int, limit: int) -> int:
    """Read ordinary tokens and one special one; the answer is where to go on."""
    texts, starts = tokens.texts, tokens.starts
    for match in _TOKEN.finditer(tokens.source, place, limit):
        if match.lastindex == 1:
            texts.append(match[1])
            starts.append(match.start(1))
        elif match.lastindex == 2:
            return _SPECIAL[match[2]](tokens, match.start(2), limit)
    return limit


def _slash(tokens: Tokens, start: int, limit: int) -> int:
    source = tokens.source
    following = source[start + 1 : min(start + 2, limit)]
    if following == "/":
        end = source.find("\n", start, limit)
        return end if end >= 0 else limit
    if following == "*":
        end = source.find("*/", start + 2, limit)
        if end < 0:
            raise fault(source, start, "this comment never ends; add '*/'")
        return end + 2
    return tokens.add(start, start + 1)


def _quote(tokens: Tokens, start: int, limit: int) -> int:
    source = tokens.source
    place = start + 1
    while place < limit and source[place] not in (source[start], "\n"):
        place += 2 if source[place] == "\\" else 1
    if place >= limit or source[place] == "\n":
        raise fault(source, start, f"the text in quotes never ends; add {source[start]} on the same line")
    return tokens.add(start, place + 1)


def _dot(tokens: Tokens, start: int, limit: int) -> int:
    return tokens.add(start, start + 3 if tokens.source.startswith("...", start, limit) else start + 1)


def _angle(tokens: Tokens, start: int, limit: int) -> int:
    doubled = tokens.source[start] * 2
    return tokens.add(start, start + 2 if tokens.source.startswith(doubled, start, limit) else start + 1)


def _backslash(tokens: Tokens, start: int, limit: int) -> int:
    for newline in ("\n", "\r\n"):
        if tokens.source.startswith(newline, start + 1, limit):
            return start + 1 + len(newline)
    return tokens.add(start, start + 1)


def _hash(tokens: Tokens, start: int, limit: int) -> int:
    source = tokens.source
    if source[source.rfind("\n", 0, start) + 1 : start].strip():
        raise fault(source, start, "stray '#': preprocessor lines begin a line; remove it")
    place = start
    while True:
        end = source.find("\n", place, limit)
        end = end if end >= 0 else limit
        comment = source.find("/*", place, end)
        if comment >= 0 and source.find("//", place, comment) < 0:
            # A comment may go on over the end of the line, and the line behind it.
            place = _slash(tokens, comment, limit)
        elif source[start:end].rstrip("\r").endswith("\\") and end < limit:
            place = end + 1
        else:
            break
    tokens.directives.append(Directive(start, end, len(tokens.texts)))
    return end


_SPECIAL: Final[dict[str, Callable[[Tokens, int, int], int]]] = {
    "/": _slash,
    "#": _hash,
    '"': _quote,
    "'": _quote,
    ".": _dot,
    "<": _angle,
    ">": _angle,
    "\\": _backslash,
}
