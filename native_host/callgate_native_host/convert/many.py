"""Values of one form side by side in memory (R6)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from callgate_native_host.backend import Backend
from callgate_native_host.faults import Mismatch, expected
from callgate_native_host.scope import Scope

from .base import Converter
from .owned import OwnedConverter
from .records import TRUTH, from_list, to_list

__all__ = ["Block", "Many"]

_MOST_BYTES: Final = 1 << 31
_GUARD: Final = b"\xfd" * 64
"""What lies behind memory that native code fills: R5.14 asks for 16 bytes, larger steps are seen too."""
_BEFORE: Final = 16
"""Bytes of it in front, which keeps what follows aligned."""


class Block(NamedTuple):
    """Memory made for elements. `guarded`: what lies around it shows whether native code wrote past its ends."""

    view: Any
    """The elements, as the backend shows them."""
    address: int
    owner: Any
    """What keeps the memory alive."""
    size: int
    guarded: bool


class Many:
    """An array of C, however many elements it has. Numbers travel as binary, other values one by one."""

    def __init__(self, backend: Backend, element: Converter, *, bytes_only: bool = False) -> None:
        self._backend = backend
        self.element = element
        self.size = backend.sizeof(element.ctype)
        self.pointer_type = backend.pointer_to(element.ctype)
        self._array_type = backend.array_of(self.pointer_type, None)
        self._bytes_only = bytes_only
        self._truth = element.truth

    def room(self, count: int) -> Block:
        """Zeroed memory for so many elements: never NULL, even for none (R1.8, R6.2)."""
        self.check_room(count)
        return self._block(self._backend.newp(self._array_type, count or 1), count)

    def guarded_room(self, count: int) -> Block:
        """The same, between guards (R5.14)."""
        self.check_room(count)
        size, backend = count * self.size, self._backend
        memory, start = backend.allocate(_BEFORE + size + len(_GUARD))
        address = start + _BEFORE
        backend.write(start, _GUARD[:_BEFORE])
        backend.write(address + size, _GUARD)
        return Block(backend.at(self.pointer_type, address), address, memory, size, guarded=True)

    def check_guards(self, block: Block) -> None:
        """R5.14: raises Mismatch when native code wrote before or behind a guarded block."""
        before = self._backend.read(block.address - _BEFORE, _BEFORE)
        behind = self._backend.read(block.address + block.size, len(_GUARD))
        if before + behind != _GUARD[:_BEFORE] + _GUARD:
            side = "behind the end" if behind != _GUARD else "before the start"
            problem = (
                f"native code wrote {side} of the {block.size} bytes it was given (R5.14); its results are dropped"
            )
            raise Mismatch(problem, "BufferOverrunError")

    def check_room(self, count: int) -> None:
        """Raises Mismatch when so many elements are more than a host gives room for."""
        if count * self.size > _MOST_BYTES:
            raise Mismatch(f"{count} elements of {self.size} bytes are more than {_MOST_BYTES}", "ArgumentError")

    def _block(self, memory: Any, count: int) -> Block:
        return Block(memory, self._backend.address_of(memory), memory, count * self.size, guarded=False)

    def build(self, wire: Any, scope: Scope, least: int = 0) -> tuple[Block, int]:
        """Memory with the elements of a wire value, for `least` elements at least, and how many have room."""
        if type(wire) is list and not self._bytes_only:
            natives = from_list(self.element, wire, scope)
            natives += [self._backend.newp(self.pointer_type)[0]] * (least - len(natives))
            return self._block(self._backend.newp(self._array_type, natives or 1), len(natives)), len(natives)
        data = self._binary(wire, scope)
        count = max(len(data) // self.size, least)
        block = self.room(count)
        self._backend.memmove(block.view, data, len(data))
        return block, count

    def build_guarded(self, wire: Any, scope: Scope, least: int = 0) -> tuple[Block, int]:
        """The same, between guards (R5.14)."""
        inner, count = self.build(wire, scope, least)
        block = self.guarded_room(count)
        self._backend.memmove(block.view, inner.view, block.size)
        return block, count

    def _binary(self, wire: Any, scope: Scope) -> Any:
        if not self.element.packed:
            raise expected("an array", wire)
        data = scope.binary(wire)
        if len(data) % self.size:
            raise Mismatch(f"{len(data)} bytes are no whole number of elements of {self.size}", "ArgumentError")
        return bytes(data).translate(TRUTH) if self._truth else data

    def read(self, memory: Any, count: int, scope: Scope, *, own: bool) -> Any:
        """The wire value of so many elements. What is not our `own` is copied before native code can change it."""
        if not self.element.packed:
            self._check_nodes(count, scope)
            return to_list(self.element, memory, count, scope)
        self._check_bytes(count, scope)
        data = self._backend.buffer(memory, count * self.size)
        if self._truth:
            return scope.give(data[:].translate(TRUTH))
        return scope.give(data if own else data[:])

    def read_block(self, block: Block, count: int, scope: Scope) -> Any:
        """The wire value of the first elements of a block of our own."""
        if not (block.guarded and self.element.packed):
            return self.read(block.view, count, scope, own=True)
        self._check_bytes(count, scope)
        start = block.address - self._backend.address_of(block.owner)
        data = memoryview(self._backend.buffer(block.owner))[start : start + count * self.size]
        return scope.give(bytes(data).translate(TRUTH) if self._truth else data)

    def discard(self, memory: Any, count: int, scope: Scope) -> None:
        """Free what the elements of native code hold, because they will not be sent (R8.1)."""
        for index in range(count):
            self.element.discard(memory[index], scope)

    def _check_nodes(self, count: int, scope: Scope) -> None:
        nodes, most = count * self.element.nodes, scope.session.limits.nodes // 2
        if nodes > most:
            raise Mismatch(f"{count} elements are about {nodes} values; a message holds {most}", "ArgumentError")

    def _check_bytes(self, count: int, scope: Scope) -> None:
        size, most = count * self.size, scope.session.limits.payload_bytes
        if size > most:
            raise Mismatch(f"{count} elements are {size} bytes; a message holds {most}", "ArgumentError")

    def write(self, address: int, wire: Any, most: int, scope: Scope, *, replace: bool) -> None:
        """Put the elements of a wire value into native code's own memory, which holds `most` of them."""
        if isinstance(self.element, OwnedConverter):
            self._store(address, wire, most, scope, replace)
            return
        block, count = self.build(wire, scope)
        if count > most:
            raise Mismatch(f"{count} elements were given where {most} have room", "ArgumentError")
        if count:
            self._backend.memmove(self._backend.at(self.pointer_type, address), block.view, count * self.size)

    def _store(self, address: int, wire: Any, most: int, scope: Scope, replace: bool) -> None:
        """R8.3: one by one, because what is there already is freed first where it came from native code."""
        assert isinstance(self.element, OwnedConverter)
        if type(wire) is not list or len(wire) > most:
            raise expected(f"an array of at most {most} elements", wire)
        for index, value in enumerate(wire):
            try:
                self.element.store(address + index * self.size, value, scope, replace=replace)
            except Mismatch as finding:
                raise finding.inside(f"[{index}]") from None
