"""What every converter is: one form of `callgate_protocol.forms`, in C and on the wire, in both directions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from callgate_native_host.backend import BackendType
from callgate_native_host.scope import Scope

__all__ = ["Converter"]


class Converter(ABC):
    """How the values of one form cross.

    The C side of a value is what the backend takes and gives: a number (pointers are numbers as well), bytes for text
    inside a struct, a list of members or a view for a struct.
    """

    ctype: BackendType
    """The type of the value in a signature and in memory."""

    packed: bool = False
    """Whether arrays of it travel as binary, in this machine's representation."""

    truth: bool = False
    """Whether the bytes of that binary are truth values, each 0 or 1 (R3)."""

    by_value: bool = True
    """Whether libffi can describe the type (R2.12); if not, `substitutes` finds one that it can."""

    nodes: int = 1
    """About how many values of a message one value becomes; a message may hold so many only."""

    @abstractmethod
    def from_wire(self, wire: Any, scope: Scope, /) -> Any:
        """The C side of a wire value. Raises Mismatch."""

    @abstractmethod
    def to_wire(self, native: Any, scope: Scope, /) -> Any:
        """The wire value of what C gave. Raises Mismatch."""

    def discard(self, native: Any, scope: Scope, /) -> None:
        """Free what C gave and nobody will get, as `to_wire` would have (R8.1). Most values hold nothing."""
        del native, scope
