"""What this program demands of those who call its objects (R16.14)."""

from __future__ import annotations

from callgate.failures import transport_failure
from callgate.process import current
from callgate_protocol.authentication import level_named
from callgate_protocol.rpccodes import Code

__all__ = ["initialize_security"]


def initialize_security(*, authentication: str) -> None:
    """R16.14: refuse calls of this program's objects over connections of a lower level, with E_ACCESSDENIED.

    "none", "connect" (a Unix socket), "integrity" or "privacy" (CURVE). For all its objects, before others can have
    one: later it raises RpcError with RPC_E_TOO_LATE. Raises ValueError for another word.
    """
    level = level_named(authentication)
    if not current().demand(level):
        text = "others can have objects of this program already; say what they need before the first export (R16.14)"
        raise transport_failure(Code.RPC_E_TOO_LATE, text)
