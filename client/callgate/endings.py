"""What a call that did not come back died of, and how a deadline ends one (R17.26, R17.27)."""

from __future__ import annotations

import threading
from typing import Final

from callgate_protocol.errors import LocalProtocolError, RemoteProtocolError
from callgate_transport.callchannel import DeadlinePassed, HungUp

from .crash import CallSite, death
from .errors import (
    ArgumentError,
    DeadlineExceeded,
    Error,
    HostLost,
    NotExecuted,
    ObjectGone,
    OutcomeUnknown,
    ProtocolError,
)
from .lines import Keeper, Line, Prints, Session

__all__ = ["Endings", "not_begun", "not_sent"]

_RECORD_SECONDS: Final = 0.25


class Endings:
    """Belongs to one host. Thread-safe."""

    def __init__(self, label: str, session: Session, keeper: Keeper, output: Prints) -> None:
        self.closing = ""
        """Why this process has ended the session itself."""
        self.down = threading.Event()
        """Set when the session is over and all that the host has said was read."""
        self._label = label
        self._session = session
        self._keeper = keeper
        self._output = output

    def close(self, reason: str) -> None:
        """End the session; the host ends with it."""
        self.closing = reason
        self._session.close(reason)

    def given_up(
        self, channel: Line, site: CallSite, error: BaseException, expires: float | None, *, nested: bool
    ) -> BaseException:
        """Put the channel of a call away that did not come back; the exception that tells what happened."""
        told = self._told(site, error, expires)
        self._retire(channel, site.call, nested=nested)
        return told

    def _told(self, site: CallSite, error: BaseException, expires: float | None) -> BaseException:
        match error:
            case HungUp():
                return self.interrupted(site, expires) or self.lost(site)
            case LocalProtocolError():
                return ArgumentError(f"the arguments of {site} are more than a call can carry: {error}")
            case RemoteProtocolError():
                return self.broken(site, error)
            case DeadlinePassed():
                return self.stop_for_deadline(site)
            case _:
                return error

    def _retire(self, channel: Line, number: int, *, nested: bool) -> None:
        """R17.18: nobody waits on it any more.

        A nested call's channel is still in use by the calls around it: they cannot go on, so the session ends.
        """
        session = self._session
        if nested:
            if number and channel.talk.depth and not session.dead and not session.interrupted(channel):
                self.close("a call inside a callback was given up")
        elif number and channel.talk.depth:
            session.abandon(channel, number)
        else:
            session.give(channel)

    def broken(self, site: CallSite, error: RemoteProtocolError) -> Error:
        """The host sent what makes no sense: nothing can be said to it any more."""
        self.close("it broke the protocol")
        return _of(site, ProtocolError(f"the host of {site} broke the protocol: {error}"))

    def lost(self, site: CallSite) -> Error:
        """The session has ended: why. Asks the warden, so not on the I/O thread."""
        return _of(site, self._lost(site))

    def _lost(self, site: CallSite) -> Error:
        if self._session.broken:
            return ProtocolError(f"the call of {site} ended because {self._session.broken}; please report this")
        if self.closing:
            return ObjectGone(f"{self._label} was closed: {self.closing}")
        if self._session.lapsed:
            text = f"the session with the host of {site} is over: {self._session.lapsed}; its objects are gone"
            return HostLost(text, function=site.function, began=None, process=self._session.process)
        record = self._keeper.record(self._session.incarnation.hex(), _RECORD_SECONDS)
        self.down.wait(_RECORD_SECONDS)
        return death(record, site, self._session.process, self._output.tail(1) or self._output.tail(0))

    def interrupted(self, site: CallSite, expires: float | None) -> Error | None:
        """R17.27: the network broke under a call, which is never sent again; None when it was the host's end."""
        try:
            began = self._session.begun(site.channel, site.call, expires)
        except HungUp:
            return None
        if began is False:
            text = f"the network broke before {site} was begun; it did not run and will not, so it can be called again"
            return _of(site, NotExecuted(text, function=site.function))
        known = "it had begun" if began else "its machine cannot be asked"
        text = f"the network broke while {site} was under way; {known}, and nobody can know what came of it"
        return _of(site, OutcomeUnknown(text, function=site.function, began=began))

    def stop_for_deadline(self, site: CallSite) -> Error:
        """Have a call not begun, or its host stopped; what that makes of the call."""
        return _of(site, self._stop_for_deadline(site))

    def _stop_for_deadline(self, site: CallSite) -> Error:
        began = True
        try:
            began = self._session.cancel(site.channel, site.call).result(self._session.reaction)
        except TimeoutError:
            pass  # its I/O thread does not answer: native code holds it up
        except HungUp:
            return self._lost(site)
        if not began:
            return not_begun(site)
        where = self._keeper.stop(self._session.incarnation.hex(), "deadline", site.channel, site.call)
        self.down.wait(_RECORD_SECONDS)
        if not where and not self._session.dead:  # it could not be reached, nor who would stop it
            text = f"{site} did not come back before its deadline; whether it runs, and its host, nobody here can say"
            return DeadlineExceeded(text, host_stopped=False, function=site.function, began=None)
        text = (
            f"{site} did not come back before its deadline, so its host was stopped; it was {where or 'still running'}"
        )
        return DeadlineExceeded(text, where=where, host_stopped=True, function=site.function, began=True)


def not_sent(site: CallSite, error: Exception) -> Error:
    """There was no way to the host."""
    return _of(site, NotExecuted(f"{site} was not called: {error}", function=site.function))


def not_begun(site: CallSite) -> Error:
    """The deadline passed while the call had not entered native code, and now it never will."""
    text = f"{site} was not begun before its deadline; its host goes on"
    return _of(site, DeadlineExceeded(text, function=site.function, began=False))


def _of(site: CallSite, error: Error) -> Error:
    if not site.of_object:
        return error
    from .failures import over_rpc  # noqa: PLC0415 - programs without objects need no table of codes

    return over_rpc(error)
