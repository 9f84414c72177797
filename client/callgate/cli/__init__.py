"""The command `callgate`. It needs the extra `cli` (typer and rich); the library itself imports neither."""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = frozenset({"click", "rich", "shellingham", "typer", "typing_extensions"})
"""What the extra `cli` brings."""

_HOW_TO_INSTALL = (
    "callgate: the command line needs the Python package {missing}, which is not installed.\n"
    "Install it together with callgate:  pip install 'callgate[cli]'\n"
    "or from a source tree:              pip install '.[cli]'\n"
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status. Without the extra it says how to install it."""
    try:
        from .app import run  # noqa: PLC0415 - the extra may not be installed
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.stderr.write(_HOW_TO_INSTALL.format(missing=missing))
        return 1
    return run(arguments)
