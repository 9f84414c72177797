"""An exception of a callback as native code is told of it (R11.8, R11.11, R14.20)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from callgate_protocol.error_info import ErrorInfo

__all__ = ["Refused", "Told", "text_of", "told_of"]

_PAGE: Final = 4096
"""Characters that are told of each text."""


class Told(NamedTuple):
    """An exception as it crosses: in words, and as the details of a `raise`."""

    text: str
    details: dict[str, Any]


def told_of(error: BaseException) -> Told:
    """R11.8: the code of an exception, and what an error object says of it. Never raises."""
    from .failures import hr_for_exception  # noqa: PLC0415 - only methods need the table

    words = _text(error)
    texts = (_told(error, "source") or type(error).__module__, _told(error, "description") or words)
    info = ErrorInfo(*(text[:_PAGE] for text in (*texts, _told(error, "help_link"))))
    details = {"hresult": int(hr_for_exception(error)), **info.as_details()}
    return Told(text_of(error), details)


def text_of(error: BaseException) -> str:
    """An exception in words."""
    return f"{type(error).__name__}: {_text(error)}"


def _text(error: BaseException) -> str:
    """An exception that cannot even say what it is must be told all the same (R14.20)."""
    try:
        return str(error)
    except Exception as worse:  # whatever its __str__ raises
        return f"(its text cannot be had: {type(worse).__name__})"


def _told(error: BaseException, name: str) -> str:
    found = getattr(error, name, "")
    return found if isinstance(found, str) else ""


class Refused(Exception):
    """A method that answers codes has failed."""

    def __init__(self, error: BaseException, *, escapes: bool) -> None:
        super().__init__(type(error).__name__)
        self.error = error
        """What it raised."""
        self.escapes = escapes
        """Whether the call that native code runs for raises it whatever native code makes of it: what is no
        `Exception`, and values that do not go with their declaration."""
