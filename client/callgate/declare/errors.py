"""The one error of this package: what is wrong with a text of prototypes, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ContractError", "NestingError", "PrototypeError", "closest", "fault", "line_of", "shown"]

_WINDOW = 100
"""Columns of a source line that a message shows: generated texts have lines of any length."""

_LONGEST_WORD = 60


class PrototypeError(ValueError):
    """A text of prototypes that cannot be understood.

    `message` says what is wrong and what to do; `line` and `column` count from 1; `text` is the source line.
    """

    def __init__(self, message: str, line: int, column: int, text: str) -> None:
        super().__init__(message, line, column, text)
        self.message = message
        self.line = line
        self.column = column
        self.text = text

    def __str__(self) -> str:
        """The message with its place, the source line, and a caret below the column."""
        begin = max(0, self.column - 1 - _WINDOW // 2) if len(self.text) > _WINDOW else 0
        excerpt = self.text[begin : begin + _WINDOW]
        before = self.text[begin : self.column - 1]
        # Tabs are repeated below themselves, so the caret stands right however wide they are shown.
        margin = "".join("\t" if character == "\t" else " " for character in before)
        return f"prototypes, line {self.line}, column {self.column}: {self.message}\n    {excerpt}\n    {margin}^"


class NestingError(PrototypeError):
    """A struct that contains itself: no layout exists for it (R7.17)."""


class ContractError(PrototypeError):
    """An interface that breaks what interfaces promise (R14.4, R14.26, R19.33)."""


def line_of(source: str, offset: int) -> int:
    """The line that holds the character at `offset`, counted from 1."""
    return source.count("\n", 0, offset) + 1


def fault(source: str, offset: int, message: str, kind: type[PrototypeError] = PrototypeError) -> PrototypeError:
    """The error for what stands at `offset` of `source`."""
    begin = source.rfind("\n", 0, offset) + 1
    end = source.find("\n", offset)
    line = source[begin : end if end >= 0 else len(source)].rstrip("\r")
    return kind(message, line_of(source, offset), offset - begin + 1, line)


def shown(word: str) -> str:
    """A word of the text, quoted for a message and cut when it is too long to read."""
    return repr(word if len(word) <= _LONGEST_WORD else word[: _LONGEST_WORD - 3] + "...")


def closest(word: str, candidates: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the candidate most like `word`, or an empty string."""
    if len(word) > _LONGEST_WORD:
        return ""
    import difflib  # noqa: PLC0415 - costs more than parsing; only errors need it

    found = difflib.get_close_matches(word, candidates, n=1, cutoff=0.65)
    return f"; did you mean {found[0]!r}?" if found else ""
