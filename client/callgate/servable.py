"""Which Python classes others may create (R14.16, R16.17): public ones, whole ones, and without arguments."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from typing import Any

from callgate.com.classes import is_visible
from callgate_protocol.activation_codes import ActivationRefused

__all__ = ["class_named", "implementation_of", "make", "why_not_servable"]


def implementation_of(cls: type[Any]) -> str:
    """How a registry names a class: `module:Class`."""
    return f"{cls.__module__}:{cls.__qualname__}"


def class_named(implementation: str) -> type[Any]:
    """The class of `module:Class`. Raises ImportError, AttributeError, TypeError."""
    module, _, qualified = implementation.partition(":")
    found: Any = import_module(module)
    for name in qualified.split("."):
        found = getattr(found, name)
    if not isinstance(found, type):
        raise TypeError(f"{implementation} is {type(found).__name__}, and no class")
    return found


def why_not_servable(cls: type[Any]) -> str:
    """Why nobody can create it; empty for a class that can be (R19.39)."""
    name = cls.__qualname__
    reasons = (
        ("<locals>" in name, "is defined inside a function; a server has to be found in its module"),
        (cls.__module__ == "__main__", f"is defined in a script ({sys.argv[0]}); put it into a module"),
        (any(word.startswith("_") for word in name.split(".")), "is not public: its name starts with an underscore"),
        (not is_visible(cls), "is hidden by @com_visible(False)"),
        (inspect.isabstract(cls), f"is abstract: it has no {', '.join(sorted(_missing(cls)))}"),
    )
    return next((f"{name} {reason}" for holds, reason in reasons if holds), "") or _needs_arguments(cls)


def make(cls: type[Any]) -> Any:
    """An object of a class, as others create it. Raises ComError for a class that nobody can create (R19.39)."""
    reason = why_not_servable(cls)
    if reason:
        from .registrations import refusal  # noqa: PLC0415 - a mistake of whoever registered it

        raise refusal(ActivationRefused("CLASS_E_CLASSNOTAVAILABLE", f"{reason} (R16.17, R19.39)"))
    return cls()


def _missing(cls: type[Any]) -> frozenset[str]:
    return getattr(cls, "__abstractmethods__", frozenset())


def _needs_arguments(cls: type[Any]) -> str:
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        return f"{cls.__qualname__} cannot be created without arguments: {error}"
    except ValueError:
        return ""  # a class of C, which does not tell; creating it will
    return ""
