"""Blocks of libc's heap that one call has to free: its own copies, and what native code handed out (R8.1, R8.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Free", "Ledger"]

Free: TypeAlias = Callable[[int], None]


class Ledger:
    """Every block stands here once, whoever made it, and is freed once, when the call is over."""

    __slots__ = ("_blocks", "cleared", "doubles")

    def __init__(self, blocks: dict[int, Free] | None = None) -> None:
        self._blocks = {} if blocks is None else blocks
        self.cleared: list[Callable[[], None]] = []
        """What takes over what native code left in memory that only it can have changed (R13.9)."""
        self.doubles = 0
        """How often native code handed out a block that the call owns already (R8.4)."""

    def give(self, address: int, free: Free) -> None:
        """A copy of ours that native code looks at."""
        self._blocks[address] = free

    def take(self, address: int, free: Free) -> bool:
        """A block that native code handed out: ours from now on. False if it was already."""
        if address in self._blocks:
            self.doubles += 1
            return False
        self._blocks[address] = free
        return True

    def claims(self, address: int) -> bool:
        """Whether the call owns the block already, so that who hands it out again must not free it (R8.4)."""
        if address not in self._blocks:
            return False
        self.doubles += 1
        return True

    def end(self, *, entered: bool = True) -> None:
        """Free them. What native code never saw holds nothing of its own."""
        cleared, self.cleared = self.cleared, []  # they hold the scope
        for take in cleared if entered else ():
            take()
        blocks, self._blocks = self._blocks, {}
        for address, free in blocks.items():
            free(address)

    def hand_over(self) -> Ledger:
        """The same blocks in a ledger of their own, which frees them when nobody holds it any more."""
        blocks, self._blocks = self._blocks, {}
        return _Kept(blocks)


class _Kept(Ledger):
    """What a member of a struct in this host points to, for as long as it does (R5.16)."""

    __slots__ = ()

    def __del__(self) -> None:
        self.end()
