"""The version of the protocol and the features that `hello` offers."""

from __future__ import annotations

from typing import Final

__all__ = ["FEATURES", "MAJOR", "MINOR"]

MAJOR: Final = 1
MINOR: Final = 0
FEATURES: Final = ("callbacks", "chunks", "pipelined")
