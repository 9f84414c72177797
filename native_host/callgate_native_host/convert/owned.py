"""What values have in common that are blocks of memory with an owner: BSTR, SAFEARRAY, VARIANT (R8.1, R8.3, R7.19)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from callgate_native_host.scope import Scope

from .base import Converter

__all__ = ["OwnedConverter", "free_now", "own"]


class OwnedConverter(Converter):
    """A value that somebody has to free: whoever called, unless native code takes it over."""

    @abstractmethod
    def store(self, address: int, wire: Any, scope: Scope, /, *, replace: bool) -> None:
        """A callback is over: put its value where native code pointed; `replace` what was there (R8.3, R13.7)."""


def free_now(converter: Converter, native: Any, scope: Scope) -> None:
    """Free what a value holds while its scope goes on: native code's own that a callback replaces (R8.3)."""
    owner = Scope(scope.session)
    owner.owning = True
    converter.discard(native, owner)
    owner.end()


def own(address: int, free: Callable[[int], None], scope: Scope) -> None:
    """Say whose a new block is: native code's if it may keep or replace it (R5.8, R9.8), else the call's."""
    if scope.lasting or scope.replaceable:
        scope.lent.append(lambda: free(address))
    else:
        scope.ledger.give(address, free)
