"""Which interfaces an object of this process has (R14.2): only those that are described here, ever."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

from callgate_protocol.interfaces import chain_of, iids_of
from callgate_protocol.standard import IIDS

from .contracts import Contracts

__all__ = ["Answers", "implements"]

_UNKNOWN: Final = IIDS["IUnknown"]
_DECLARED: Final = "__callgate_interfaces__"
_NOTHING: Final = object()


def implements(kind: type, iids: Iterable[str]) -> None:
    """Declare that instances of a class have these interfaces, and no others."""
    setattr(kind, _DECLARED, frozenset(iids) | frozenset(getattr(kind, _DECLARED, ())))


class Answers:
    """Thread-safe: what it keeps may be found twice and is the same both times."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._known: dict[tuple[type, str], bool] = {}

    def ask(self, value: Any, iid: str) -> bool:
        """A class that says what it implements has that; another object what it has all the methods of."""
        kind = type(value)
        known = self._known.get((kind, iid))
        if known is None:
            declared = getattr(kind, _DECLARED, None)
            known = self._has_methods(value, iid) if declared is None else self._says(declared, iid)
            if self._contracts.find(iid) is not None and (declared is not None or known):
                self._known[kind, iid] = known
        return known

    def _says(self, declared: Iterable[str], iid: str) -> bool:
        return iid == _UNKNOWN or any(iid in self._chain(each) for each in declared)

    def _chain(self, iid: str) -> list[str]:
        contract = self._contracts.find(iid)
        if contract is None:
            return []
        described = contract.described
        return iids_of(described, next(each for each in described.interfaces if each.iid == iid))

    def _has_methods(self, value: Any, iid: str) -> bool:
        contract = self._contracts.find(iid)
        if iid == _UNKNOWN:
            return True
        if contract is None:
            return False
        described = contract.described
        chain = chain_of(described, next(each for each in described.interfaces if each.iid == iid))
        return all(
            inspect.getattr_static(value, method.name, _NOTHING) is not _NOTHING
            for interface in chain
            if interface.iid != _UNKNOWN
            for method in interface.methods
        )
