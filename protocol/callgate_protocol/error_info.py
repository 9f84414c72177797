"""What is told of a failure beside its HRESULT, as a `raise` carries it (R11.10, R11.11, R11.13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = ["ErrorInfo", "read_error_info"]

_MOST: Final = 16_384
"""Characters of one text: four of them are at most a quarter of a header."""
_CONTEXTS: Final = 1 << 32


class ErrorInfo(NamedTuple):
    """The members of an IErrorInfo. Empty texts are told by nobody."""

    source: str = ""
    description: str = ""
    help_link: str = ""
    """R11.10: the help file, with `#` and the context where that is not 0."""
    interface: str = ""
    """The GUID of the interface that defined the error; empty for the null one (R11.11)."""

    @classmethod
    def with_help(cls, source: str, description: str, file: str, context: int, interface: str = "") -> ErrorInfo:
        """The file and context of a help topic as one link."""
        return cls(source, description, f"{file}#{context}" if context and file else file, interface)

    @property
    def help(self) -> tuple[str, int]:
        """The file and the context of the link."""
        file, mark, context = self.help_link.rpartition("#")
        if mark and context.isascii() and context.isdigit() and int(context) < _CONTEXTS:
            return file, int(context)
        return self.help_link, 0

    def as_details(self) -> dict[str, str]:
        """The entries of a `raise`'s details, made to fit."""
        return {key: _fitting(text) for key, text in self._asdict().items() if text}


def _fitting(text: str) -> str:
    return text[:_MOST].encode(errors="backslashreplace").decode()


def read_error_info(details: Mapping[str, Any]) -> ErrorInfo:
    """From the details of a `raise`; what is no text is not told."""
    texts = {key: details.get(key) for key in ErrorInfo._fields}
    return ErrorInfo(**{key: text[:_MOST] for key, text in texts.items() if isinstance(text, str)})
