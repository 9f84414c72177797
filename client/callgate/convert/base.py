"""What converters share: the error they raise, the library's types, and what one call collects."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from enum import IntEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from callgate.errors import InvalidCastError, MarshalError
from callgate.memory import Handle
from callgate_protocol.abi import Abi
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.forms import Form, Raw, Structure
from callgate_protocol.signatures import Member

if TYPE_CHECKING:
    from callgate.com.declared import Declared
    from callgate.host import Host
    from callgate.plan import DelegatePlan, FunctionPlan
    from callgate.unions import Views

__all__ = [
    "DECODERS",
    "ENCODERS",
    "INLINE_BYTES",
    "CallContext",
    "Decoder",
    "Encoder",
    "Mismatch",
    "TypeSpace",
    "binary",
    "later",
    "shown",
    "wrong_type",
]

_SHOWN = 60
"""Characters of a value that a message shows at most."""
INLINE_BYTES = 1024
"""Binary values up to this length travel inside the message, longer ones as bulk frames."""


class Mismatch(Exception):
    """A value cannot be converted; `path` is where inside the argument, outermost step first."""

    def __init__(self, kind: type[MarshalError], text: str, path: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.path = path

    def inside(self, step: str) -> Mismatch:
        """The same fault, seen from one level further out."""
        return Mismatch(self.kind, self.text, step + self.path)


class TypeSpace:
    """The Python classes of one library's types, its host's binary interface, and converters for its forms."""

    def __init__(
        self,
        library: str,
        abi: Abi,
        members: Mapping[str, tuple[Member, ...]],
        structs: Mapping[str, type[Any]],
        enums: Mapping[str, type[IntEnum]],
        handles: Mapping[str, type[Handle]],
        delegates: Mapping[str, DelegatePlan],
        overlaid: Container[str],
    ) -> None:
        self.library = library
        self.abi = abi
        self.members = members
        self.structs = structs
        self.enums = enums
        self.handles = handles
        self.delegates = delegates
        self._overlaid = overlaid
        self.views: Callable[[str], Views]
        """Members of a union inside its bytes, by its name; the binding says where to ask."""
        self.pointed: Callable[[str], FunctionPlan]
        """How functions of a delegate's shape are called, by its name."""
        self.number = 0
        """The library's number in its host."""
        self.deadline: float | None = None
        self.interfaces: Mapping[str, Declared] = {}
        """The interfaces of the library, by name."""
        self.encoders, self.decoders = ENCODERS, DECODERS
        """Makers of converters by form; between Python objects some are others."""

    def record_form(self, name: str) -> Structure | Raw | None:
        """The form of a struct or union by value; None for other types."""
        build = self.structs.get(name)
        if build is None:
            return None
        return Raw(name) if name in self._overlaid else Structure(name)

    def encoder(self, form: Form) -> Encoder:
        """The converter from Python to the wire."""
        return self.encoders[type(form)](form, self)

    def decoder(self, form: Form) -> Decoder:
        """The converter from the wire to Python."""
        return self.decoders[type(form)](form, self)


class CallContext:
    """What one call collects while its arguments are converted, and lets go of when it is over."""

    __slots__ = (
        "cleanups",
        "closing",
        "delegates",
        "flight",
        "host",
        "kept",
        "lent",
        "owner",
        "payloads",
        "prepared",
        "received",
        "result",
        "tokens",
    )

    def __init__(self, host: Host, received: list[Any] | None = None) -> None:
        self.host = host
        self.payloads: list[Any] = []
        """Bulk frames to send."""
        self.received: list[Any] = received or []
        """Bulk frames that came with the answer."""
        self.flight = 0
        """Says that objects of this process may come home with the answer; 0 for none."""
        self.result: Any = None
        """What a callback gave: it must not be given back before the other side has it (R17.13)."""
        self.lent: list[int] = []
        """Objects of this process that stand in the message; the other side counts them when it has that."""
        self.delegates: list[int] = []
        self.tokens: list[int] = []
        self.closing: list[Handle] = []
        self.cleanups: list[Callable[[], None]] = []
        """What the user's own marshallers want to be told when the call is over (R19.47)."""
        self.kept: list[int] = []
        """Delegates that outlive the call."""
        self.prepared: dict[str, Handle] = {}
        """Handles that were made before the call, by opaque type (R10.3)."""
        self.owner = 0
        """Number of the first handle among the arguments: what is kept is kept with it (R9.5)."""

    def depart(self) -> None:
        """Objects of this process go along, and may come home with the answer."""
        self.flight = self.flight or self.host.objects.lent.depart()

    def take_back(self) -> None:
        """R17.14: the message will not be sent, so nothing was lent."""
        lent, self.lent = self.lent, []
        if lent:
            self.host.objects.lent.give_back([number, 1] for number in lent)

    def finish(self) -> None:
        """The call is over: functions and objects given for its duration are forgotten."""
        if self.flight:
            self.host.objects.lent.land(self.flight)
            self.flight = 0
        for clean_up in self.cleanups:
            clean_up()
        for number in self.delegates:
            self.host.holdings.delegates.pop(number, None)
        for token in self.tokens:
            self.host.holdings.contexts.pop(token, None)
        if self.kept and self.owner:
            self.host.holdings.keep_for(self.owner, self.kept)


Encoder: TypeAlias = Callable[[Any, CallContext], Any]
Decoder: TypeAlias = Callable[[Any, CallContext], Any]

ENCODERS: dict[type[Form], Callable[[Any, TypeSpace], Encoder]] = {}
"""Form → maker of its converter; `table` fills both, so that forms inside forms find each other."""
DECODERS: dict[type[Form], Callable[[Any, TypeSpace], Decoder]] = {}


def later(module: str, name: str) -> Callable[[Any, TypeSpace], Any]:
    """A maker whose module is imported when a declaration needs it: most need neither `decimal` nor `uuid`."""

    def make(form: Any, types: TypeSpace) -> Any:
        return getattr(import_module(f".{module}", __package__), name)(form, types)

    return make


def binary(data: Any, context: CallContext) -> Any:
    """The wire form of bytes: themselves when short, else the number of a bulk frame."""
    if len(data) <= INLINE_BYTES:
        return bytes(data)
    context.payloads.append(data)
    return {"payload": len(context.payloads) - 1}


def received_binary(wire: Any, context: CallContext) -> bytes | bytearray | memoryview:
    """The bytes of a wire value that `binary` made on the other side."""
    if type(wire) is bytes:
        return wire
    index = wire.get("payload") if type(wire) is dict else None
    if type(index) is not int or not 0 <= index < len(context.received):
        raise RemoteProtocolError("expected binary data or the number of a bulk frame")
    data: bytes | bytearray | memoryview = context.received[index]
    return data


def wrong_type(expected: str, value: Any) -> Mismatch:
    """The usual fault: expected this, got that."""
    return Mismatch(InvalidCastError, f"expected {expected}, got {type(value).__name__} {shown(value)}")


def shown(value: Any) -> str:
    """A value as messages show it: short, whatever it is (R19.48)."""
    try:
        text = repr(value)
    except Exception:  # a user's own class, or an integer of more digits than Python writes
        text = f"of {value.bit_length()} bits" if isinstance(value, int) else "(without a repr)"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "…"
