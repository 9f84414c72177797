"""The place of an annotation, for what it means there and for the message when it cannot be used."""

from __future__ import annotations

from typing import Any

from callgate.declare.modes import Modes
from callgate.errors import DeclarationError, MarshalDirectiveError
from callgate_protocol.value import Value

from .reading import Note, shown

__all__ = ["Where"]


class Where(Value):
    """A parameter, result, out or field, or something inside one."""

    owner: str
    """The function, delegate or struct."""
    part: str
    """`argument 2 'points'`, `the result`, `field 1 'x'`."""
    kind: str
    """"parameter", "result", "out" or "field"; inside a level "target" or "element"."""
    path: str
    """What an inline function pointer is called here."""
    charset: str
    modes: Modes
    com: bool = False
    """It is a method of an interface: COM's defaults hold, not those of platform invoke (R1.4)."""
    local: bool = False
    """The interface never leaves the process of its objects."""

    def inside(self, kind: str) -> Where:
        """What a level holds."""
        return self.replace(kind=kind)

    def refusal(
        self, note: Note, reason: str, rules: str, kind: type[DeclarationError] = MarshalDirectiveError
    ) -> DeclarationError:
        """The error that says where, what, why and by which rule (R19.48)."""
        return kind(f"{self.owner}, {self.part} ({shown(note)}): {reason} ({rules})")

    @property
    def unit(self) -> Any:
        """The scalar that text and characters are made of when only the charset says so (R5.1)."""
        return "char16" if self.charset == "unicode" else "char"
