"""What cannot hold when the library is in another process, refused by name and with the reason."""

from __future__ import annotations

from typing import Any, NoReturn

from callgate.errors import Error, MarshalDirectiveError, MarshalError

__all__ = ["ArgumentError", "NoBuffer", "NotAcrossProcesses", "refuse"]


class NotAcrossProcesses(MarshalDirectiveError):
    """Part of ctypes that has no meaning across processes. `feature` is its name."""

    feature: str = ""

    def __init__(self, feature: str = "", reason: str = "", **fields: Any) -> None:
        text = f"callgate.ctypes: {feature} is refused: {reason}" if reason else feature
        super().__init__(text, **{"feature": feature} | fields)


class NoBuffer(Error, BufferError):
    """Nothing here can look at the memory of a ctypes object: Python 3.11 lets no class of Python show any."""

    def __init__(self, message: str = "", **fields: Any) -> None:
        text = "callgate.ctypes: the buffer protocol is refused: it needs Python 3.12; use bytes(…)"
        super().__init__(message or text, **fields)


class ArgumentError(MarshalError):
    """An argument that cannot be converted; native code was not entered. Not a TypeError, as in ctypes."""


def refuse(feature: str, reason: str) -> NoReturn:
    """Raise NotAcrossProcesses."""
    raise NotAcrossProcesses(feature, reason)
