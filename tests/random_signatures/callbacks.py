"""A callback as a parameter: C calls it with constants and checks what came back; Python the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from .kinds import Check, Kind
from .slots import Slot

__all__ = ["CallbackSlot"]


class CallbackSlot(Slot):
    """`typedef R (*name_cb)(…);` and a parameter of it."""

    def __init__(self, name: str, slots: tuple[Slot, ...], result: Kind | None, random: Random) -> None:
        self.name = name
        self.slots = slots
        self.result = result
        self.random = random
        self.answer = None if result is None else result.draw(random)
        self.seen: list[str] = []
        """What Python found different."""
        self.called = 0

    def simpler(self) -> Iterator[CallbackSlot]:
        """The same with one thing less."""
        for index in range(len(self.slots)):
            slots = (*self.slots[:index], *self.slots[index + 1 :])
            smaller = CallbackSlot(self.name, slots, self.result, self.random)
            smaller.answer = self.answer
            yield smaller
        if self.result is not None:
            yield CallbackSlot(self.name, self.slots, None, self.random)

    def define(self) -> tuple[str, str]:
        """The typedef for the prototypes, and for C."""
        return self._typedef([slot.prototype() for slot in self.slots]), self._typedef(
            [slot.declaration() for slot in self.slots]
        )

    def _typedef(self, parameters: list[str]) -> str:
        result = "void " if self.result is None else self.result.declare("")
        return f"typedef {result}(*{self.name}_cb)({', '.join(parameters) or 'void'});"

    def prototype(self) -> str:
        """See `Slot`."""
        return f"{self.name}_cb {self.name}"

    def arguments(self) -> list[Any]:
        """See `Slot`."""
        self.seen = []
        self.called = 0
        return [self._callable()]

    def _callable(self) -> Callable[..., Any]:
        wanted = [each for slot in self.slots for each in slot.offered()]
        answers = [self.answer] if self.result is not None else []
        answers += [each for slot in self.slots for each in slot.answers()]

        def call(*arguments: Any) -> Any:
            self.called += 1
            if len(arguments) != len(wanted):
                self.seen.append(f"{self.name}: {len(wanted)} arguments expected, got {len(arguments)}")
                return None
            for (kind, value, path), got in zip(wanted, arguments, strict=True):
                self.seen += kind.differences(value, got, f"{self.name}({path})")
            return answers[0] if len(answers) == 1 else tuple(answers) or None

        return call

    def writes(self) -> Iterator[str]:
        """See `Slot`: the call."""
        yield "{"
        for slot in self.slots:
            yield from slot.locals()
        call = f"{self.name}({', '.join(each for slot in self.slots for each in slot.passed())})"
        if self.result is None:
            yield f"{call};"
        else:
            yield f"{self.result.declare(f'result_{self.name}')} = {call};"

    def checks_after(self) -> Iterator[Check]:
        """See `Slot`."""
        if self.result is not None:
            yield from self.result.checks(f"result_{self.name}", self.answer, f"{self.name}() result")
        for slot in self.slots:
            for path, condition in slot.checks_after():
                yield Check(f"{self.name}({path})", condition)
