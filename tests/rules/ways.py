"""The ways in which the tests of the rules call a library; the results must be the same in each (R1.13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar

from callgate import Lib

__all__ = ["WAYS", "Loader", "TypedLoader", "Way"]

T = TypeVar("T")

Way: TypeAlias = Literal["host", "here"]

WAYS: Final[Mapping[Way, Mapping[str, Any]]] = {"host": {}, "here": {"isolation": "none"}}
"""Way → the options of `callgate.load` for it: a host process, or the process of the tests."""


class Loader(Protocol):
    """Loads a source of `tests/native` or a library by its file name; see the fixture `load_both`."""

    def __call__(self, name: str, prototypes: str, **options: Any) -> Lib: ...


class TypedLoader(Protocol):
    """Loads a source of `tests/native` for a class with `@library`; see the fixture `load_typed`."""

    def __call__(self, name: str, declared: Callable[[], T]) -> T: ...
