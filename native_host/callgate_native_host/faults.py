"""What is wrong with a value, and where inside an argument it is."""

from __future__ import annotations

from typing import Any

from callgate_protocol.errors import Fault, LocalProtocolError

__all__ = ["Mismatch", "expected", "fault_of", "out_of_range"]


class Mismatch(Exception):
    """A value that does not go with its declaration. Each level it leaves through adds its step to the path."""

    def __init__(self, problem: str, name: str = "MarshalError") -> None:
        super().__init__(problem)
        self.problem = problem
        self.name = name
        self.path = ""

    def inside(self, step: str) -> Mismatch:
        """The same finding, seen from one level further out."""
        self.path = step + self.path
        return self

    def fault(self, number: int, argument: str, function: str) -> Fault:
        """The finding as it crosses the wire: `argument 2 'rows'[3].name of f: …` (R1.14)."""
        where = f"argument {number} '{argument}'{self.path}"
        return Fault(
            self.name,
            f"{where} of {function}: {self.problem}",
            function=function,
            argument=number,
            path=f"{argument}{self.path}",
        )

    def fault_of(self, place: str) -> Fault:
        """The finding about something that is not an argument: a result, a field, memory."""
        return Fault(self.name, f"{place}{self.path}: {self.problem}")


def expected(what: str, value: Any) -> Mismatch:
    """A value of the wrong kind."""
    return Mismatch(f"expected {what}, got {_describe(value)}")


def out_of_range(value: Any, low: Any, high: Any) -> Mismatch:
    """A number that its C type cannot hold (R2.5)."""
    return Mismatch(f"{value} not in {low}..{high}", "OutOfRange")


def fault_of(error: Exception, unsendable: str) -> Fault:
    """Any exception as it crosses the wire. A fresh one: the frames of `error` hold the memory of the call."""
    if isinstance(error, Fault):
        return Fault(error.name, error.message, **error.details)
    if isinstance(error, LocalProtocolError):
        return Fault("MarshalError", f"{unsendable} cannot be sent: {error}")
    if isinstance(error, MemoryError):
        return Fault("OutOfMemory", "the host has no memory left for this")
    return Fault("InternalError", f"{type(error).__name__}: {error}")


_KINDS: dict[type, str] = {
    type(None): "nil",
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    bytes: "binary",
    bytearray: "binary",
    memoryview: "binary",
    str: "a string",
    list: "an array",
    dict: "a map",
}


def _describe(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)
