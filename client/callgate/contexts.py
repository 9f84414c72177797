"""Python objects that native code carries for longer than one call: `callgate.context(lib, thing)` (R9.13)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .errors import ObjectGone

if TYPE_CHECKING:
    from .host import Host

__all__ = ["ContextToken", "context"]


class ContextToken:
    """A token for a Python object, to be given for `[context] void *` until `callgate.free`; `with` frees it.

    Native code sees a number that says nothing of the object, and that is never given to another one.
    """

    __slots__ = ("__weakref__", "_host", "_token")

    def __init__(self, host: Host, value: Any) -> None:
        self._host = host
        self._token = host.holdings.carry(value)

    def _check(self, host: Host) -> int:
        """The token. Raises ObjectGone when it was freed, or was made for another host."""
        if self._token not in self._host.holdings.contexts:
            raise ObjectGone(f"{self!r} was freed; make another with callgate.context (R9.13)")
        if self._host is not host:
            raise ObjectGone(f"{self!r} was made for {self._host.describe()}, and this is {host.describe()}")
        return self._token

    def __repr__(self) -> str:
        gone = "" if self._token in self._host.holdings.contexts else ", freed"
        return f"<ContextToken {self._token} of {self._host.label}{gone}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._check(self._host)
        del self._host.holdings.contexts[self._token]

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"{self!r} means nothing in another process")


def context(lib: Any, value: Any) -> ContextToken:
    """A token that stands for `value` in this library's host until it is freed; freeing it twice raises ObjectGone."""
    from .lib import binding_of  # noqa: PLC0415 - the converters import this module, and the library imports them

    return ContextToken(binding_of(lib).ready(), value)
