"""A single-threaded apartment of a serving process (R15.2): one thread, and calls that other threads bring to it.

The thread of a call channel that gets a call for an object of the apartment brings it there and waits. It stays the one
that speaks with the client: callbacks of the code that runs in the apartment go back to it and down its channel, so
that they find the thread that waits for this call. Meanwhile the apartment serves what `admits` lets in (R15.14).
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from callgate_protocol.admission import Admission, Arriving, Waiting, admits
from callgate_protocol.apartments import Apartment
from callgate_protocol.channel import Frames, Received
from callgate_protocol.messages import Call
from callgate_protocol.rpccodes import Code, refusal
from callgate_protocol.slots import Phase

from .conversation import Conversation
from .roles import Performer

__all__ = ["Bringer", "SingleThread", "arriving", "here"]


class Bringer(Performer, Protocol):
    """The thread of a call channel, as an apartment's thread sees it."""

    def elsewhere(self, thread: int | None) -> None:
        """The call goes on in the thread with this number of the kernel's; None when it is back."""

    def passed(self, phase: int) -> None:
        """The call is as far as this (`Phase`)."""


class _Question(NamedTuple):
    """A callback on its way to the client."""

    delegate: int
    arguments: list[Any]
    payloads: Sequence[Any]


class _Job:
    """What the thread is to do."""

    __slots__ = ("arriving",)

    def __init__(self, arriving: Arriving) -> None:
        self.arriving = arriving

    def run(self) -> None:
        """Do it. Never raises."""
        raise NotImplementedError

    def refuse(self, code: Code, text: str) -> None:
        """It is not going to be done."""
        raise NotImplementedError


class _Errand(_Job):
    """Work that belongs to no call, such as the release of an object."""

    __slots__ = ("_done", "_work")

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(Arriving())
        self._work = work
        self._done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # handed to whoever waits for the errand
            self._done.put(error)
        else:
            self._done.put(None)

    def refuse(self, code: Code, text: str) -> None:
        self._done.put(refusal(code, text))

    def follow(self) -> None:
        """Wait until it is done. Raises what it raised."""
        if (error := self._done.get()) is not None:
            raise error


class _Visit(_Job):
    """One call, brought by the thread of its channel, which waits in `follow`."""

    __slots__ = ("_box", "_thread", "_work", "bringer", "reply")

    def __init__(
        self, thread: SingleThread, bringer: Bringer, arriving: Arriving, work: Callable[[], Frames | None]
    ) -> None:
        super().__init__(arriving)
        self._thread = thread
        self._work = work
        self._box: queue.SimpleQueue[_Question | Callable[[], Frames | None]] = queue.SimpleQueue()
        self.bringer = bringer
        self.reply: Received | BaseException | None = None

    def run(self) -> None:
        try:
            frames = self._work()
        except BaseException as error:  # handed to the thread that brought the call
            self._box.put(_raiser(error))
        else:
            self._box.put(lambda: frames)

    def refuse(self, code: Code, text: str) -> None:
        self._box.put(_raiser(refusal(code, text)))

    def ask(self, question: _Question) -> None:
        """Have the client asked by the thread that waits; `reply` is set when it has answered."""
        self.reply = None
        self._box.put(question)

    def follow(self) -> Frames | None:
        """What came of the call; until then, callbacks are carried to the client and their answers back."""
        while True:
            item = self._box.get()
            if not isinstance(item, _Question):
                return item()
            try:
                reply: Received | BaseException = self.bringer.call_back(*item)
            except BaseException as error:  # it belongs to the code that called back
                reply = error
            self._thread.answered(self, reply)


def _raiser(error: BaseException) -> Callable[[], Frames | None]:
    def fail() -> Frames | None:
        raise error

    return fail


_HERE: Final = threading.local()


def here() -> SingleThread | None:
    """The single-threaded apartment whose thread this is; None elsewhere."""
    thread: SingleThread | None = getattr(_HERE, "thread", None)
    return thread


def arriving(conversation: Conversation, call: Call, *, com: bool) -> Arriving:
    """A call as `admits` looks at it. What a channel carries inside a call belongs to that call (R17.16)."""
    if conversation.channel.depth <= 1 or not conversation.causality:
        conversation.causality = call.causality or conversation.routing_id
    return Arriving(conversation.causality, com)


class SingleThread:
    """The thread. Implements `roles.Performer` for what runs on it; `visit`, `run` and `end` are for all others."""

    def __init__(self, apartment: Apartment, register: Callable[[int, SingleThread], None]) -> None:
        self.apartment = apartment
        self.active: Any = None
        self.native = 0
        """Its number in the kernel."""
        self._register = register
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._serving: list[_Visit] = []
        self._residents = 0
        self._ended = False
        self._gone = False
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), name=str(apartment), daemon=True).start()
        started.wait()

    def visit(self, bringer: Bringer, arriving: Arriving, work: Callable[[], Frames | None]) -> Frames | None:
        """Have a call performed on the thread: the frames of its answer. Raises Fault when the apartment has ended."""
        visit = _Visit(self, bringer, arriving, work)
        bringer.elsewhere(self.native)
        try:
            self._post(visit)
            return visit.follow()
        finally:
            bringer.elsewhere(None)

    def run(self, work: Callable[[], None]) -> None:
        """Have something done on the thread, and wait; not for an apartment that has ended, which may never come to it.

        Raises what it raises, and Fault when the thread is gone.
        """
        if here() is self:
            work()
            return
        errand = _Errand(work)
        self._post(errand)
        if not self._ended:
            errand.follow()

    @property
    def ended(self) -> bool:
        """Whether no call is served any more."""
        return self._ended

    def settle(self) -> None:
        """An object lives here that has to end on the thread."""
        with self._changed:
            self._residents += 1

    def depart(self) -> None:
        """It has ended."""
        with self._changed:
            self._residents -= 1
            self._changed.notify_all()

    def end(self) -> None:
        """R15.19: no call is served any more when what runs has come back; calls that wait will never be executed.

        The thread stays until the objects that live here have ended on it: their owners let go of them now.
        """
        with self._changed:
            self._ended = True
            left = [job for job in self._jobs if isinstance(job, _Visit)]
            self._jobs = deque(job for job in self._jobs if not isinstance(job, _Visit))
            self._changed.notify_all()
        for job in left:
            job.refuse(Code.RPC_E_SERVER_DIED_DNE, f"{self.apartment} ended before the call had its turn (R15.19)")

    def _post(self, job: _Job) -> None:
        with self._changed:
            if self._gone or (self._ended and isinstance(job, _Visit)):
                text = f"the object lived in {self.apartment}, which has ended with its thread (R15.19)"
                raise refusal(Code.RPC_E_DISCONNECTED, text)
            self._jobs.append(job)
            self._changed.notify_all()

    def answered(self, visit: _Visit, reply: Received | BaseException) -> None:
        """A callback of a visit was answered; from the thread that brought it."""
        with self._changed:
            visit.reply = reply
            self._changed.notify_all()

    # -- on the thread -------------------------------------------------------------------------------------------

    def _run(self, started: threading.Event) -> None:
        _HERE.thread = self
        self.native = threading.get_native_id()
        self._register(threading.get_ident(), self)
        started.set()
        idle = Waiting(self.apartment.kind)
        while True:
            job = self._next(idle, self._is_over)
            if job is None:
                return
            self._serve(job)

    def _is_over(self) -> bool:
        """Whether the thread is needed no more."""
        self._gone = self._ended and not self._residents and not self._jobs
        return self._gone

    def _next(self, state: Waiting, over: Callable[[], bool]) -> _Job | None:
        """The next job that may be done now, when there is one; None when what was waited for has come."""
        with self._changed:
            while not over():
                for job in self._jobs:
                    if admits(state, job.arriving) is not Admission.PARK:
                        self._jobs.remove(job)
                        return job
                self._changed.wait()
        return None

    def _serve(self, job: _Job) -> None:
        outer, self.active = self.active, None
        if isinstance(job, _Visit):
            self._serving.append(job)
            job.run()
            self._serving.pop()
        else:
            job.run()
        self.active = outer

    def run_native(self, function: Any, natives: Sequence[Any], scope: Any) -> Any:
        """See `Performer`."""
        outer, self.active = self.active, scope
        bringer = self._serving[-1].bringer
        bringer.passed(Phase.NATIVE)
        try:
            return function(*natives)
        finally:
            self.active = outer
            bringer.passed(Phase.RETURNED)

    def call_back(self, delegate: int, arguments: list[Any], payloads: Sequence[Any]) -> Received:
        """See `Performer`: the thread that brought the call asks, and this one serves what it may meanwhile."""
        visit = self._serving[-1]
        visit.ask(_Question(delegate, arguments, payloads))
        state = Waiting(self.apartment.kind, visit.arriving.causality, visit.arriving.com)
        while (job := self._next(state, lambda: visit.reply is not None)) is not None:
            self._serve(job)
        reply, visit.reply = visit.reply, None
        assert reply is not None
        if isinstance(reply, BaseException):
            raise reply
        return reply
