"""What a whole library is declared under: its charset, and the stricter or looser readings of its declarations."""

from __future__ import annotations

from callgate.errors import DeclarationError
from callgate_protocol.value import Value

__all__ = ["CLASSIC", "Modes"]

_CHARSETS = ("", "ansi", "unicode", "auto")


class Modes(Value):
    """`charset` is what `str` and `Char` mean where nothing else is said (R5.1); the rest is in `apply_modes`."""

    charset: str = ""
    strict: bool = False
    raw: bool = False
    compat_pin: bool = False

    def __post_init__(self) -> None:
        if self.charset not in _CHARSETS:
            known = ", ".join(map(repr, _CHARSETS[1:]))
            raise DeclarationError(f"a charset is one of {known}, not {self.charset!r} (R5.1)")


CLASSIC = Modes()
