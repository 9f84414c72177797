"""What a host says of its own C: sizes and signs of the scalars, byte order, pointer size.

The client never computes a layout; it uses this to check ranges before anything is sent (R2.5, R2.13) and to pack
arrays of numbers in the host's own representation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .model import COMPLEX, FLOATS, INTEGERS
from .value import Value

__all__ = ["SIGNED_CHAR_MACHINES", "Abi"]

SIGNED_CHAR_MACHINES: Final = frozenset({"x86_64", "i386", "i486", "i586", "i686"})
"""Linux machines whose plain `char` is signed. Nothing at run time tells: only the compiler decides (R2.7)."""

_SIGNED_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_FLOAT_CODES = {4: "f", 8: "d"}


class Abi(Value):
    """One host's binary interface, as `welcome` carries it."""

    name: str
    byte_order: str
    sizes: Mapping[str, int]
    """Bytes of every scalar of the model, and of `"pointer"`."""
    signed: frozenset[str]
    """The integer scalars that hold negative numbers."""

    def integer_range(self, scalar: str) -> tuple[int, int]:
        """Smallest and largest value of an integer scalar."""
        bits = 8 * self.sizes[scalar]
        if scalar in self.signed:
            return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        return 0, (1 << bits) - 1

    def struct_code(self, scalar: str) -> str:
        """The `struct` format of one element without its byte order, e.g. `"q"`; "" for a scalar it cannot hold."""
        size = self.sizes[scalar]
        if scalar in FLOATS:
            return _FLOAT_CODES.get(size, "") if scalar != "ldouble" else ""
        if scalar == "bool":
            return "?"
        code = _SIGNED_CODES[size]
        return code if scalar in self.signed else code.upper()

    @property
    def order_code(self) -> str:
        """The `struct` prefix for the host's byte order."""
        return "<" if self.byte_order == "little" else ">"

    def as_map(self) -> dict[str, object]:
        """The form that `welcome` carries."""
        return {
            "name": self.name,
            "byte_order": self.byte_order,
            "sizes": dict(self.sizes),
            "signed": sorted(self.signed),
        }

    @classmethod
    def from_map(cls, wire: Mapping[str, object]) -> Abi:
        """Read `welcome`'s form. Raises ValueError when it is incomplete or of the wrong types."""
        name, order, sizes, signed = (wire.get(key) for key in ("name", "byte_order", "sizes", "signed"))
        if not isinstance(name, str) or order not in ("little", "big"):
            raise ValueError("the abi needs a name and a byte_order of 'little' or 'big'")
        needed = {*INTEGERS, *FLOATS, *COMPLEX, "bool", "pointer"}
        if not isinstance(sizes, dict) or not needed <= sizes.keys():
            raise ValueError("the abi must give the size of every scalar")
        if any(not isinstance(size, int) or size not in (1, 2, 4, 8, 12, 16) for size in sizes.values()):
            raise ValueError("sizes of scalars are 1 to 16 bytes")
        if not isinstance(signed, list) or not all(isinstance(scalar, str) for scalar in signed):
            raise ValueError("the abi must list its signed scalars")
        return cls(name, str(order), sizes, frozenset(signed))
