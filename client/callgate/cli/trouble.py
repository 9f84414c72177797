"""What a command says when something went wrong: one line, and for a crash the story behind it."""

from __future__ import annotations

import signal as signals
import sys

from callgate import errors

__all__ = ["complain", "exit_status"]

_USAGE = (errors.DeclarationError, errors.MarshalError)
"""Faults of what was typed, found before native code was entered."""

_BEGAN = {
    True: "native code had been entered",
    False: "the call had not begun",
    None: "how far it was is not known",
}
_TAIL_LINES = 20


def complain(error: errors.Error) -> None:
    """Tell it on standard error."""
    sys.stderr.write(f"callgate: {_story(error)}\n")


def exit_status(error: errors.Error) -> int:
    """2 for what the user typed, 1 for everything that happened afterwards."""
    return 2 if isinstance(error, _USAGE) else 1


def _story(error: errors.Error) -> str:
    if isinstance(error, errors.HostLost):
        return "\n".join([_death(error), *_tail(error.output)])
    if isinstance(error, errors.DeclarationError) and error.line:
        return f"{error.message.splitlines()[0]} (prototype, line {error.line}, column {error.column})"
    return " ".join(error.message.split()) or type(error).__name__


def _death(error: errors.HostLost) -> str:
    function = f" during {error.function}" if error.function else ""
    if isinstance(error, errors.HostCrashed):
        cause = f"{_signal(error.signal)} killed the host process {error.process}{function}"
    elif isinstance(error, errors.HostExited):
        cause = f"the library called exit({error.status}) in host process {error.process}{function}"
    else:
        return error.message.splitlines()[0]
    return f"{cause}; {_BEGAN[error.began]}"


def _signal(number: signals.Signals | int) -> str:
    if not isinstance(number, signals.Signals):
        return f"signal {number}"
    return f"{number.name} ({signals.strsignal(number)})"


def _tail(output: str) -> list[str]:
    lines = output.strip().splitlines()[-_TAIL_LINES:]
    return ["  the end of its output:", *(f"    {line}" for line in lines)] if lines else []
