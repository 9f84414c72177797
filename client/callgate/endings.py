"""What a call that did not come back died of, and how a deadline ends one (R17.26, R17.27)."""

from __future__ import annotations

import threading
from typing import Final

from callgate_transport.callchannel import HungUp

from .crash import CallSite, death
from .errors import DeadlineExceeded, Error, HostLost, NotExecuted, ObjectGone, OutcomeUnknown, ProtocolError
from .lines import Keeper, Prints, Session

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

    def lost(self, site: CallSite) -> Error:
        """The session has ended: why. Asks the warden, so not on the I/O thread."""
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
            return NotExecuted(text, function=site.function)
        known = "it had begun" if began else "its machine cannot be asked"
        text = f"the network broke while {site} was under way; {known}, and nobody can know what came of it"
        return OutcomeUnknown(text, function=site.function, began=began)

    def stop_for_deadline(self, site: CallSite) -> Error:
        """Have a call not begun, or its host stopped; what that makes of the call."""
        began = True
        try:
            began = self._session.cancel(site.channel, site.call).result(self._session.reaction)
        except TimeoutError:
            pass  # its I/O thread does not answer: native code holds it up
        except HungUp:
            return self.lost(site)
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


def not_sent(site: CallSite, error: Exception) -> NotExecuted:
    """There was no way to the host."""
    return NotExecuted(f"{site} was not called: {error}", function=site.function)


def not_begun(site: CallSite) -> DeadlineExceeded:
    """The deadline passed while the call had not entered native code, and now it never will."""
    text = f"{site} was not begun before its deadline; its host goes on"
    return DeadlineExceeded(text, function=site.function, began=False)
