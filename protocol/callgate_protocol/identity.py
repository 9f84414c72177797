"""What a type library is called (R15.12)."""

from __future__ import annotations

from typing import Final

from .value import Value

__all__ = ["UNNAMED", "Identity"]


class Identity(Value):
    """What a type library is called: its name, its LIBID (canonical, or "") and its version, such as "1.0"."""

    name: str = ""
    libid: str = ""
    version: str = ""


UNNAMED: Final = Identity()
