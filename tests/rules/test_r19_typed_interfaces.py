"""What interfaces as Python classes may not have, and when two of them are one (R19, R14.26, R14.29)."""

# mypy: disable-error-code="misc, valid-type, type-abstract, abstract, no-redef, attr-defined, untyped-decorator"
# Types are values here.
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

import pytest

import callgate
from callgate import (
    Array,
    BStr,
    Handle,
    In,
    IUnknown,
    NativePtr,
    Ref,
    attribute,
    dispid,
    f8,
    i4,
    interface,
    layout_class,
    library,
    offset,
    size_is,
    struct,
    u4,
)
from callgate.com.declared import Declared, declared_by_iid, declared_of
from callgate.equivalents import why_not_equivalent
from callgate_protocol.model import (
    FunctionPointer,
)

from .declared_cases import (
    IPlayer,
    Point,
    accepted,
    declare,
    fresh,
    refusal,
    spelled,
)

T = TypeVar("T")


@struct(layout="explicit")
class Rect:
    left: i4 = offset(0)
    top: i4 = offset(4)


@layout_class(layout="explicit")
class RectClass:
    left: i4 = offset(0)


@struct
class Window:
    name: u4
    frame: Rect


@pytest.mark.rule("R7.22")
@pytest.mark.parametrize(
    "python", [Rect, Ref[Rect], In[Ref[Rect]], RectClass, Window, Annotated[Array[Window], size_is(2)]]
)
def test_r19_06_explicit_layout(python: Any) -> None:
    """Refused in an interface, also inside a struct; accepted by a function of a library."""
    assert "parameter 1 'p'" in refusal(python, rule="R19.6")

    class Fine(Protocol):
        def f(self, p: Any) -> None: ...

    Fine.f.__annotations__ = {"p": python, "return": None}
    library("librects.so")(Fine)


@pytest.mark.rule("R14.4")
@pytest.mark.parametrize("python", [NativePtr, callgate.Ptr[None], bytes, Ref[NativePtr]])
def test_r19_33_addresses(python: Any) -> None:
    """`void *` means nothing elsewhere: it needs a length, or an interface that says that it stays where it is."""
    assert "parameter 1 'p'" in refusal(python, rule="R19.33")
    accepted(python, local=True)
    accepted(Annotated[bytes, size_is(4)])


@pytest.mark.rule("R14.4")
def test_r19_33_overloads() -> None:
    """A name that is defined twice, in one interface or in its base."""

    class ITwice(IUnknown, Protocol):
        def Play(self) -> None: ...
        def Play(self, again: i4) -> None: ...  # noqa: F811

    class IAgain(IPlayer, Protocol):
        def Open(self, path: BStr) -> None: ...

    class IOwn(IUnknown, Protocol):
        def Release(self) -> None: ...

    with pytest.raises(callgate.MarshalDirectiveError, match=r"IOwn\.Release: IUnknown has this method already"):
        declare(IOwn)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"ITwice\.Play is defined twice.*R19\.33"):
        declare(ITwice)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"IAgain\.Open: IPlayer has this method.*R19\.33"):
        declare(IAgain)


def test_r19_28_handles() -> None:
    """They have no meaning in another process."""

    class Thing(Handle):
        pass

    refusal(Thing, rule="R19.28")
    refusal(i4, Thing, rule="R19.28")
    accepted(Thing, local=True)


@pytest.mark.rule("R9.3", "R19.27")
def test_r09_01_delegates_are_objects() -> None:
    """In an interface a callable is an object, unless it is said to be an address; in a function it is an address."""
    shape = Callable[[i4], i4]

    assert spelled(accepted(shape))[1] == "_Delegate *"
    assert spelled(accepted(Annotated[shape, attribute("interface")]))[1] == "_Delegate *"
    assert isinstance(accepted(Annotated[shape, attribute("function")]).parameters[0].type, FunctionPointer)
    refusal(Annotated[i4, attribute("function")], rule="R9.1")

    class Plain(Protocol):
        def f(self, p: Any) -> None: ...

    Plain.f.__annotations__ = {"p": Annotated[shape, attribute("interface")], "return": None}
    with pytest.raises(callgate.MarshalDirectiveError, match=r"R19\.27"):
        library("libplain.so")(Plain)


@pytest.mark.rule("R14.19", "R19.2")
def test_r19_01_generic_interfaces() -> None:
    """No IID stands for many interfaces."""

    class IList(IUnknown, Protocol[T]):
        def First(self) -> T: ...

    with pytest.raises(callgate.MarshalDirectiveError, match=r"IList is generic.*R14\.19"):
        declare(IList)
    with pytest.raises(callgate.InvalidCastError, match=r"R19\.2") as caught:
        declared_of(IList[int])
    assert caught.value.hresult == 0x80004002


@pytest.mark.parametrize(
    "python",
    [
        bool,
        i4,
        f8,
        str,
        object,
        list[str],
        IPlayer,
        Ref[i4],
        callgate.Dec,
        callgate.Date,
        callgate.u1,
        callgate.HRESULT,
    ],
)
def test_r14_26_automation_types(python: Any) -> None:
    """What dual interfaces have, and pointers to it."""
    accepted(python, dual=True)


@pytest.mark.parametrize(
    "python", [callgate.LPWStr, callgate.Char, callgate.LPStr, Annotated[Array[i4], size_is(2)], Ref[callgate.LPWStr]]
)
def test_r14_26_others_are_refused(python: Any) -> None:
    """Text that is no BSTR, and arrays that are no SAFEARRAY; an interface that is not dual has them."""
    refusal(python, rule="R14.26", dual=True)
    accepted(python)


# -- type equivalence --------------------------------------------------------------------------------------------------


def test_r14_29_equal_declarations_are_one() -> None:
    """Names of parameters do not matter, and neither do those of interfaces."""
    iid = fresh()

    class IFirst(IUnknown, Protocol):
        def Play(self, at: Point, who: IPlayer) -> i4: ...

    class ISecond(IUnknown, Protocol):
        def Play(self, where: Point, player: IPlayer) -> i4: ...

    first, second = interface(iid)(IFirst), interface(iid)(ISecond)
    assert declared_by_iid(iid) is declared_of(first)
    assert declared_of(second).iid == declared_of(first).iid


def test_r14_29_another_slot_is_reported() -> None:
    """At the declaration, naming both."""
    iid = fresh()

    class IFirst(IUnknown, Protocol):
        def Play(self, at: i4) -> i4: ...

    class ISecond(IUnknown, Protocol):
        def Play(self, at: f8) -> i4: ...

    class IThird(IUnknown, Protocol):
        def Play(self, at: i4) -> i4: ...
        def Stop(self) -> None: ...

    interface(iid)(IFirst)
    with pytest.raises(callgate.TypeLoadError, match=r"ISecond.*IFirst.*method 1 is .*double.*int32_t.*R14\.29"):
        interface(iid)(ISecond)
    with pytest.raises(callgate.TypeLoadError, match=r"IThird.*IFirst.*method 2 is .*Stop.*not there"):
        interface(iid)(IThird)
    assert declared_by_iid(iid) is declared_of(IFirst)


@struct(name="Place")
class Place:
    x: i4


@struct(name="Place")
class PlaceElsewhere:
    x: i4


@struct(name="Place")
class PlaceWithMethod:
    x: i4

    def twice(self) -> int:
        return 2 * self.x


@struct(name="Place")
class PlaceWithPrivate:
    x: i4
    _y: i4


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C16}")
class IPlaces(IUnknown, Protocol):
    def Go(self, to: Place) -> None: ...


@pytest.mark.rule("R14.29")
def test_r19_46_equivalent_structs() -> None:
    """Two classes may stand for one struct if they are nothing but its public members."""

    class ITravels(IUnknown, Protocol):
        def Plan(self, places: IPlaces, first: Any) -> None: ...

    def described(cls: Any) -> Declared:
        ITravels.Plan.__annotations__ = {"places": IPlaces, "first": cls, "return": None}
        return declared_of(declare(type("ITravels", (IUnknown, Protocol), {"Plan": ITravels.Plan})))

    assert len(described(PlaceElsewhere).library.records) == 1
    with pytest.raises(
        callgate.TypeLoadError, match=r"struct Place, and .*PlaceWithMethod has the method 'twice'.*R19"
    ):
        _ = described(PlaceWithMethod).library
    with pytest.raises(callgate.TypeLoadError, match=r"records called Place differ"):
        _ = described(PlaceWithPrivate).library
    assert "private member '_y'" in why_not_equivalent(PlaceWithPrivate)


def test_r14_01_what_is_no_interface() -> None:
    """Fields, static methods, accessors without a value, and numbers that are none."""

    class IFields(IUnknown, Protocol):
        x: i4

    class IStatic(IUnknown, Protocol):
        @staticmethod
        def M() -> None: ...

    class IReads(IUnknown, Protocol):
        @property
        def X(self) -> None: ...

    class ISets(IUnknown, Protocol):
        @property
        def X(self) -> i4: ...
        @X.setter
        def X(self, value: i4) -> i4: ...

    class IVariable(IUnknown, Protocol):
        def M(self, a: i4, *more: Any) -> None: ...

    refused = {
        IFields: r"IFields\.x: an interface has no fields",
        IStatic: r"IStatic\.M: an object has methods and properties only",
        IReads: r"IReads\.get_X: what reads a property has a result",
        ISets: r"ISets\.put_X: what sets a property takes its value and returns None",
        IVariable: r"IVariable\.M: a method has a fixed number of parameters",
    }
    for cls, message in refused.items():
        with pytest.raises(callgate.DeclarationError, match=message):
            declare(cls)
    with pytest.raises(callgate.DeclarationError, match="stands above a class"):
        declare(3)
    with pytest.raises(callgate.DeclarationError, match="a DISPID is a number of 32 bits"):
        dispid(2**31)
    with pytest.raises(callgate.DeclarationError, match="extra_slots is a number"):
        declare(IPlayer, extra_slots=-1)
