"""The packages of the extra `headers`, imported at first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

__all__ = ["bring"]

_PACKAGES: Final = {"clang": "libclang", "elftools": "pyelftools"}
"""What is imported, and what it is called where packages are installed from."""


def bring(module: str, purpose: str) -> Any:
    """The module. Raises ImportError that says how to install it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != top:
            raise
        raise ImportError(
            f"{purpose} needs the Python package {_PACKAGES[top]}, which is not installed; "
            "install it together with callgate: pip install 'callgate[headers]'",
            name=error.name,
        ) from None
