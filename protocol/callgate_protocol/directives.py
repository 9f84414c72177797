"""The refusal of a declaration whose type and attributes do not go together (R19)."""

from __future__ import annotations

__all__ = ["DirectiveError"]


class DirectiveError(ValueError):
    """A declaration whose type and attributes do not go together (R19); the client raises MarshalDirectiveError."""
