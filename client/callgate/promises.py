"""Futures of submitted calls: settled when the answer is there, on whichever thread brings it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from callgate_transport.callchannel import HungUp

from .process import defer

if TYPE_CHECKING:
    from callgate_transport.pipeline import Submitted

    from .host import Host

__all__ = ["promise"]


def promise(host: Host, submitted: Submitted, outcome: Callable[[], Any], done: Callable[[], None]) -> Future[Any]:
    """The caller's future: `outcome` makes its result of the answer, and `done` is run whatever comes of it.

    It can be cancelled until then (R17.18): the call does not begin, if it has not, or whoever performs it can see that
    nobody wants it any more, and what it gives is dropped.
    """
    promised: Future[Any] = Future()

    def settle() -> None:
        try:
            _settle(promised, outcome)
        finally:
            done()

    def came_back(_: Future[Any]) -> None:
        if submitted.cancelled() or submitted.exception() is not None:
            defer(settle)  # the broker will be asked what happened, which must not hold up the I/O thread
        else:
            settle()

    def cancelled(_: Future[Any]) -> None:
        if promised.cancelled() and not submitted.cancel():
            host.session.post(tell)  # where it is sent: by then it has a number

    def tell() -> None:
        with suppress(HungUp):
            host.session.cancel(submitted.channel, submitted.number)

    submitted.add_done_callback(came_back)
    promised.add_done_callback(cancelled)
    return promised


def _settle(promised: Future[Any], outcome: Callable[[], Any]) -> None:
    try:
        result = outcome()
    except BaseException as error:  # handed to whoever asks for the result
        if promised.set_running_or_notify_cancel():
            promised.set_exception(error)
    else:
        if promised.set_running_or_notify_cancel():
            promised.set_result(result)
