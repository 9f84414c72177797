"""The objects of this host that clients name: blocks of memory, handles, pointers, function pointers.

One table for the process; what each session holds of an object is counted there. The same pointer of the same kind is
the same object while it lives (R14), and a pointer into a block that a client made is that block with an offset.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.references import CLAIM_SECONDS, ExportTable, Purpose, Reference
from callgate_transport.serving.single import here

from .faults import Mismatch
from .lives import Life, Lives, Release, Use
from .thunks import Thunk

__all__ = ["Block", "Entry", "HeapBlock", "Kept", "Objects"]

_ANSWERS: Final = b"answers"
"""Stands for a session: answers that name objects and are not read yet."""


class Block:
    """Memory that callgate owns; it lives as long as anything holds this object."""

    __slots__ = ("__weakref__", "address", "memory", "size")

    def __init__(self, memory: Any, address: int, size: int) -> None:
        self.memory = memory
        self.address = address
        self.size = size


class HeapBlock(Block):
    """A block of libc's heap: FREE or native code frees it, and nothing else does (R8.12)."""

    __slots__ = ()


class Kept(NamedTuple):
    """What a pointer inside a block refers to, for as long as it does."""

    memory: list[Any]
    thunks: list[Thunk]
    lives: list[Use]

    def __bool__(self) -> bool:
        return bool(self.memory or self.thunks or self.lives)

    def release(self) -> None:
        """The pointer was overwritten, or its block is gone."""
        for thunk in self.thunks:
            thunk.release()
        for life in self.lives:
            life.done()


class Entry:
    """One object. `block` is None for what native code made; `fields` holds what its pointers refer to, by offset."""

    __slots__ = ("address", "agile", "block", "closed", "crossed", "fields", "home", "kind", "life", "number", "thunks")

    def __init__(self, kind: str, address: int, block: Block | None = None, thunk: Thunk | None = None) -> None:
        self.kind = kind
        self.address = address
        self.block = block
        self.number = 0
        self.home = here()
        """The single-threaded apartment on whose thread it was first seen: its own (R15.2)."""
        self.agile = False
        """Whether it may be called on every thread, and says so (R15.10)."""
        self.closed = False
        self.crossed = 0
        """How often it was called from another apartment than its own (R15.13)."""
        self.fields: dict[int, Kept] = {}
        self.thunks: list[Thunk] = [thunk] if thunk else []
        """Function pointers that live as long as the object (R9.5)."""
        self.life: Life | None = None
        """Set when the object is ours to end (R10.8)."""

    @property
    def is_ours(self) -> bool:
        """Whether a client made it, so that FREE ends it."""
        return self.block is not None or (self.kind.startswith("code:") and bool(self.thunks))

    def replace_fields(self, start: int, size: int, kept: Kept) -> None:
        """The memory from `start` on holds new pointers."""
        for offset in [offset for offset in self.fields if start <= offset < start + size]:
            self.fields.pop(offset).release()
        if kept:
            self.fields[start] = kept

    def retire(self, *, here: bool = False) -> None:
        """Nobody can name the object any more: let go of what it kept alive, on this thread if `here`."""
        thunks, self.thunks = self.thunks, []
        fields, self.fields = self.fields, {}
        for thunk in thunks:
            thunk.release()
        for kept in fields.values():
            kept.release()
        if self.life is not None:
            self.life.close(here=here)


def _nothing() -> None:
    """Without an I/O thread nothing expires by itself."""


class Objects:
    """The table. Every method may be called from any thread."""

    def __init__(self, incarnation: bytes) -> None:
        self._lock = threading.Lock()
        self._table: ExportTable[Entry] = ExportTable(incarnation)
        self._at: dict[int, dict[str, Entry]] = {}
        self._starts: list[int] = []
        self._blocks: dict[int, Entry] = {}
        self._live: set[weakref.ref[Block]] = set()
        self.lives = Lives()
        """What ends the objects of handles."""
        self.on_handed: Callable[[], None] = _nothing
        """Has `expire` called when it is time."""

    def __len__(self) -> int:
        return len(self._table)

    @property
    def blocks_alive(self) -> int:
        """Blocks whose memory has not been freed, named or not."""
        return len(self._live)

    def add(self, entry: Entry) -> Entry:
        """Give an object its number."""
        with self._lock:
            return self._add(entry)

    def _add(self, entry: Entry) -> Entry:
        entry.number = self._table.add(entry)
        self._at.setdefault(entry.address, {})[entry.kind] = entry
        if entry.block is not None:
            self._live.add(weakref.ref(entry.block, self._live.discard))
            insort(self._starts, entry.address)
            self._blocks[entry.address] = entry
        return entry

    def refer(self, address: int, kind: str, session: bytes, *, exact: bool) -> tuple[Reference, int]:
        """A reference to what lies at an address, and the offset in it; counts one more for the session.

        `exact` is for handles: their type decides, even inside a block.
        """
        with self._lock:
            entry, offset = self._place(address, kind, exact)
            return self._table.send(entry.number, entry.kind, session), offset

    def refer_to(self, entry: Entry, session: bytes) -> Reference:
        """A reference to an object that was just made."""
        with self._lock:
            return self._table.send(entry.number, entry.kind, session)

    def known(self, address: int, kind: str, session: bytes) -> tuple[Entry, Reference] | None:
        """What has that kind at exactly that address, with one more reference for the session; None for nothing."""
        with self._lock:
            entry = self._at.get(address, {}).get(kind)
            return None if entry is None else (entry, self._table.send(entry.number, entry.kind, session))

    def meet(self, made: Entry, session: bytes) -> tuple[Entry, Reference]:
        """Put a new object into the table, unless another thread has just put it there: the one that is there now."""
        with self._lock:
            entry = self._at.get(made.address, {}).get(made.kind) or self._add(made)
            return entry, self._table.send(entry.number, entry.kind, session)

    def own(self, address: int, kind: str, session: bytes, release: Release, known: Sequence[Any]) -> Reference:
        """A reference to an object that is the session's to end (R10.3).

        What the call was given (`known`) and gives back unchanged keeps the owner that it has (R10.4).
        """
        with self._lock:
            entry, _ = self._place(address, kind, exact=True)
            if entry.life is None and not any(each is entry for each in known):
                entry.life = self.lives.begin(address, release)
            return self._table.send(entry.number, entry.kind, session)

    def abandon(self, address: int, kind: str, release: Release) -> None:
        """End an object that native code handed out and nobody gets, unless somebody has it already (R8.1)."""
        with self._lock:
            if kind in self._at.get(address, {}):
                return
        self.lives.begin(address, release).close()

    def withdraw(self, entry: Entry) -> None:
        """End an object's life whoever holds it, on this thread if no call uses it."""
        with self._lock:
            if entry.closed:
                raise Mismatch("the handle is being closed by another call", "ObjectGone")
            self._table.remove(entry.number)
            self._forget(entry)
        if entry.life is not None:
            entry.life.close(here=True)
        entry.retire()

    def _place(self, address: int, kind: str, exact: bool) -> tuple[Entry, int]:
        known = self._at.get(address, {})
        entry = known.get(kind)
        if entry is None and not kind:
            entry = next(iter(known.values()), None)
        if entry is not None:
            return entry, 0
        block = None if exact else self._block_around(address)
        if block is not None:
            return block, address - block.address
        return self._add(Entry(kind, address)), 0

    def _block_around(self, address: int) -> Entry | None:
        """The block an address points into, or just behind."""
        index = bisect_right(self._starts, address)
        if index == 0:
            return None
        entry = self._blocks[self._starts[index - 1]]
        assert entry.block is not None
        return entry if address <= entry.address + entry.block.size else None

    def find(self, number: int) -> Entry:
        """The object of that number. Raises Mismatch (`ObjectGone`)."""
        entry = self._table.get(number)
        if entry is None or entry.closed:
            state = "is gone: it was closed, freed or released" if self._table.knew(number) else "never existed"
            raise Mismatch(f"object {number} {state}", "ObjectGone")
        return entry

    def look(self, number: int) -> Entry | None:
        """The object of that number, if there is one."""
        return self._table.get(number)

    def close(self, entries: list[Entry]) -> None:
        """Take handles out of use, all or none. Raises Mismatch (`ObjectGone`) when a call has done so already."""
        with self._lock:
            if any(entry.closed for entry in entries):
                raise Mismatch("the handle is being closed by another call", "ObjectGone")
            for entry in entries:
                entry.closed = True
        for entry in entries:
            if entry.life is not None:
                entry.life.disown()

    def remove(self, entry: Entry) -> None:
        """End an object's life whoever holds it."""
        with self._lock:
            self._table.remove(entry.number)
            self._forget(entry)
        entry.retire()

    def release(self, references: Iterable[tuple[int, int]], session: bytes, *, here: bool = False) -> None:
        """A session gives references of its own back (R17.11, R16.15). Raises RemoteProtocolError for too many."""
        gone: list[Entry] = []
        try:
            with self._lock:
                for number, count in references:
                    entry = self._table.release(number, count, session)
                    if entry is not None:
                        self._forget(entry)
                        gone.append(entry)
        finally:
            for entry in gone:
                entry.retire(here=here)

    def hold(self, numbers: Iterable[int]) -> Callable[[], None]:
        """See `roles.Exports`."""
        with self._lock:
            held = self._table.hold(numbers, _ANSWERS)
        return lambda: self.release(held, _ANSWERS)

    def take_back(self, numbers: Iterable[int], session: bytes) -> None:
        """References that were put into a message that is not sent; a session that is gone has given all back."""
        for number in numbers:
            try:
                self.release([(number, 1)], session)
            except RemoteProtocolError:
                return

    def hand_over(self, entry: Entry, interface: str, purpose: Purpose) -> bytes:
        """R17.12: a token by which a third process claims a reference."""
        token = os.urandom(16)
        with self._lock:
            if entry.closed:
                raise Mismatch("the object is gone: it was released", "ObjectGone")
            expires = time.monotonic() + CLAIM_SECONDS if purpose is Purpose.NORMAL else math.inf
            self._table.hand_over(entry.number, interface, token, expires, purpose)
        self.on_handed()
        return token

    def claim(self, token: bytes, session: bytes) -> tuple[Entry, Reference] | None:
        """R17.13: what was handed over, now counted for the session; None when it is not there any more."""
        with self._lock:
            reference = self._table.claim(token, session)
            entry = self._table.get(reference.object) if reference is not None else None
            return None if reference is None or entry is None else (entry, reference)

    @property
    def handed(self) -> int:
        """References that wait to be claimed."""
        return self._table.handed

    def withdraw_handed(self, token: bytes) -> None:
        """R17.6: nobody claims it any more."""
        with self._lock:
            gone = self._table.withdraw(token)
            for entry in gone:
                self._forget(entry)
        for entry in gone:
            entry.retire()

    def expire(self) -> None:
        """R17.14: give back what nobody has claimed in time."""
        with self._lock:
            gone = self._table.expire(time.monotonic())
            for entry in gone:
                self._forget(entry)
        for entry in gone:
            entry.retire()

    def drop_session(self, session: bytes) -> None:
        """A session is gone: whatever only it held ends."""
        with self._lock:
            gone = self._table.drop_session(session)
            for entry in gone:
                self._forget(entry)
        for entry in reversed(gone):  # what was opened last may depend on what was opened before
            entry.retire()

    def kept(self) -> int:
        """How many pieces of memory are kept alive by pointers inside blocks."""
        with self._lock:
            entries = [entry for kinds in self._at.values() for entry in kinds.values()]
        return sum(len(kept.memory) for entry in entries for kept in list(entry.fields.values()))

    def _forget(self, entry: Entry) -> None:
        entry.closed = True
        kinds = self._at.get(entry.address, {})
        if kinds.get(entry.kind) is entry:
            del kinds[entry.kind]
            if not kinds:
                del self._at[entry.address]
        if self._blocks.get(entry.address) is entry:
            del self._blocks[entry.address]
            self._starts.remove(entry.address)
