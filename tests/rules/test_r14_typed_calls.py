"""Typed interfaces at work: calls of a real component's objects, and of Python objects by it (R14, R11.4, R7.21)."""

# ruff: noqa: N802 - the names of methods are COM's
# mypy: disable-error-code="type-abstract, abstract, misc, valid-type, arg-type, comparison-overlap, unreachable"

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from typing import Annotated, Any, Generic, Protocol, TypeVar

import pytest

import callgate
from callgate import Guid, In, IUnknown, Ref, coclass, f8, i4, iid_is, interface, library, native, struct
from callgate.com.declared import Declared, declared_of
from callgate.com.equivalence import refuse_difference
from callgate.com.objects import query
from callgate.declare import parse
from callgate_protocol.model import Interface
from tests.conftest import COMPONENT

from . import component_faces
from .component_faces import (
    Colour,
    Component,
    Extent,
    IAfter,
    IBefore,
    IBig,
    ICalculator,
    ICallee,
    IFaulty,
    IHolder,
    ILinks,
    IMicrosoft,
    IMissing,
    INamed,
    IProbe,
    IShape,
    IShifted,
    ISignatures,
    ISlots,
    ISquare,
    IValues,
    IValueTypes,
    Point,
    own,
)
from .ways import TypedLoader

T = TypeVar("T")

E_NOINTERFACE = -0x7FFFBFFE
BAD_COUNT = -0x7FFDFFF2
WIDGET, CALCULATOR, FAULTY, HOLDER = 0x101, 0x102, 0x105, 0x117


@pytest.fixture(scope="module")
def component(load_typed: TypedLoader) -> Component:
    return load_typed("component", Component)


def make(component: Component, clsid: int, face: type[T]) -> T:
    """A new object of a class, known by one interface."""
    made = component.component_create(uuid.UUID(own(clsid)), uuid.UUID(declared_of(face).iid))
    return query(made, face)


@pytest.fixture
def widget(component: Component) -> Any:
    return make(component, WIDGET, INamed)


def test_r14_01_methods_of_a_base(component: Component) -> None:
    """The interface's own methods stand behind those of its base."""
    square = make(component, WIDGET, ISquare)

    square.SetSide(3)
    assert square.Side() == 3
    assert square.Area() == 9
    square.Scale(2)
    assert square.Area() == 36


def test_r14_13_a_proxy_is_asked(widget: Any) -> None:
    """`isinstance` is QueryInterface, and then the methods are there."""
    assert isinstance(widget, INamed)
    assert isinstance(widget, IUnknown)
    assert not isinstance(widget, IMissing)
    assert isinstance(widget, ISquare)
    widget.SetSide(2)
    assert isinstance(widget, IShape)
    assert widget.Area() == 4


def test_r14_07_an_interface_chosen_by_its_class(component: Component, widget: Any) -> None:
    """`IFoo.Method(object, …)` calls that interface's method, whatever is known of the object."""
    assert ISquare.Side(widget) >= 0
    assert IShape.Area(make(component, WIDGET, INamed)) >= 0
    with pytest.raises(callgate.InvalidCastError, match="IMissing"):
        IMissing.Never(widget)
    with pytest.raises(TypeError, match=r"IShape\.Area.*not on object"):
        IShape.Area(object())


def test_properties(widget: Any) -> None:
    """Read and set as attributes; also through the interface's class."""
    widget.Name = "Ada"
    assert widget.Name == "Ada"
    accessor: Any = INamed.Name
    accessor.fset(widget, "Grace")
    assert accessor.fget(widget) == "Grace"


def test_r01_04_values_in_com(component: Component) -> None:
    """Every kind of value, with COM's defaults."""
    values = make(component, WIDGET, IValues)

    assert values.Truths(True, True) is True
    assert values.Truths(True, False) is False
    assert values.Integers(-1, 2, -3, 4, -5, 6, -7, 8) == 4
    assert values.Reals(1.5, 2) == 3
    assert values.Join("a", "b\0c") == "ab\0c"
    assert values.Upper("abc") == "ABC"
    assert values.Split("abcd") == ("ab", "cd")
    assert (values.Units("käse"), values.Bytes("käse")) == (4, 5)
    assert values.Echo("text") == "text"
    assert values.Kind("text") == 8
    assert values.Sum([1, 2, 3]) == 6
    assert list(values.Range(3)) == [0, 1, 2] or list(values.Range(3)) == [1, 2, 3]
    assert list(values.Turn(["a", "b"])) == ["b", "a"]
    assert values.Later(dt.datetime(2024, 2, 28), 2) == dt.datetime(2024, 3, 1)
    assert values.Negate(decimal.Decimal("1.25")) == decimal.Decimal("-1.25")
    assert values.Twice(decimal.Decimal("1.25")) == decimal.Decimal("2.5")
    assert values.Average([1.0, 2.0, 6.0]) == 3
    squares = [0, 0, 0]
    values.Squares(3, squares)
    assert squares in ([0, 1, 4], [1, 4, 9])
    assert values.Following(Colour.RED) is Colour.GREEN


def test_r07_21_structs(component: Component) -> None:
    """Passed by value and by reference, and given back, as the user's own class."""
    types = make(component, WIDGET, IValueTypes)

    types.SetPoint(Point(3, 4))
    assert types.GetPoint() == Point(3, 4)
    assert type(types.SetPointRef(Point(1, 2))) is Point


@pytest.mark.rule("R14.6")
def test_r14_11_objects_in_signatures(component: Component) -> None:
    """Objects as arguments, results, in arrays, and none at all."""
    links = make(component, WIDGET, ILinks)

    links.Store(None)
    assert links.Stored() is None
    assert links.Self() is links.SelfUnknown()
    assert links.Maybe(0) is None
    assert links.As(uuid.UUID(declared_of(IShape).iid)) is links.Self()
    query(links, ISquare).SetSide(2)
    assert links.Measure(links.Self()) == 4
    named, shape = links.Both()
    assert named is shape
    assert links.Total([links.Self(), links.Self()]) == 8
    assert links.Pass(None) is None


def test_r11_05_results_as_they_are(component: Component) -> None:
    """HRESULTs that are seen, results that are none, and structs in registers and in memory."""
    signatures = make(component, WIDGET, ISignatures)

    assert signatures.Ratio(1, 4) == 0.25
    assert isinstance(signatures.Version(), int)
    assert signatures.Touch() is None
    assert isinstance(signatures.Label(), str)
    assert isinstance(signatures.Title(), str)
    assert isinstance(signatures.Origin(), Point)
    assert signatures.Box().width >= 0
    assert signatures.Say(1) == 1
    assert signatures.Say(-2147467259) == -2147467259
    code, value = signatures.SayAndGive(-2147467259)
    assert code == -2147467259
    assert isinstance(value, int)
    assert signatures.Borrow() is signatures.Own()


def test_r11_04_failures_raise(component: Component) -> None:
    """The HRESULT is not seen unless it is a failure."""
    calculator = make(component, CALCULATOR, ICalculator)

    assert calculator.Divide(6, 3) == 2
    with pytest.raises(ZeroDivisionError):
        calculator.Divide(6, 0)
    with pytest.raises(callgate.ArgumentError):
        make(component, WIDGET, IShape).Scale(-1)
    make(component, FAULTY, IFaulty).Fail(1, 0)  # S_FALSE is a success


@pytest.mark.rule("R14.26")
def test_r14_01_dual_by_slot(component: Component) -> None:
    """The slots of a dual interface are called as any others."""
    calculator = make(component, CALCULATOR, ICalculator)

    assert calculator.Add(2, 3) == 5
    calculator.Total = 7
    assert calculator.Total == 7
    calculator.put_Item("a", 3)
    assert calculator.get_Item("a") == 3
    assert calculator.Partner is None
    calculator.Partner = calculator
    assert calculator.Partner is calculator
    calculator.Partner = None


class Callee(ICallee):
    """A Python class that implements an interface."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def Step(self, number: int) -> int:
        self.steps.append(number)
        return number * 10

    def Say(self, text: str) -> str:
        return text.upper()

    def Divide(self, a: int, b: int) -> int:
        return a // b

    def Again(self, holder: IHolder, depth: int) -> int:
        return holder.Deeper(depth - 1) if depth else 0


@pytest.mark.rule("R14.16")
def test_r14_14_python_objects(component: Component) -> None:
    """Native code calls a class that derives from the interface, and one that only has the methods."""
    holder = make(component, HOLDER, IHolder)
    callee = Callee()

    holder.Keep(callee)
    assert holder.Kept() is callee
    assert holder.CallBack(3) == sum(callee.steps) * 10
    assert len(callee.steps) == 3
    holder.Drop()


def odd(load_typed: TypedLoader, clsid: int, face: type[T], asked: Declared | None = None) -> T:
    """An object that does not look like COM's, or is of a class: what creates it says so by its type."""

    class Maker(Protocol):
        @native(throws=True)
        def component_create(self, clsid: Any, iid: Any) -> Any: ...

    chosen: Any = face
    result = Annotated[chosen, iid_is("iid")]
    guid: Any = In[Ref[Guid]]
    Maker.component_create.__annotations__ = {"clsid": guid, "iid": guid, "return": result}
    asked = asked or declared_of(face)
    iid = uuid.UUID(asked.iid)
    lib: Any = load_typed("component", library("libcomponent.so")(Maker))
    made = lib.component_create(uuid.UUID(own(clsid)), swapped(iid) if chosen is IBig else iid)
    return query(made, asked.cls)  # type: ignore[no-any-return]


def swapped(iid: uuid.UUID) -> uuid.UUID:
    """As a library reads it that writes GUIDs big-endian."""
    return uuid.UUID(bytes_le=iid.bytes)


@pytest.mark.parametrize(("clsid", "face"), [(0x111, IBig), (0x112, ISlots), (0x113, IShifted)], ids=str)
def test_binary_shapes(load_typed: TypedLoader, clsid: int, face: Any) -> None:
    """IIDs in the other byte order, slots behind Release, a vtable elsewhere."""
    assert odd(load_typed, clsid, face).Twice(21) == 42


def test_hidden_results(load_typed: TypedLoader) -> None:
    """Aggregates through an address of the caller's, behind the object or before it."""
    after, before = odd(load_typed, 0x114, IAfter), odd(load_typed, 0x115, IBefore)

    assert after.Measure(2) == Extent(2, 4, 6)
    assert after.Place() == Point(5, 6)
    assert before.Measure(2).width == 2


def test_microsofts_convention(load_typed: TypedLoader) -> None:
    """Code that was built on Windows headers, also when it calls back."""
    microsoft, callee = odd(load_typed, 0x116, IMicrosoft), Callee()

    assert microsoft.Mix(1, 2, 3, 4, 5) == 1 + 20 + 300 + 4000 + 50000
    assert microsoft.Shift(Extent(1, 2, 3), 1) == Extent(2, 3, 4)
    assert microsoft.Each(callee, 3) == sum(callee.steps) * 10


@interface(own(0x02))
class IShapeElsewhere(IUnknown, Protocol):
    """The same interface once more, as another module would declare it."""

    def Area(self) -> f8: ...
    def Scale(self, by: f8) -> None: ...


def test_r14_29_declarations_of_one_iid_are_interchangeable(component: Component) -> None:
    """An object that came as the one passes as the other."""
    links = make(component, WIDGET, ILinks)
    shape = links.Self()

    other = query(shape, IShapeElsewhere)
    assert other is shape
    query(links, ISquare).SetSide(3)
    assert links.Measure(other) == 9
    assert IShapeElsewhere.Area(shape) == 9
    other.Scale(by=2)
    query(shape, IShape).Scale(factor=0.5)
    assert shape.Area() == 9


IDL = parse((COMPONENT / "component.idl").read_text(encoding="utf-8"))
TYPED = [each for each in IDL.interfaces if hasattr(component_faces, each.name)]


@pytest.mark.rule("R14.4")
@pytest.mark.parametrize("described", TYPED, ids=lambda each: each.name)
def test_r14_29_typed_classes_and_idl_say_the_same(described: Interface) -> None:
    """Slots, types, directions, numbers of members and shapes: IDL and a Python class are two spellings."""
    declared = declared_of(getattr(component_faces, described.name))

    assert [method.name for method in declared.interface.methods] == [method.name for method in described.methods]
    iids = {each.name: each.iid for each in IDL.interfaces}
    refuse_difference("typed", declared.interface, declared.iids, "idl", described, iids)


@struct(name="Point")
class PointElsewhere:
    x: i4
    y: i4


@struct(name="Point")
class PointWithMore:
    x: i4
    y: i4

    def length(self) -> float:
        return math.hypot(self.x, self.y)


@pytest.mark.rule("R19.46")
def test_r14_29_structs_of_one_name(component: Component) -> None:
    """A struct that another module declares passes, unless one of the two is more than its public members."""
    types = make(component, WIDGET, IValueTypes)
    elsewhere: Any = PointElsewhere(5, 6)
    more: Any = PointWithMore(5, 6)

    types.SetPoint(elsewhere)
    assert types.GetPoint() == Point(5, 6)
    with pytest.raises(callgate.InvalidCastError, match=r"PointWithMore has the method 'length'.*R19\.46"):
        types.SetPoint(more)


def test_r01_20_arguments_are_left_out(component: Component) -> None:
    """A default of the declaration goes to native code."""

    class IShapeByDefault(IUnknown, Protocol):
        def Area(self) -> f8: ...
        def Scale(self, factor: f8 = 2.0) -> None: ...

    shape = make(component, WIDGET, interface(own(0x02))(IShapeByDefault))
    area = shape.Area()
    shape.Scale()
    assert shape.Area() == 4 * area


@pytest.mark.rule("R19.2")
def test_r14_19_a_generic_class_answers_what_it_derives_from(component: Component) -> None:
    """And nothing else: generic interfaces have no IID that somebody could ask for."""

    class Generics(Callee, Generic[T]): ...

    probe = make(component, HOLDER, IProbe)
    callee: Any = Generics[int]()
    assert probe.Ask(callee, uuid.UUID(declared_of(ICallee).iid)) == 0
    assert probe.Ask(callee, uuid.UUID(declared_of(IShape).iid)) == E_NOINTERFACE
    assert probe.Say(callee, "text") == "TEXT"
    assert probe.Laws(callee) == ""


@coclass(own(0x1FF), default=IShape)
class Square(IShape):
    """What a declaration calls the objects of a class that do not say it themselves."""

    def double(self) -> float:
        return 2 * self.Area()


@pytest.mark.rule("R14.9")
def test_r14_11_a_declared_class(load_typed: TypedLoader) -> None:
    """An object that a signature calls a class is of it: the interface's methods are native, the others Python's."""
    shape = odd(load_typed, WIDGET, Square, declared_of(IShape))

    assert isinstance(shape, Square)
    assert isinstance(shape, IShape)
    assert shape.double() == 2 * shape.Area()
    assert not isinstance(shape, IMissing)


class Shelf(ICalculator):
    """A dual interface in Python: a property, one with arguments, and methods."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.Total = 0

    def Add(self, a: int, b: int) -> int:
        self.Total += a + b
        return self.Total

    def get_Item(self, key: str) -> Any:
        return self.items.get(key)

    def put_Item(self, key: str, value: Any) -> None:
        self.items[key] = value


@pytest.mark.rule("R14.16", "R14.24")
def test_r14_22_python_properties_with_arguments(component: Component) -> None:
    """By name, through IDispatch: the numbers are those of the interface."""
    probe = make(component, HOLDER, IProbe)
    shelf: Any = Shelf()
    assert probe.Dispid(shelf, "item") == (0, 0)
    assert probe.Dispid(shelf, "Total") == (0, 1)

    assert probe.Invoke(shelf, 0, 4, ["a", 3])[0] == 0
    assert shelf.items == {"a": 3}
    assert probe.Invoke(shelf, 0, 2, ["a"])[:2] == (0, 3)
    assert probe.Invoke(shelf, 2, 1, [2, "3"])[:2] == (0, 5)
    assert probe.Invoke(shelf, 1, 2, [])[:2] == (0, 5)
    assert probe.Invoke(shelf, 1, 4, [7])[0] == 0
    assert shelf.Total == 7
    assert probe.Invoke(shelf, 0, 2, [])[0] == BAD_COUNT
