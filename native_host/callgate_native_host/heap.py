"""The safety net below automatic frees: what cannot be a block of libc's heap is not given to `free` (R8.6).

A library that hands out a literal where its declaration says `[free]` would end its host with an abort far from the
cause. Blocks of `malloc` lie in anonymous memory that can be written, are aligned, and have a header in front that
makes sense; everything else is refused by name. Which memory is anonymous is read again when an address is not there.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from typing import Final

from .backend import Backend
from .libc import Libc

__all__ = ["Heap"]

_ALIGNMENT: Final = 16
_PROBE: Final = 100
_PROBE_SIZE: Final = 112
"""What glibc's header says of a block of 100 bytes; another allocator says something else, and is not judged by it."""
_FLAGS: Final = 7
_MAPPED: Final = 2
_LEAST: Final = 32


class _Refusals(threading.local):
    """Why something was not freed on this thread, until somebody says so."""

    why = ""


class Heap:
    """libc's `free`, for addresses that a library handed out. Thread-safe."""

    def __init__(self, backend: Backend, libc: Libc) -> None:
        self._backend = backend
        self._libc = libc
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._headers: bool | None = None
        self._refusals = _Refusals()

    def free(self, address: int) -> None:
        """Free a block; what is none is left alone, and `take_refusal` says why."""
        why = self.suspect(address)
        if why:
            self._refusals.why = why
        else:
            self._libc.free(address)

    def take_refusal(self) -> str:
        """Why something of this thread was not freed, and forget it."""
        why, self._refusals.why = self._refusals.why, ""
        return why

    def suspect(self, address: int) -> str:
        """Why the address cannot be a block of the heap; "" when it may be one."""
        end = self._end_of(address) or self._read_maps(address)
        if not end:
            return f"it points into {self._describe(address)}"
        if address % _ALIGNMENT:
            return "it points into the middle of a block"
        # memory that was read about grows: a block may reach beyond what was its end then
        if self._has_headers() and not (
            self._sensible(address, end) or self._sensible(address, self._read_maps(address))
        ):
            return "no block of the heap begins there"
        return ""

    def _end_of(self, address: int) -> int:
        with self._lock:
            index = bisect_right(self._starts, address) - 1
            return self._ends[index] if index >= 0 and address < self._ends[index] else 0

    def _read_maps(self, address: int) -> int:
        ranges = [(low, high) for low, high, rights, name in _maps() if rights[:2] == "rw" and name in ("", "[heap]")]
        with self._lock:
            self._starts = [low for low, _ in ranges]
            self._ends = [high for _, high in ranges]
        return self._end_of(address)

    @staticmethod
    def _describe(address: int) -> str:
        for low, high, rights, name in _maps():
            if low <= address < high:
                return f"{name.rpartition('/')[2] or 'memory of another kind'} ({rights})"
        return "no memory at all"

    def _has_headers(self) -> bool:
        """Whether this libc's blocks have glibc's header."""
        if self._headers is None:
            probe = self._libc.block(bytes(_PROBE), _PROBE)
            self._headers = self._header(probe) & ~_FLAGS == _PROBE_SIZE
            self._libc.free(probe)
        return self._headers

    def _sensible(self, address: int, end: int) -> bool:
        header = self._header(address)
        size = header & ~_FLAGS
        if header & _MAPPED:
            return size % 4096 == 0 and size > 0
        return size >= _LEAST and size % _ALIGNMENT == 0 and address - _ALIGNMENT + size <= end

    def _header(self, address: int) -> int:
        return int.from_bytes(self._backend.read(address - 8, 8), "little")


def _maps() -> list[tuple[int, int, str, str]]:
    """(start, end, rights, name) of every mapping of this process."""
    found = []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            place, rights, _, _, _, *name = line.split(None, 5)
            low, _, high = place.partition("-")
            found.append((int(low, 16), int(high, 16), rights, name[0].strip() if name else ""))
    return found
