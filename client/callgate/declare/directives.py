"""Preprocessor lines: constants and `#pragma pack`. Everything else is the work of a preprocessor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from callgate.declare.cursor import Cursor
from callgate.declare.errors import fault
from callgate.declare.lexer import Directive, is_name, tokenise
from callgate.declare.state import State

__all__ = ["read_directives"]

_ADVICE: Final = (
    "callgate reads prototypes, not headers: pass preprocessed prototypes (what 'cc -E -P' prints), or remove the line"
)

_PACKS: Final = frozenset({0, 1, 2, 4, 8, 16, 32, 64, 128})

_HARMLESS_PRAGMAS: Final = frozenset({"GCC", "STDC", "clang", "once", "message", "region", "endregion", "warning"})
"""Pragmas that cannot change a declaration. An unknown one might."""


def read_directives(state: State, directives: list[Directive]) -> None:
    """Take note of the preprocessor lines; `#define` bodies are evaluated where they stand."""
    packing = _Packing(state)
    handlers: dict[str, Callable[[Cursor, Directive], None]] = {
        "define": lambda line, directive: _define(state, line, directive),
        "pragma": packing.pragma,
    }
    for directive in directives:
        line = Cursor(tokenise(state.source, directive.start + 1, directive.end))
        word = line.take()
        # '# 12 "file.h"' marks lines in the output of a preprocessor; a lone '#' is allowed and means nothing.
        if not word or word.isdigit() or word == "line":
            continue
        handler = handlers.get(word)
        if handler is None:
            raise fault(state.source, directive.start, f"'#{word[:40]}' is not understood here; {_ADVICE}")
        handler(line, directive)


def _define(state: State, line: Cursor, directive: Directive) -> None:
    name = line.take()
    if not is_name(name):
        raise line.error("expected a name after '#define'", max(line.index - 1, 0))
    behind = state.source[line.starts[1] + len(name) : line.starts[1] + len(name) + 1]
    if behind == "(":
        raise line.error(f"macros with arguments are not understood; {_ADVICE}", 1)
    if not line.word:
        raise line.missing(f"#define {name[:60]} has no value; only integer constants are kept; {_ADVICE}")
    state.defines.append((directive.index, name, line))


class _Packing:
    """The stack of `#pragma pack`."""

    def __init__(self, state: State) -> None:
        self.packs = state.packs
        self.current = 0
        self.stack: list[int] = []

    def pragma(self, line: Cursor, directive: Directive) -> None:
        """One `#pragma` line."""
        word = line.take()
        if word in _HARMLESS_PRAGMAS:
            return
        if word != "pack":
            raise line.error(f"'#pragma {word[:40]}' is not understood; {_ADVICE}", max(line.index - 1, 0))
        line.expect("(", "after '#pragma pack'")
        self._arguments(line)
        line.expect(")", "to end '#pragma pack('")
        self.packs.append((directive.index, self.current))

    def _arguments(self, line: Cursor) -> None:
        word = line.word
        if word == ")":
            self.current = 0
        elif word == "push":
            line.take()
            self.stack.append(self.current)
            if line.accept(","):
                self._number(line)
        elif word == "pop":
            if not self.stack:
                raise line.error("'#pragma pack(pop)' without a '#pragma pack(push)' above it")
            line.take()
            self.current = self.stack.pop()
        else:
            self._number(line)

    def _number(self, line: Cursor) -> None:
        word = line.take()
        if not (word.isascii() and word.isdigit() and len(word) <= 3 and int(word) in _PACKS):
            raise line.error(
                "expected 1, 2, 4, 8, 16, 32, 64, 128, push or pop in '#pragma pack' (R7.5)", line.index - bool(word)
            )
        self.current = int(word)
