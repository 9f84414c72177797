"""References given back over a connection that may break, so that each is counted once (R17.9, R17.20).

One batch at a time is on its way. It is repeated until it was acknowledged, and whoever takes it in knows by its number
whether it has done so before. What is given back meanwhile is added up for the next batch. So neither side keeps more
than one entry for each object that the other has lent it. No clock: whoever owns a giver says when to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from .messages import GiveBack, GivenBack

__all__ = ["MOST_PAIRS", "Giver", "Taker"]

MOST_PAIRS: Final = 4096
"""Pairs in a batch: what is more than a message can carry goes with the next ones."""


class Giver:
    """The end that holds references to objects of the other. Each method gives the message to send now, if any."""

    __slots__ = ("_gathered", "_last", "_under_way")

    def __init__(self) -> None:
        self._gathered: dict[int, int] = {}
        self._under_way: GiveBack | None = None
        self._last = 0

    def __len__(self) -> int:
        """How many objects wait for the next batch."""
        return len(self._gathered)

    def add(self, references: Iterable[list[int]]) -> GiveBack | None:
        """Some are not held any more: `[object, count]` each."""
        for number, count in references:
            self._gathered[number] = self._gathered.get(number, 0) + count
        return self._next()

    def acknowledged(self, number: int) -> GiveBack | None:
        """The other end has taken in what has this number. Anything else is an old word, heard late."""
        if self._under_way is None or number != self._under_way.number:
            return None
        self._under_way = None
        return self._next()

    def again(self) -> GiveBack | None:
        """The batch that was not acknowledged, which may be lost, or its acknowledgement."""
        return self._under_way

    def _next(self) -> GiveBack | None:
        if self._under_way is not None or not self._gathered:
            return None
        self._last += 1
        pairs = [[number, self._gathered.pop(number)] for number in list(islice(self._gathered, MOST_PAIRS))]
        self._under_way = GiveBack(self._last, pairs)
        return self._under_way


class Taker:
    """The end whose objects they are."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def take(self, batch: GiveBack) -> list[list[int]]:
        """What to give back for a batch: nothing for one that was taken before."""
        if batch.number != self._last + 1:
            return []
        self._last = batch.number
        return batch.references

    def receipt(self) -> GivenBack:
        """What to answer to any batch."""
        return GivenBack(self._last)
