"""Python values to wire values and back: one converter per form of `callgate_protocol.forms`, found in a table."""

from . import table as table
from .base import CallContext, Mismatch, TypeSpace

__all__ = ["CallContext", "Mismatch", "TypeSpace", "table"]
