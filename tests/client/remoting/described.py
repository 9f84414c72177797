"""The interfaces of these tests: what both sides have to know of each other."""

# mypy: disable-error-code="misc, valid-type, empty-body"
# Types are values here.

from __future__ import annotations

from typing import Annotated, Protocol

from callgate import Array, BStr, IUnknown, Variant, VBool, f8, i4, interface, size_is, struct, u4


@struct
class Point:
    """A value."""

    x: i4
    y: i4


@interface("{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C02}")
class ISink(IUnknown, Protocol):
    """What a caller hands over to be called."""

    def told(self, number: i4) -> i4:
        """Something happened."""

    def failed(self, what: BStr) -> None:
        """Something went wrong, and this makes it worse."""


@interface("{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}")
class ICalc(IUnknown, Protocol):
    """What is exported."""

    def add(self, a: i4, b: i4) -> i4:
        """The sum."""

    def echo(self, text: BStr) -> BStr:
        """What was given."""

    def mirror(self, point: Point) -> Point:
        """With its members exchanged."""

    def total(self, n: u4, values: Annotated[Array[f8], size_is("n")]) -> f8:
        """The sum of an array."""

    def anything(self, value: Variant) -> Variant:
        """What was given."""

    def fail(self, what: BStr) -> None:
        """Raise what is named."""

    def me(self) -> ICalc:
        """The object itself."""

    def is_me(self, other: ICalc) -> VBool:
        """Whether what comes home is the object itself."""

    def tell(self, sink: ISink, times: i4) -> i4:
        """Call the caller's object."""

    def tell_failure(self, sink: ISink, what: BStr) -> BStr:
        """Say what the caller's object raised."""

    def keep(self, sink: ISink) -> None:
        """Hold on to the caller's object."""

    def kept(self) -> ISink:
        """Give it back."""

    def tell_later(self, number: i4) -> None:
        """Call what was kept, from a thread of its own."""

    def made(self) -> ICalc:
        """A new object."""

    @property
    def memory(self) -> i4:
        """A property."""

    @memory.setter
    def memory(self, value: i4) -> None:
        """Set it."""

    def hold(self, other: ICalc) -> None:
        """Hold on to another object."""

    def keep_held(self) -> None:
        """Go on holding it when another one is held."""

    def held(self) -> ICalc:
        """Give it on."""

    def take_from(self, other: ICalc) -> None:
        """Hold what another one holds."""

    def hold_own(self) -> None:
        """Hold a new object of this process."""

    def use(self, a: i4, b: i4) -> i4:
        """Have what is held add."""

    def give_self(self) -> None:
        """Have what is held hold this object."""

    def bounce(self, other: ICalc, depth: i4) -> i4:
        """Have the other one call back, so many times inside each other."""

    def pass_round(self, depth: i4) -> i4:
        """Have the one that is held call the one that it holds, and so on."""

    def rest(self, ms: i4) -> i4:
        """Come back after a while, with the number of calls of this method that have come back."""

    def die(self) -> None:
        """End the process as a crash does."""


@interface("{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C04}")
class IKeeper(IUnknown, Protocol):
    """Keeps objects of any kind, native ones too."""

    def put(self, other: IUnknown) -> None:
        """Hold on to it."""

    def taken(self) -> IUnknown:
        """Give it on."""

    def take_stored(self, links: IUnknown) -> None:
        """Hold what a native object of the component hands out."""

    def unpack(self, data: BStr) -> None:
        """Hold what a reference leads to; its bytes are written in hexadecimal."""

    def store_own(self, links: IUnknown) -> None:
        """Have a native object of the component hold a new shape of this process."""

    def where(self) -> i4:
        """The process in which it lives, as this one sees it."""

    def area(self) -> f8:
        """Of a shape of the component."""

    def shape(self) -> IUnknown:
        """A shape that is Python's."""

    def take_over(self, other: IKeeper) -> None:
        """Hold what another one keeps."""

    def make(self, kind: BStr) -> IUnknown:
        """An object of Python that is called by name, or is not."""

    def invoked(self, name: BStr, a: Variant, b: Variant) -> Variant:
        """Call what is held by name."""

    def seen(self) -> BStr:
        """What the sink that was made has seen."""


@interface("{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C03}")
class IOther(IUnknown, Protocol):
    """What no object here has."""

    def absent(self) -> None:
        """Nothing."""
