"""Bounds that hold before a frame is decoded (`docs/protocol.md`, section Limits)."""

from __future__ import annotations

from .value import Value

__all__ = ["DEFAULT_LIMITS", "Limits"]

MIB = 1 << 20


class Limits(Value):
    """What one side accepts. Two sides of a session use the smaller of each figure."""

    header_bytes: int = 1 * MIB
    """Length of the msgpack frame that starts a message."""
    depth: int = 64
    """Nesting of arrays and maps in it. A frame of at most this many bytes cannot break the next two bounds."""
    nodes: int = 100_000
    """Values in it, containers and their members included."""
    payloads: int = 256
    """Bulk frames of one message."""
    payload_bytes: int = 1024 * MIB
    """Bulk bytes of one message."""
    inline_bytes: int = 4 * MIB
    """Bulk bytes above which they travel as chunks."""
    chunk_bytes: int = 1 * MIB
    """Longest chunk."""
    credit_bytes: int = 16 * MIB
    """Bytes a sender may have under way before the receiver gives credit back."""
    credit_calls: int = 1024
    """Calls a sender may have under way on one pipelined channel."""

    @property
    def step(self) -> int:
        """Length of the chunks to send: so small that the credit for half a window always lets the next one go."""
        return max(1, min(self.chunk_bytes, self.inline_bytes, self.credit_bytes // 2))

    def meet(self, other: Limits) -> Limits:
        """The limits that both sides keep."""
        return Limits(**{name: min(getattr(self, name), getattr(other, name)) for name in self.__match_args__})

    def as_map(self) -> dict[str, int]:
        """The form that `hello` carries."""
        return {name: getattr(self, name) for name in self.__match_args__}

    @classmethod
    def from_map(cls, wire: dict[str, object]) -> Limits:
        """Read `hello`'s form; names this version does not know are left out, missing ones keep their default.

        Raises ValueError when a figure is not a positive integer.
        """
        known = set(cls.__match_args__)
        figures: dict[str, int] = {}
        for name, value in wire.items():
            if name not in known:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"limit {name!r} must be a positive integer, not {value!r}")
            figures[name] = value
        return cls(**figures)


DEFAULT_LIMITS = Limits()
