"""What a host has to say to people: for logging, or, as advice, for whoever wrote the program (R15.13)."""

from __future__ import annotations

import logging
import warnings

from callgate_protocol.messages import ADVICE, Notice

from .errors import PerformanceWarning
from .process import defer

__all__ = ["tell"]

_log = logging.getLogger("callgate")


def tell(label: str, notice: Notice) -> None:
    """Hand a host's words on, from any thread."""
    text = f"{label}: {notice.message}"
    if notice.level == ADVICE:
        defer(_advise, text)  # what is done about a warning is the program's
    else:
        _log.log(getattr(logging, notice.level, logging.WARNING), "%s", text)


def _advise(text: str) -> None:
    """A warning that belongs to no line: many have made the calls that it is about."""
    try:
        warnings.warn_explicit(text, PerformanceWarning, "callgate", 0, module="callgate")
    except PerformanceWarning as warning:  # the program wants an error, and this is no place for one
        _log.warning("%s", warning)
