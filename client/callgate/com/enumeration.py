"""Collections: `for each in proxy`, by IEnumVARIANT (R14.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from callgate.failures import throw_for_hr
from callgate_protocol.dispatch import GET, METHOD, NEW_ENUM

from . import late
from .wellknown import wellknown

if TYPE_CHECKING:
    from .objects import ComObject

__all__ = ["elements"]

_AT_ONCE: Final = 64


def elements(proxy: ComObject) -> Iterator[Any]:
    """What a collection or an enumerator gives. Raises TypeError for an object that is neither."""
    return _given(_enumerator(proxy))


def _enumerator(proxy: ComObject) -> ComObject:
    from .objects import answers  # noqa: PLC0415 - it needs this module

    enumerates = wellknown("IEnumVARIANT")
    if answers(proxy, enumerates):
        return proxy
    if not answers(proxy, wellknown("IDispatch")):
        raise TypeError(f"{proxy!r} is not iterable: it is no collection (R14.8)")
    found: Any = late.call_late(proxy, NEW_ENUM, METHOD | GET, (), {}, "_NewEnum")
    if not answers(found, enumerates):
        raise TypeError(f"{proxy!r} is not iterable: what it enumerates with has no IEnumVARIANT (R14.8)")
    enumerator: ComObject = found
    return enumerator


def _given(enumerator: ComObject) -> Iterator[Any]:
    """Several at once; S_FALSE says that these are the last, not that there are none."""
    from .members import call  # noqa: PLC0415 - it needs the modules that need this one

    declared = wellknown("IEnumVARIANT")
    following = declared.methods["Next"]
    while True:
        values: list[Any] = [None] * _AT_ONCE
        result, fetched = call(enumerator, declared, following, (_AT_ONCE, values), {})
        throw_for_hr(result)
        yield from values[:fetched]
        if result != 0 or not fetched:
            return
