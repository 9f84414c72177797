"""The queue of an STA of this process: calls that other threads bring, and when it serves them (R15.14, R15.15)."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from callgate_protocol.admission import Admission, Arriving, Waiting, admits, call_type
from callgate_protocol.apartments import Apartment, Kind
from callgate_protocol.channel import Received
from callgate_protocol.messagefilter import Outgoing, settle
from callgate_protocol.messages import Callback
from callgate_protocol.rpccodes import Code

from .failures import transport_failure
from .threads import causality

if TYPE_CHECKING:
    from .host import Host
    from .lines import Line

__all__ = ["Inbox", "Job", "MessageFilter", "Outer"]


class MessageFilter:
    """What an STA can be asked (R15.15). The answers here are those of an STA without a filter."""

    def handle_incoming_call(self, call_type: int, waited: float) -> int:
        """`HandleInComingCall`: 0 to serve a call, 1 to refuse it, 2 to have it made later.

        `call_type` is one of `CallType`; `waited` how many seconds ago the call was made.
        """
        del call_type, waited
        return 0

    def retry_rejected_call(self, refusals: int, code: int) -> int:
        """`RetryRejectedCall`, when a call of this STA was refused.

        -1 gives up, below 100 is to repeat it at once, else after so many milliseconds.
        """
        del refusals, code
        return -1

    def message_pending(self) -> int:
        """`MessagePending`, when something arrives while this STA waits: 0 to cancel its call, 2 to wait on."""
        return 2


class Job:
    """One call for the STA. Whoever brings it waits until `done`."""

    __slots__ = ("_bell", "_work", "arriving", "code", "done", "error", "result", "since", "unwanted")

    def __init__(self, work: Callable[[], Any], arriving: Arriving, bell: Callable[[], None]) -> None:
        self._work = work
        self._bell = bell
        self.arriving = arriving
        self.since = time.monotonic()
        self.done = False
        self.unwanted = False
        """Whether nobody waits for it (R17.18); what has not begun then never does."""
        self.code = Code.S_OK
        """Why it was not served."""
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """On the thread of the STA."""
        try:
            self.result = self._work()
        except BaseException as error:  # it belongs to whoever called
            self.error = error
        self._finish()

    def refuse(self, code: Code) -> None:
        """It is not going to be served."""
        self.code = code
        self._finish()

    def _finish(self) -> None:
        self.done = True
        self._bell()


class Outer:
    """A call that this STA has made and waits for, while it serves another one on top of it.

    What native code calls back inside of it is served all the same: it may be what the other one waits for.
    """

    __slots__ = ("_serve", "answers", "line")

    def __init__(self, line: Line, serve: Callable[[Line, Any, list[Any]], object]) -> None:
        self.line = line
        self._serve = serve
        self.answers: deque[Received] = deque()
        """What has come for the call itself, for when it is on top again."""

    def descriptors(self) -> Sequence[int]:
        """What tells that something may have come."""
        return self.line.descriptors()

    def tend(self) -> bool:
        """Serve what has come; whether anything had."""
        received = None if self.answers else self.line.receive_now()
        if received is None:
            return False
        if isinstance(received.message, Callback):
            self._serve(self.line, received.message, received.payloads)
        else:
            self.answers.append(received)
        return True


class Inbox:
    """Filled by all threads, emptied by its own."""

    def __init__(self, apartment: Apartment) -> None:
        self.apartment = apartment
        self.filter: MessageFilter | None = None
        self._lock = threading.Lock()
        self._jobs: deque[Job] = deque()
        self._ended = False
        self._asking = False
        self._serving = 0
        self.outer: list[Outer] = []
        """The calls that this STA waits for, the innermost last."""
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        """Readable when something has arrived."""

    def ring(self) -> None:
        """Have the thread look."""
        with self._lock:
            if not self._ended:
                os.eventfd_write(self.bell, 1)

    def put(self, job: Job) -> None:
        """A call for the STA. One that has ended refuses it (R15.19)."""
        with self._lock:
            ended = self._ended
            if not ended:
                self._jobs.append(job)
                os.eventfd_write(self.bell, 1)
        if ended:
            job.refuse(Code.RPC_E_DISCONNECTED)

    def end(self) -> None:
        """R15.19: the thread has ended; what waited for it was never executed."""
        with self._lock:
            self._ended = True
            left, self._jobs = self._jobs, deque()
            os.close(self.bell)
        for job in left:
            job.refuse(Code.RPC_E_SERVER_DIED_DNE)

    # -- on its own thread ---------------------------------------------------------------------------------------

    @property
    def asking(self) -> bool:
        """Whether the message filter is being asked, inside of which nothing can be called (R15.15)."""
        return self._asking

    @property
    def busy(self) -> bool:
        """Whether it serves something, or waits for something."""
        return bool(self._serving or self.outer or self._asking)

    def serve(self, state: Waiting) -> int:
        """Serve what may be served now; how many calls that were."""
        served = 0
        state = state.replace(filtered=self.filter is not None)
        while (job := self._take(state)) is not None:
            if job.unwanted:
                job.refuse(Code.RPC_E_CALL_CANCELED)
            elif self._admitted(state, job):
                self._serving += 1
                job.run()
                self._serving -= 1
                served += 1
        return served

    def _take(self, state: Waiting) -> Job | None:
        with self._lock:
            for job in self._jobs:
                if admits(state, job.arriving) is not Admission.PARK:
                    self._jobs.remove(job)
                    return job
        return None

    def _admitted(self, state: Waiting, job: Job) -> bool:
        handler = self.filter
        if handler is None:
            return True
        kind, waited = call_type(state, job.arriving), time.monotonic() - job.since
        code = settle(job.arriving, self._ask(lambda: handler.handle_incoming_call(kind, waited)))
        if code is not Code.S_OK:
            job.refuse(code)
        return code is Code.S_OK

    def _ask(self, question: Callable[[], int]) -> int:
        outer, self._asking = self._asking, True
        try:
            return question()
        finally:
            self._asking = outer

    def quiet(self) -> None:
        """What has rung until now is known."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.bell)

    def below(self, line: Line | None = None) -> list[Outer]:
        """The calls that wait while something else is done, on other lines than this; the last one of each line."""
        last = {id(each.line): each for each in self.outer}
        return [each for each in last.values() if each.line is not line]

    def tend(self, outer: Sequence[Outer]) -> bool:
        """Serve what belongs to calls below the one that is served now; whether anything did."""
        return sum(each.tend() for each in outer) > 0

    def drain(self, state: Waiting, outer: Sequence[Outer]) -> int:
        """Serve until nothing is there any more: what is served may bring more, of which no descriptor tells again."""
        served = 0
        while now := self.serve(state) + self.tend(outer):
            served += now
        return served

    def bells(self, outer: Sequence[Outer]) -> list[int]:
        """What is readable when something arrives."""
        return [self.bell, *(descriptor for each in outer for descriptor in each.descriptors())]

    def wait(self, seconds: float | None) -> None:
        """Sleep until something arrives, or the time is over."""
        select.select(self.bells(self.below()), [], [], seconds)
        self.quiet()

    def pump(self, seconds: float) -> int:
        """See `callgate.pump`."""
        end, idle = time.monotonic() + seconds, Waiting(self.apartment.kind)
        self.quiet()
        served = self.drain(idle, self.below())
        while (left := end - time.monotonic()) > 0:
            self.wait(left)
            served += self.drain(idle, self.below())
        return served

    def attend(
        self,
        host: Host,
        line: Line,
        _number: int,
        expires: float | None,
        bells: Sequence[int] = (),
        look: Callable[[], None] = lambda: None,
    ) -> Received:
        """R15.14: what comes next for a call of this STA, which serves what others call of its objects until then.

        `look` is called when one of the other bells has rung, and may give the call up by what it raises.
        """
        state, below, mine = Waiting(Kind.STA, causality()), self.below(line), Outer(line, host.serve)
        self.outer.append(mine)
        try:
            while True:
                look()
                self.quiet()
                self.drain(state, below)
                if mine.answers:
                    return mine.answers.popleft()
                received = line.receive_or([*self.bells(below), *bells], expires)
                if received is not None:
                    return received
        finally:
            self.outer.pop()

    def wait_for(self, job: Job, state: Waiting, outgoing: Outgoing, look: Callable[[], None] = lambda: None) -> None:
        """R15.20: wait for a call that this STA has made to another one, with the GIL free, serving meanwhile.

        `look` is called whenever something has rung, and may give the call up by what it raises.
        """
        while not job.done:
            look()
            self.interrupted(outgoing)
            if not self.drain(state, self.below()) and not job.done:
                self.wait(None)

    def interrupted(self, outgoing: Outgoing) -> None:
        """Something has arrived while a call was under way: the filter may give the call up. Raises RpcError."""
        handler = self.filter
        if handler is None or not self._jobs:
            return
        code = outgoing.pending(self._ask(handler.message_pending))
        if code is not Code.S_OK:
            raise transport_failure(code)

    def rest(self, milliseconds: int, state: Waiting) -> None:
        """The pause before a call is made again."""
        end = time.monotonic() + milliseconds / 1000
        while (left := end - time.monotonic()) > 0:
            if not self.drain(state, self.below()):
                self.wait(left)

    def retry(self, refusals: int, code: Code) -> int:
        """Ask the filter about a call that was refused."""
        handler = self.filter
        return -1 if handler is None else self._ask(lambda: handler.retry_rejected_call(refusals, code))
