"""The table of running objects (R16.16): who has put which object into it, and under which name. No I/O, no clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from .activation_codes import ActivationRefused
from .value import Value

__all__ = ["ALLOW_ANY_CLIENT", "KEEPS_ALIVE", "MOST_RUNNING", "RunningObject", "RunningTable", "moniker_key"]

KEEPS_ALIVE: Final = 1
"""ROTFLAGS_REGISTRATIONKEEPSALIVE: the entry holds its object; without it the entry goes when the object does."""
ALLOW_ANY_CLIENT: Final = 2
"""ROTFLAGS_ALLOWANYCLIENT: other identities see it as well."""
_FLAGS: Final = KEEPS_ALIVE | ALLOW_ANY_CLIENT
MOST_RUNNING: Final = 4096


class RunningObject(Value):
    """One registration. `where` is what its owner says about how to reach it; the table does not look into it."""

    number: int
    owner: int
    moniker: str
    where: str
    flags: int
    identity: str


def moniker_key(moniker: str) -> str:
    """By what monikers are compared: items (`!name`) without case, files by their path. Raises ActivationRefused."""
    if moniker.startswith("!") and len(moniker) > 1 and "\0" not in moniker:
        return moniker.casefold()
    if moniker.startswith("/") and "\0" not in moniker:
        return moniker
    raise ActivationRefused(
        "CO_E_CLASSSTRING", f"{moniker!r:.80} is no moniker: an item is written !name, a file as its absolute path"
    )


class RunningTable:
    """All registrations. Several may have one name: each needs its own revocation, and the first is found."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._entries: dict[int, RunningObject] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, owner: int, flags: int, moniker: str, where: str, identity: str) -> tuple[RunningObject, bool]:
        """Put an object in; whether the name was taken already (MK_S_MONIKERALREADYREGISTERED).

        Numbers are never 0. Raises ActivationRefused.
        """
        if flags & ~_FLAGS:
            raise ActivationRefused(
                "REGDB_E_INVALIDVALUE", f"flags of a running object are 0 to 3, not {flags} (R16.16)"
            )
        if len(self._entries) >= MOST_RUNNING:
            raise ActivationRefused(
                "E_ACCESSDENIED", f"the table has {MOST_RUNNING} running objects, which is all it takes"
            )
        key = moniker_key(moniker)
        already = any(moniker_key(each.moniker) == key for each in self._entries.values())
        entry = RunningObject(next(self._numbers), owner, moniker, where, flags, identity)
        self._entries[entry.number] = entry
        return entry, already

    def revoke(self, number: int, owner: int) -> None:
        """Take one registration out. Raises ActivationRefused for one that is not there, or is another's."""
        entry = self._entries.get(number)
        if entry is None or entry.owner != owner:
            raise ActivationRefused("CO_E_OBJNOTREG", f"no running object of yours has the number {number}")
        del self._entries[number]

    def find(self, moniker: str, identity: str) -> RunningObject:
        """The first object of that name that this identity may see. Raises ActivationRefused."""
        key = moniker_key(moniker)
        for entry in self.visible(identity):
            if moniker_key(entry.moniker) == key:
                return entry
        raise ActivationRefused("MK_E_UNAVAILABLE", f"nothing is running as {moniker}")

    def visible(self, identity: str) -> Iterator[RunningObject]:
        """What this identity may see, the oldest first."""
        return (each for each in self._entries.values() if each.identity == identity or each.flags & ALLOW_ANY_CLIENT)

    def owner_gone(self, owner: int) -> None:
        """A process has ended: its registrations go with it, weak or strong."""
        self._entries = {number: each for number, each in self._entries.items() if each.owner != owner}
