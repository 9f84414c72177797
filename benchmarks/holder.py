"""A Python class for `benchmarks.objects`, which makes, holds and answers in a host of its own."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from typing import Any, Protocol

from callgate import IUnknown, f8, interface

__all__ = ["Holder", "IHolder"]


@interface("{00000051-CA11-4A7E-8000-C0DEC0DEC0DE}")
class IHolder(IUnknown, Protocol):
    """What other processes call."""

    def Half(self, value: f8) -> f8:
        """Half of it."""

    def Make(self) -> IHolder:
        """Another one."""

    def Hold(self, thing: IUnknown) -> None:
        """Go on holding an object of whatever process."""


class Holder(IHolder):
    """The class."""

    def __init__(self) -> None:
        self._held: list[Any] = []

    def Half(self, value: float) -> float:
        """Half of it."""
        return value / 2

    def Make(self) -> Holder:
        """Another one."""
        return Holder()

    def Hold(self, thing: Any) -> None:
        """Go on holding it."""
        self._held.append(thing)
