"""Class objects of running programs, and activations that wait for one (R16.5 to R16.7). No I/O, no clock.

A program registers its class objects with the broker; who activates a class gets the first that is free. When there is
none its program is started, once for all who wait, and has a window of time in which to register.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

from .activation_codes import CODES, ActivationRefused
from .value import Value

__all__ = [
    "AGILE",
    "MODES",
    "MULTIPLEUSE",
    "MULTI_SEPARATE",
    "SINGLEUSE",
    "SURROGATE",
    "SUSPENDED",
    "WINDOW_SECONDS",
    "ClassObject",
    "ClassObjects",
    "Launch",
    "Outcome",
    "Refused",
    "Wanted",
]

SINGLEUSE: Final = 0
"""Withdrawn when the first client has it; the next activation starts another process."""
MULTIPLEUSE: Final = 1
"""Shared by all clients."""
MULTI_SEPARATE: Final = 2
"""As MULTIPLEUSE; the program's own activations do not get it, but are served as those of others."""
SUSPENDED: Final = 4
"""Not to be had until the process resumes all of its class objects."""
SURROGATE: Final = 8
"""The process is a surrogate."""
AGILE: Final = 0x10
"""To be called from any apartment."""
MODES: Final = MULTIPLEUSE | MULTI_SEPARATE | SUSPENDED | SURROGATE | AGILE
WINDOW_SECONDS: Final = 60.0
"""How long a program may take from its start to its registration (R16.5)."""
_MOST: Final = 4096


class ClassObject(Value):
    """One registration of a process."""

    cookie: int
    process: int
    clsid: str
    mode: int
    where: str
    had: bool = False
    """It was for single use, and has been used."""


class Wanted(Value):
    """An activation: who asks, for what, and which program would serve it."""

    asker: object
    clsid: str
    share: str
    command: tuple[str, ...]
    window: float = WINDOW_SECONDS


class Outcome(Value):
    """An activation has found its class object."""

    asker: object
    found: ClassObject


class Refused(Value):
    """An activation has failed; `name` is one of `CODES`."""

    asker: object
    name: str
    message: str

    @property
    def code(self) -> int:
        """The HRESULT."""
        return CODES[self.name]


class Launch(Value):
    """A program is to be started; `started` or `not_started` tells what came of it."""

    number: int
    command: tuple[str, ...]


class _Pending:
    """A program that was started and has not registered yet, and who waits for it."""

    __slots__ = ("clsid", "due", "number", "process", "share", "waiting")

    def __init__(self, number: int, first: Wanted, now: float) -> None:
        self.number = number
        self.clsid, self.share = first.clsid, first.share
        self.due = now + first.window
        self.process = 0
        self.waiting = [first]


class _Process:
    """A program that registers class objects."""

    __slots__ = ("handed", "launched", "suspended")

    def __init__(self) -> None:
        self.launched = False
        self.suspended = False
        self.handed = 0
        """How many activations were sent to it."""


class ClassObjects:
    """All of them, in one process that nobody else disturbs: the broker."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._objects: dict[int, ClassObject] = {}
        self._processes: dict[int, _Process] = {}
        self._pending: dict[int, _Pending] = {}

    def __len__(self) -> int:
        return len(self._objects)

    # -- activations ---------------------------------------------------------------------------------------------

    def activate(self, wanted: Wanted, now: float) -> Iterator[Outcome | Refused | Launch]:
        """Somebody wants a class: it is answered, has a program started, or waits for one that was started."""
        found = self._free(wanted.clsid)
        if found is not None:
            yield self._hand(wanted, found)
            return
        pending = next((each for each in self._pending.values() if _is_for(each, wanted)), None)
        if pending is not None:
            pending.waiting.append(wanted)
        elif wanted.command:
            yield self._launch(wanted, now)
        else:
            text = f"no running program serves class {wanted.clsid}, and none is registered that could be started"
            yield Refused(wanted.asker, "REGDB_E_CLASSNOTREG", text)

    def _free(self, clsid: str) -> ClassObject | None:
        return next((each for each in self._objects.values() if each.clsid == clsid and self._is_free(each)), None)

    def _is_free(self, each: ClassObject) -> bool:
        return not (each.had or each.mode & SUSPENDED or self._processes[each.process].suspended)

    def _hand(self, wanted: Wanted, found: ClassObject) -> Outcome:
        """Give a class object to an activation; one for single use is withdrawn, and still needs its revocation."""
        if not found.mode & (MULTIPLEUSE | MULTI_SEPARATE):
            self._objects[found.cookie] = found.replace(had=True)
        self._processes[found.process].handed += 1
        return Outcome(wanted.asker, found)

    def _launch(self, wanted: Wanted, now: float) -> Launch:
        number = next(self._numbers)
        self._pending[number] = _Pending(number, wanted, now)
        return Launch(number, (*wanted.command, "-Embedding"))

    def started(self, number: int, process: int) -> None:
        """The program of `Launch` runs."""
        pending = self._pending.get(number)
        if pending is not None:
            pending.process = process
            self._process(process).launched = True

    def not_started(self, number: int, name: str, message: str) -> Iterator[Refused]:
        """The program of `Launch` could not be started."""
        pending = self._pending.pop(number, None)
        for wanted in pending.waiting if pending else ():
            yield Refused(wanted.asker, name, message)

    # -- programs ------------------------------------------------------------------------------------------------

    def register(
        self, process: int, clsid: str, mode: int, where: str, now: float, *, only_launched: bool = False
    ) -> tuple[int, list[Outcome | Refused | Launch]]:
        """A class object of a process; its cookie, and the activations that it ends (R16.6).

        `only_launched`: the class says RunAs, and takes only a process that was started for it (R16.13).
        Raises ActivationRefused.
        """
        if mode & ~MODES or mode & (MULTIPLEUSE | MULTI_SEPARATE) == MULTIPLEUSE | MULTI_SEPARATE:
            raise ActivationRefused("REGDB_E_INVALIDVALUE", f"{mode:#x} is no mode of a class object (R16.6)")
        if len(self._objects) >= _MOST:
            raise ActivationRefused("E_ACCESSDENIED", f"there are {_MOST} class objects, which is all that is taken")
        if only_launched and not (process in self._processes and self._processes[process].launched):
            text = f"class {clsid} has RunAs, and process {process} was not started for it (R16.13)"
            raise ActivationRefused("CO_E_WRONG_SERVER_IDENTITY", text)
        self._process(process)
        made = ClassObject(next(self._numbers), process, clsid, mode, where)
        self._objects[made.cookie] = made
        return made.cookie, list(self._serve_waiting(clsid, now))

    def _process(self, process: int) -> _Process:
        return self._processes.setdefault(process, _Process())

    def _serve_waiting(self, clsid: str, now: float) -> Iterator[Outcome | Refused | Launch]:
        """Those who wait get what is free now; whoever finds it used up has another program started."""
        for pending in [each for each in self._pending.values() if each.clsid == clsid]:
            while pending.waiting and (found := self._free(clsid)) is not None:
                yield self._hand(pending.waiting.pop(0), found)
            if not pending.waiting:
                del self._pending[pending.number]
            elif self._used_up(pending.process, clsid):
                del self._pending[pending.number]
                yield from self._start_next(pending, now)

    def _used_up(self, process: int, clsid: str) -> bool:
        """Whether the program has registered for single use, and that has been had: nothing more will come."""
        own = [each for each in self._objects.values() if each.process == process and each.clsid == clsid]
        return bool(own) and all(each.had for each in own)

    def _start_next(self, pending: _Pending, now: float) -> Iterator[Launch]:
        first, *rest = pending.waiting
        launch = self._launch(first, now)
        self._pending[launch.number].waiting += rest
        yield launch

    def resume(self, process: int, now: float) -> list[Outcome | Refused | Launch]:
        """All class objects of a process can be had, at once (R16.7)."""
        state = self._process(process)
        state.suspended = False
        own = [each for each in self._objects.values() if each.process == process]
        for each in own:
            self._objects[each.cookie] = each.replace(mode=each.mode & ~SUSPENDED)
        outcomes: list[Outcome | Refused | Launch] = []
        for clsid in dict.fromkeys(each.clsid for each in own):
            outcomes += self._serve_waiting(clsid, now)
        return outcomes

    def suspend(self, process: int, served: int | None = None) -> bool:
        """No class object of a process can be had any more; whether that is so.

        A process that wants to end says how many activations it has served. When one more is on its way, nothing is
        suspended and it has to go on: no activation meets a process that is about to end (R16.7).
        """
        state = self._process(process)
        if served is not None and served < state.handed:
            return False
        state.suspended = True
        return True

    def revoke(self, process: int, cookie: int) -> None:
        """Take a class object back. Raises ActivationRefused."""
        found = self._objects.get(cookie)
        if found is None or found.process != process:
            raise ActivationRefused("CO_E_OBJNOTREG", f"no class object of yours has the cookie {cookie} (R16.6)")
        del self._objects[cookie]

    def process_gone(self, process: int, how: str) -> Iterator[Refused]:
        """A process has ended: its class objects are gone, and who waited for them hears at once."""
        self._objects = {cookie: each for cookie, each in self._objects.items() if each.process != process}
        self._processes.pop(process, None)
        for pending in [each for each in self._pending.values() if each.process == process]:
            text = f"the program of class {pending.clsid} {how} before it registered its class object (R16.5)"
            yield from self.not_started(pending.number, "CO_E_SERVER_EXEC_FAILURE", text)

    def asker_gone(self, is_gone: Callable[[object], bool]) -> None:
        """Nobody is left to hear about some activations."""
        for pending in self._pending.values():
            pending.waiting = [wanted for wanted in pending.waiting if not is_gone(wanted.asker)]

    def due(self) -> float | None:
        """When `tick` has something to do."""
        return min((each.due for each in self._pending.values()), default=None)

    def tick(self, now: float) -> Iterator[Refused]:
        """Time has passed: a program that is late has failed its activations, whatever it does later (R16.5)."""
        for pending in [each for each in self._pending.values() if each.due <= now]:
            text = f"the program of class {pending.clsid} did not register its class object in time (R16.5)"
            yield from self.not_started(pending.number, "CO_E_SERVER_EXEC_FAILURE", text)


def _is_for(pending: _Pending, wanted: Wanted) -> bool:
    return (pending.clsid, pending.share) == (wanted.clsid, wanted.share)
