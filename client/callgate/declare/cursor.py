"""A place in a sequence of tokens, and how errors point at it."""

from __future__ import annotations

import re
from typing import Final

from callgate.declare.errors import PrototypeError, fault, shown
from callgate.declare.lexer import PUNCTUATION, Tokens, is_name

__all__ = ["DEEPEST", "Cursor"]

DEEPEST: Final = 64
"""Nesting that the parser follows. Deeper texts are refused, so that no text can exhaust the stack."""


class Cursor:
    """The tokens, and the index of the next one."""

    __slots__ = ("index", "nesting", "source", "starts", "texts")

    def __init__(self, tokens: Tokens) -> None:
        self.source = tokens.source
        self.texts = tokens.texts
        self.starts = tokens.starts
        self.index = 0
        self.nesting = 0

    @property
    def word(self) -> str:
        """The next token; an empty string at the end."""
        return self.texts[self.index]

    @property
    def offset(self) -> int:
        """Where the next token stands in the source."""
        return self.starts[self.index]

    def take(self) -> str:
        """The next token, and step over it. The end of the text is never stepped over."""
        word = self.texts[self.index]
        if word:
            self.index += 1
        return word

    def accept(self, word: str) -> bool:
        """Step over `word` if it is next."""
        if self.texts[self.index] != word:
            return False
        self.index += 1
        return True

    def expect(self, word: str, where: str) -> None:
        """Step over `word`, or say that it is missing."""
        if not self.accept(word):
            raise self.unexpected(f"expected {word!r} {where}")

    def enter(self) -> None:
        """Go one level deeper; an error leaves all levels at once, so only success calls `leave`."""
        self.nesting += 1
        if self.nesting > DEEPEST:
            raise self.error(f"nested deeper than {DEEPEST} levels; name the inner parts with typedef")

    def leave(self) -> None:
        """Come back from one level."""
        self.nesting -= 1

    def stretch(self, start: int, end: int) -> str:
        """The source of the tokens from `start` up to `end`, on one line and without comments."""
        last = end - 1
        source = self.source[self.starts[start] : self.starts[last] + len(self.texts[last])]
        if "/" in source or "\\" in source:
            source = re.sub(r"/\*.*?\*/|//[^\n]*|\\\r?\n", " ", source, flags=re.DOTALL)
        return " ".join(source.split())

    def error(self, message: str, index: int | None = None) -> PrototypeError:
        """The error for the token at `index`, or for the next one."""
        return fault(self.source, self.starts[self.index if index is None else index], message)

    def missing(self, message: str) -> PrototypeError:
        """The error for something that should follow the previous token."""
        last = max(self.index - 1, 0)
        return fault(self.source, self.starts[last] + len(self.texts[last]), message)

    def unexpected(self, wanted: str) -> PrototypeError:
        """The error for the next token, which is not what is wanted there."""
        word = self.word
        if not word:
            return self.error(f"{wanted}, but the text ends here")
        if not (word in PUNCTUATION or len(word) > 1 or (word.isascii() and word.isalnum()) or is_name(word)):
            return self.error(f"stray character {shown(word)}: it has no meaning in C; remove it")
        return self.error(f"{wanted}, not {shown(word)}")
