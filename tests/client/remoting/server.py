"""A process that exports Python objects, until its standard input ends."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, Final

import callgate
from callgate import IUnknown
from callgate.com.objects import query
from callgate.process import current
from tests.client.remoting.described import ICalc, IKeeper, Point
from tests.rules.component_faces import DSourceEvents, ICalculator, ILinks, IShape


class Denied(Exception):
    """It says more than its text."""

    hresult = 0x80070005
    source = "the vault"
    help_link = "vault.chm#7"


class Endless(Exception):
    """Its text is longer than a message may be."""

    def __str__(self) -> str:
        return "\udcff" * (1 << 21)


_FAILURES: dict[str, type[BaseException]] = {
    "denied": Denied,
    "endless": Endless,
    "zero": ZeroDivisionError,
    "key": KeyError,
    "value": ValueError,
    "exit": SystemExit,
}


class Square(IShape):
    """A shape of the component's kind, in Python."""

    def Area(self) -> float:
        """Its area."""
        return 12.5

    def Scale(self, factor: float) -> None:
        """Nothing here."""


class Calculator(ICalculator):
    """Called by its slots and by name."""

    def __init__(self) -> None:
        self.Total = 0

    def Add(self, a: int, b: int) -> int:
        """Their sum, which is the total as well."""
        self.Total = a + b
        return self.Total

    def Divide(self, a: int, b: int) -> int:
        """What fails for 0."""
        return a // b

    def get_Item(self, key: str) -> Any:
        """A property with an argument."""
        if key == "denied":
            raise Denied("no such thing for you")
        return [key, self]

    def secret(self) -> str:
        """Not declared, so nobody finds it."""
        return "secret"

    def __iter__(self) -> Any:
        """Neither is this."""
        return iter(["secret"])


@callgate.class_interface("dispatch")
class Shown(Square):
    """Its interface has no names; the class says that its public members are there for everybody."""

    def Greet(self, name: str) -> str:
        """A text."""
        return f"hello {name}"


class Plain(Square):
    """A class that says nothing of that."""

    def Greet(self, name: str) -> str:
        """A text."""
        return name


class Sink(DSourceEvents):
    """Is told of events, by name."""

    seen: Final[list[Any]] = []

    def OnValue(self, value: int) -> None:
        """One value."""
        self.seen.append(value)

    def OnText(self, value: int, text: str) -> None:
        """A value and a text."""
        self.seen.append((value, text))

    def OnAsk(self, value: Any) -> Any:
        """One more."""
        return value + 1


_MADE: Final[dict[str, Any]] = {"calculator": Calculator, "shown": Shown, "plain": Plain, "sink": Sink}


class Calc(ICalc, IKeeper):
    """What others call."""

    def __init__(self) -> None:
        self._memory = 0
        self._rested = 0
        self._all: list[Any] = []
        self._kept: Any = None
        self._held: Any = None

    @property
    def memory(self) -> int:
        """A property."""
        return self._memory

    @memory.setter
    def memory(self, value: int) -> None:
        self._memory = value

    def secret(self) -> str:
        """Not declared, so it never crosses."""
        return "secret"

    def add(self, a: int, b: int) -> int:
        """The sum."""
        return a + b

    def echo(self, text: str) -> str:
        """What was given."""
        return text

    def mirror(self, point: Point) -> Point:
        """With its members exchanged."""
        return Point(point.y, point.x)

    def total(self, n: int, values: Any) -> float:
        """The sum of an array."""
        assert len(values) == n
        return float(sum(values))

    def anything(self, value: Any) -> Any:
        """What was given."""
        return value

    def fail(self, what: str) -> None:
        """Raise what is named."""
        raise _FAILURES[what](f"on {what}")

    def me(self) -> Calc:
        """The object itself."""
        return self

    def is_me(self, other: Any) -> bool:
        """Whether what comes home is the object itself."""
        return other is self

    def tell(self, sink: Any, times: int) -> int:
        """Call the caller's object."""
        return sum(sink.told(number) for number in range(times))

    def tell_failure(self, sink: Any, what: str) -> str:
        """Say what the caller's object raised."""
        try:
            sink.failed(what)
        except Exception as error:
            told = [getattr(error, name, "") for name in ("source", "description", "help_link")]
            return ", ".join([str(error), *(each.__name__ for each in type(error).__mro__), *told])
        return "nothing"

    def keep(self, sink: Any) -> None:
        """Hold on to the caller's object."""
        self._kept = sink

    def kept(self) -> Any:
        """Give it back."""
        return self._kept

    def tell_later(self, number: int) -> None:
        """Call what was kept, from a thread of its own."""
        threading.Thread(target=self._kept.told, args=(number,)).start()

    def made(self) -> Calc:
        """A new object."""
        return Calc()

    def hold(self, other: Any) -> None:
        """Hold on to another object."""
        self._held = other

    def keep_held(self) -> None:
        """Go on holding it when another one is held."""
        self._all.append(self._held)

    def held(self) -> Any:
        """Give it on."""
        return self._held

    def take_from(self, other: Any) -> None:
        """Hold what another one holds."""
        self._held = other.held()

    def hold_own(self) -> None:
        """Hold a new object of this process."""
        self._held = Calc()

    def use(self, a: int, b: int) -> int:
        """Have what is held add."""
        result: int = self._held.add(a, b)
        return result

    def give_self(self) -> None:
        """Have what is held hold this object."""
        self._held.hold(self)

    def bounce(self, other: Any, depth: int) -> int:
        """Have the other one call back, so many times inside each other."""
        return 1 + int(other.bounce(self, depth - 1)) if depth else 0

    def pass_round(self, depth: int) -> int:
        """Have the one that is held call the one that it holds, and so on."""
        return 1 + int(self._held.pass_round(depth - 1)) if depth else 0

    def put(self, other: Any) -> None:
        """Hold on to it."""
        self._held = other

    def taken(self) -> Any:
        """Give it on."""
        return self._held

    def take_stored(self, links: Any) -> None:
        """Hold what a native object of the component hands out."""
        self._held = query(links, ILinks).Stored()

    def unpack(self, data: str) -> None:
        """Hold what a reference leads to; its bytes are written in hexadecimal."""
        self._held = callgate.unmarshal(bytes.fromhex(data), IUnknown)

    def store_own(self, links: Any) -> None:
        """Have a native object of the component hold a new shape of this process."""
        query(links, ILinks).Store(Square())

    def where(self) -> int:
        """The process in which it lives, as this one sees it."""
        return int(self._held._host.session.process)

    def area(self) -> float:
        """Of a shape of the component."""
        return query(self._held, IShape).Area()

    def shape(self) -> Any:
        """A shape that is Python's."""
        return Square()

    def take_over(self, other: Any) -> None:
        """Hold what another one keeps."""
        self._held = other.taken()

    def make(self, kind: str) -> Any:
        """An object of Python that is called by name, or is not."""
        return _MADE[kind]()

    def invoked(self, name: str, a: Any, b: Any) -> Any:
        """Call what is held by name."""
        return callgate.invoke(self._held, name, a, b)

    def seen(self) -> str:
        """What sinks have seen."""
        return repr(Sink.seen)

    def rest(self, ms: int) -> int:
        """Come back after a while, with the number of calls of this method that have come back."""
        time.sleep(ms / 1000)
        self._rested += 1
        return self._rested

    def die(self) -> None:
        """End the process as a crash does."""
        os.abort()


def main() -> None:
    """Say where to connect, and serve until standard input ends."""
    if "--demands" in sys.argv:
        callgate.initialize_security(authentication=sys.argv[-1])
    listener = current().listener()
    calc = Calc()
    key = listener.servant.names.add(calc)
    sys.stdout.write(f"{listener.link} {listener.incarnation.hex()} {key}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
