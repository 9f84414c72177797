"""What callbacks of a host raised, until the call around them comes back (R9.9)."""

from __future__ import annotations

from callgate_protocol.messages import Raise

from .errors import ComError
from .faults import exception_of, with_cause

__all__ = ["Raisings"]


class Raisings:
    """Belongs to one host. Each channel is used by one thread at a time, so there is nothing to lock."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._failures: dict[tuple[int, int], BaseException] = {}
        """By channel and callback."""
        self._refusals: dict[int, BaseException] = {}
        """Channel → what the last method of an object of this process raised, that native code got as a code."""

    def add(self, channel: int, callback: int, error: BaseException) -> None:
        """A callback raised, and native code got no answer."""
        self._failures[channel, callback] = error

    def refuse(self, channel: int, error: BaseException) -> None:
        """A method raised, and native code got a code."""
        self._refusals[channel] = error

    def returned(self, channel: int) -> None:
        """The call came back well: native code made something else of it."""
        self._refusals.pop(channel, None)

    def exception(self, fault: Raise, name: str, channel: int) -> BaseException:
        """What a call raises: what its callback raised, if that is why it failed."""
        if fault.name == "CallbackFailed":
            failure = self._failures.pop((channel, fault.details.get("callback", 0)), None)
            if failure is not None:
                return with_cause(failure, fault, self._label, name)
        raised = exception_of(fault, self._label, name)
        self._explain(raised, self._refusals.pop(channel, None))
        return raised

    @staticmethod
    def _explain(raised: BaseException, refused: BaseException | None) -> None:
        """R9.9: native code passed the code of an exception on, which is why its caller gets that code."""
        if refused is not None and raised.__cause__ is None and isinstance(raised, ComError):
            from .failures import hr_for_exception  # noqa: PLC0415 - only functions that throw need the table

            if raised.hresult == hr_for_exception(refused):
                raised.__cause__ = refused

    def tell_others(self, channel: int, raised: BaseException) -> None:
        """What later callbacks of the same call raised is told with what is raised."""
        for key in [key for key in self._failures if key[0] == channel]:
            later = self._failures.pop(key, None)
            if later is not None:
                raised.add_note(f"a later callback of the same call failed too: {type(later).__name__}: {later}")
