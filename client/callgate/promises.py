"""Futures of submitted calls: settled when the answer is there, on whichever thread brings it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from .process import defer

if TYPE_CHECKING:
    from callgate_transport.pipeline import Submitted

__all__ = ["promise"]


def promise(submitted: Submitted, outcome: Callable[[], Any], done: Callable[[], None]) -> Future[Any]:
    """The caller's future: `outcome` makes its result of the answer, and `done` is run whatever comes of it."""
    promised: Future[Any] = Future()
    promised.set_running_or_notify_cancel()

    def settle() -> None:
        try:
            promised.set_result(outcome())
        except BaseException as error:  # handed to whoever asks for the result
            promised.set_exception(error)
        finally:
            done()

    def came_back(_: Future[Any]) -> None:
        if submitted.cancelled() or submitted.exception() is not None:
            defer(settle)  # the broker will be asked what happened, which must not hold up the I/O thread
        else:
            settle()

    submitted.add_done_callback(came_back)
    return promised
