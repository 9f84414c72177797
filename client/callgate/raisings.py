"""What callbacks of a host raised: told to native code, and kept until the call around them is over (R9.9, R11.11)."""

from __future__ import annotations

from typing import Any, Final

from callgate_protocol.messages import Raise

from .faults import exception_of, with_cause
from .refusals import Refused, text_of, told_of

__all__ = ["Raisings", "explained"]

_CALL_AND_CALLBACK: Final = 2
"""How much deeper a channel is inside a callback than it was before the call."""


class Raisings:
    """Belongs to one host. Each channel is used by one thread at a time, so there is nothing to lock."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._failures: dict[tuple[int, int], BaseException] = {}
        """What calls are going to raise, by channel and callback."""
        self._told: dict[tuple[int, int], dict[int, BaseException]] = {}
        """What native code was told of by a code: by channel and depth of the call, then by code."""

    def answer(
        self, channel: int, callback: int, error: BaseException, depth: int = 0
    ) -> tuple[str, str, dict[str, Any]]:
        """A callback raised: the name, text and details of the `raise` that tells it.

        `depth` is that of the channel meanwhile; 0 where no thread waits, and channel 0 where no call will come back.
        """
        if not isinstance(error, Refused):
            if channel:
                self._failures[channel, callback] = error
            return "CallbackFailed", text_of(error), {}
        if channel and error.escapes:
            self._failures[channel, callback] = error.error
        told = told_of(error.error)
        if depth:
            self._remember((channel, depth - _CALL_AND_CALLBACK), told.details["hresult"], error.error)
        return "CallbackFailed" if error.escapes else "ComError", told.text, told.details

    def _remember(self, call: tuple[int, int], code: int, raised: BaseException) -> None:
        told = self._told.setdefault(call, {})
        told.pop(code, None)
        told[code] = raised

    def told(self, channel: int, depth: int) -> dict[int, BaseException] | None:
        """A call is over, and the channel as deep as before it: what native code was told of by a code meanwhile."""
        return self._told.pop((channel, depth), None) if self._told else None

    def give_up(self, channel: int) -> None:
        """A channel is put away in the middle of a call."""
        for key in [key for key in self._told if key[0] == channel]:
            self._told.pop(key, None)

    def exception(self, fault: Raise, name: str, channel: int) -> BaseException:
        """What a call raises: what its callback raised, if that is why it failed."""
        if fault.name == "CallbackFailed":
            failure = self._failures.pop((channel, fault.details.get("callback", 0)), None)
            if failure is not None:
                return with_cause(failure, fault, self._label, name)
        return exception_of(fault, self._label, name)

    def tell_others(self, channel: int, raised: BaseException) -> None:
        """What later callbacks of the same call raised is told with what is raised."""
        for key in [key for key in self._failures if key[0] == channel]:
            later = self._failures.pop(key, None)
            if later is not None:
                raised.add_note(f"a later callback of the same call failed too: {type(later).__name__}: {later}")


def explained(failure: BaseException, told: dict[int, BaseException]) -> BaseException:
    """R11.11: what native code passes on is caused by the exception; any other failure was raised while handling it."""
    code = getattr(failure, "hresult", None)
    if not isinstance(code, int) or failure.__cause__ is not None:
        return failure
    original = told.get(int(code))
    if original is None:
        failure.__context__ = next(reversed(told.values()))
    elif original is not failure:
        failure.__cause__ = original
    return failure
