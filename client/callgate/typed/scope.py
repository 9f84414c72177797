"""Where annotations are read: the module of a declaration, and the function around it when it is a local one."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from callgate.errors import DeclarationError

__all__ = ["Scope", "Unresolved", "annotations_of", "scope_of"]


class Unresolved(DeclarationError):
    """An annotation names what is not defined, or not yet."""


class Scope:
    """The names that annotations of one declaration may use."""

    __slots__ = ("local", "module")

    def __init__(self, module: str, local: Mapping[str, Any] | None) -> None:
        self.module = module
        self.local = local
        """Names of the function that the declaration stands in."""

    def hints(self, declared: Any, what: str) -> dict[str, Any]:
        """The annotations of a class or function, with everything that stands beside the types.

        Raises DeclarationError for a name that nobody defined, and for what is no annotation at all.
        """
        names = vars(sys.modules[self.module]) if self.module in sys.modules else {}
        try:
            own = SimpleNamespace(__annotations__=annotations_of(declared))
            return typing.get_type_hints(own, {**names, **(self.local or {})}, include_extras=True)
        except NameError as error:
            missing = getattr(error, "name", None) or str(error)
            raise Unresolved(
                f"{what} names {missing!r}, which is not defined where it is read. Define it in the module, above the "
                f"first use of the library, or above the declaration when both stand in a function"
            ) from error
        except (TypeError, SyntaxError, AttributeError) as error:
            raise DeclarationError(f"the annotations of {what} cannot be read: {error}") from error


def annotations_of(declared: Any) -> dict[str, Any]:
    """The annotations that are its own, as they were written; class variables are Python's and not among them."""
    notes = inspect.get_annotations(declared)
    return {name: note for name, note in notes.items() if not str(note).startswith(_CLASS_VARIABLES)}


_CLASS_VARIABLES = ("ClassVar", "typing.ClassVar")


def scope_of(declared: Any, depth: int) -> Scope:
    """The scope of what is being decorated; `depth` counts the calls between the user's line and this one's caller."""
    local = None
    if "<locals>" in declared.__qualname__:
        frame = sys._getframe(depth + 1)  # noqa: SLF001 - the one way to the names of the function around a class
        local = dict(frame.f_locals)
    return Scope(declared.__module__, local)
