"""Interfaces as Python classes: slots, hidden HRESULTs, what they reach, and what they may not have (R14, R19)."""

# mypy: disable-error-code="misc, valid-type, type-abstract, abstract, no-redef, attr-defined, untyped-decorator"
# Types are values here.
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Protocol, TypeVar

import pytest

import callgate
from callgate import (
    HRESULT,
    Array,
    BStr,
    Handle,
    IDispatch,
    In,
    IUnknown,
    NativePtr,
    Out,
    Ref,
    Variant,
    attribute,
    dispid,
    f8,
    i4,
    iid_is,
    interface,
    layout_class,
    library,
    offset,
    preserve_sig,
    propget,
    propput,
    propputref,
    prototype,
    size_is,
    struct,
    u4,
)
from callgate.com.closure import of_model
from callgate.com.declared import Declared, declared_by_iid, declared_of
from callgate.declare import parse
from callgate.equivalents import why_not_equivalent
from callgate.typed.libraries import declarations_of
from callgate.variant import Missing
from callgate_protocol.interfaces import method_places, shape_of
from callgate_protocol.model import (
    CType,
    Function,
    FunctionPointer,
    InterfaceType,
    Pointer,
    SafeArray,
    Scalar,
    SystemType,
    c_name,
)
from callgate_protocol.typelib import decode_library, encode_library

T = TypeVar("T")


@struct
class Point:
    x: i4
    y: i4


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}")
class IPlayer(IUnknown, Protocol):
    """Mentions what stands further below."""

    def Open(self, path: BStr) -> None: ...
    def Duration(self) -> f8: ...
    def Advise(self, sink: IPlayerEvents) -> u4: ...
    def Next(self) -> IPlayer | None: ...


@interface("{3ca6a62e-7e5c-4e0c-9b0d-1d7b6f5b0c11}")
class IPlayerEvents(IUnknown, Protocol):
    def OnProgress(self, percent: i4) -> None: ...
    def Source(self) -> IPlayer: ...


@interface("3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13")
class IRecorder(IPlayer, Protocol):
    def Record(self, at: Point) -> tuple[i4, Out[Point]]: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14}", dual=True)
class ICalc(IDispatch, Protocol):
    def Add(self, a: i4, b: i4) -> i4: ...
    @property
    def Memory(self) -> Variant: ...
    @Memory.setter
    def Memory(self, value: Variant) -> None: ...


def slots(declared: Declared) -> dict[str, int]:
    """Slots by `interface.method`."""
    return {f"{place.interface.name}.{place.method.name}": place.slot for place in method_places(declared.library)}


def method(cls: Any, key: str) -> Function:
    return declared_of(cls).methods[key].function


def spelled(function: Function) -> list[str]:
    """The types of the parameters, the result first."""
    return [c_name(each.type) for each in (function.result, *function.parameters)]


_NUMBER = iter(range(1, 10_000))


def fresh() -> str:
    """An IID that nobody has yet."""
    return f"{{5B0C0000-7E5C-4E0C-9B0D-1D7B6F5B{next(_NUMBER):04X}}}"


def declare(cls: Any, **shape: Any) -> Any:
    return interface(fresh(), **shape)(cls)


def refusal(annotation: Any, result: Any = None, rule: str = "", **shape: Any) -> str:
    """The message for a method with one parameter of that type; it names the method and the rule."""
    base: Any = IDispatch if shape.keys() & {"dual", "dispatch"} else IUnknown

    class IRefused(base, Protocol):
        def Method(self, p: Any) -> None: ...

    IRefused.Method.__annotations__ = {"p": annotation, "return": result}
    with pytest.raises(callgate.MarshalDirectiveError) as caught:
        declare(IRefused, **shape)
    text = str(caught.value)
    assert "IRefused.Method" in text
    assert rule in re.findall(r"R\d+\.\d+", text), text
    return text


def accepted(annotation: Any, result: Any = None, **shape: Any) -> Function:
    """The opposite: the method, as the model has it."""
    base: Any = IDispatch if shape.keys() & {"dual", "dispatch"} else IUnknown

    class IAccepted(base, Protocol):
        def Method(self, p: Any) -> None: ...

    IAccepted.Method.__annotations__ = {"p": annotation, "return": result}
    return declared_of(declare(IAccepted, **shape)).methods["Method"].function


# -- slots -------------------------------------------------------------------------------------------------------------


def test_r14_01_slots_are_inherited() -> None:
    """Three of IUnknown's, then those of the base, then the interface's own in the order in which they are written."""
    found = slots(declared_of(IRecorder))

    assert [found[f"IPlayer.{name}"] for name in ("Open", "Duration", "Advise", "Next")] == [3, 4, 5, 6]
    assert found["IRecorder.Record"] == 7


def test_r14_01_dual_starts_behind_dispatch() -> None:
    """IDispatch has the slots 3 to 6."""
    places = [place for place in method_places(declared_of(ICalc).library) if place.interface.name == "ICalc"]

    assert [(place.slot, place.method.name) for place in places] == [(7, "Add"), (8, "Memory"), (9, "Memory")]
    assert [method.number for method in declared_of(ICalc).methods.values()] == [place.number for place in places]


def test_r14_01_dispatch_members_have_no_slots() -> None:
    """They have numbers instead, which have to be written."""

    class IEvents(IDispatch, Protocol):
        @dispid(7)
        def Click(self, x: i4) -> None: ...

    declared = declared_of(declare(IEvents, dispatch=True))
    assert slots(declared)["IEvents.Click"] == -1
    assert declared.methods["Click"].function.result.attribute("id").argument == "7"  # type: ignore[union-attr]

    class IWithout(IDispatch, Protocol):
        def Click(self, x: i4) -> None: ...

    with pytest.raises(callgate.MarshalDirectiveError, match=r"IWithout\.Click has no number.*dispid.*R14\.22"):
        declare(IWithout, dispatch=True)


def test_r14_01_one_base() -> None:
    """Exactly one interface, and a Protocol."""

    class ITwo(IPlayer, IPlayerEvents, Protocol): ...

    class INoProtocol(IUnknown): ...

    class INoBase(Protocol): ...

    class IPlain(IUnknown, Protocol): ...

    class IOnPlain(IPlain, Protocol): ...

    for cls in (ITwo, INoProtocol, INoBase):
        with pytest.raises(callgate.DeclarationError, match=r"derives from one other interface.*R14\.1"):
            declare(cls)
    with pytest.raises(callgate.DeclarationError, match=r"IPlain, which is no interface yet"):
        declare(IOnPlain)


def test_r14_01_the_last_setter_has_the_last_slot() -> None:
    """A property is two slots or three, each where it is written."""

    class ISound(IUnknown, Protocol):
        @property
        def Volume(self) -> f8: ...
        def Mute(self) -> None: ...
        @Volume.setter
        def Volume(self, value: f8) -> None: ...
        @property
        def Sink(self) -> IPlayerEvents: ...
        @Sink.setter
        @propputref()
        def Sink(self, value: IPlayerEvents) -> None: ...
        @propget("Item")
        def get_Item(self, index: i4) -> f8: ...
        @propput("Item")
        def put_Item(self, index: i4, value: f8) -> None: ...

    declared = declared_of(declare(ISound))
    keys = ["get_Volume", "Mute", "put_Volume", "get_Sink", "putref_Sink", "get_Item", "put_Item"]
    assert list(declared.methods) == keys
    assert [method.name for method in declared.interface.methods] == [
        "Volume",
        "Mute",
        "Volume",
        "Sink",
        "Sink",
        "Item",
        "Item",
    ]
    words = [
        next((word.name for word in each.result.attributes if word.name != "throws"), "")
        for each in declared.interface.methods
    ]
    assert words == ["propget", "", "propput", "propget", "propputref", "propget", "propput"]
    assert set(declared.properties) == {"Volume", "Sink"}
    assert declared.properties["Sink"].putref is declared.methods["putref_Sink"]
    assert declared.properties["Volume"].put is declared.methods["put_Volume"]


# -- what a declaration is ---------------------------------------------------------------------------------------------


def test_r14_04_an_iid_in_one_form() -> None:
    """Whatever a person writes, the IID is canonical; something else is refused."""
    assert declared_of(IPlayerEvents).iid == "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C11}"
    assert declared_of(IRecorder).iid == "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13}"
    assert declared_by_iid("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13}") is declared_of(IRecorder)

    class IBad(IUnknown, Protocol): ...

    with pytest.raises(callgate.DeclarationError, match=r"IBad: 'player' is no GUID.*R14\.4"):
        interface("player")(IBad)


def test_r14_04_everything_that_it_reaches() -> None:
    """The library holds the interface, its bases, and what any of them mentions, also where that leads back."""
    declared = declared_of(IRecorder)

    assert [each.name for each in declared.library.interfaces] == ["IPlayer", "IPlayerEvents", "IRecorder", "IUnknown"]
    assert [each.name for each in declared.library.records] == ["Point"]
    assert declared.python.structs == {"Point": Point}
    assert declared_of(IPlayer).library == declared_of(IPlayerEvents).library
    assert decode_library(encode_library(declared.library)) == declared.library
    assert declared.answers == [declared_of(each).iid for each in (IUnknown, IPlayer, IRecorder)]


def test_r14_04_a_library_whose_functions_give_objects() -> None:
    """A function of a library may have interfaces, too."""

    @library("libplayers.so")
    class Players(Protocol):
        def create(self) -> tuple[HRESULT, Out[IPlayer]]: ...

    declared = declarations_of(Players).library
    assert [each.name for each in declared.interfaces] == ["IPlayer", "IPlayerEvents", "IUnknown"]
    assert spelled(declared.functions[0]) == ["HRESULT", "IPlayer **"]


@pytest.mark.rule("R11.5")
def test_r11_04_hresults_are_hidden() -> None:
    """The result is `[out, retval]`, other outs stand before it; preserve_sig takes the result as it is written."""
    record = method(IRecorder, "Record")
    assert spelled(record) == ["HRESULT", "Point", "Point *", "int32_t *"]
    assert record.result.has("throws")
    assert record.parameters[-1].has("retval")
    assert spelled(method(IPlayer, "Open")) == ["HRESULT", "BSTR"]

    class IRaw(IUnknown, Protocol):
        @preserve_sig
        def Next(self, n: u4) -> tuple[HRESULT, Out[u4]]: ...
        @preserve_sig
        def Where(self) -> Point: ...

    declare(IRaw)
    assert spelled(method(IRaw, "Next")) == ["HRESULT", "uint32_t", "uint32_t *"]
    assert not method(IRaw, "Next").result.has("throws")
    assert spelled(method(IRaw, "Where")) == ["Point"]
    assert "preserve_sig" in refusal(i4, HRESULT, "R11.5")


@pytest.mark.parametrize(
    ("python", "native"),
    [
        (bool, Scalar("VARIANT_BOOL")),
        (str, SystemType("BSTR")),
        (list[str], Pointer(SafeArray(SystemType("BSTR")))),
        (list[f8], Pointer(SafeArray(Scalar("double")))),
        (object, SystemType("VARIANT")),
        (Any, SystemType("VARIANT")),
        (callgate.Char, Scalar("char16")),
        (IPlayer | None, Pointer(InterfaceType("IPlayer"))),
        (callgate.Bool, Scalar("BOOL")),
        (callgate.LPWStr, Pointer(Scalar("char16"), const=True)),
        (Annotated[Array[f8], size_is(3)], Pointer(Scalar("double"))),
        (Ref[str], Pointer(SystemType("BSTR"))),
    ],
)
def test_r01_04_defaults_of_com(python: Any, native: CType) -> None:
    """The same Python types that mean something else to a C function."""
    assert accepted(python).parameters[0].type == native


@pytest.mark.rule("R1.4")
@pytest.mark.parametrize(
    "python", [callgate.TBStr, callgate.LPTStr, callgate.VBByRefStr, Annotated[BStr, attribute("ansi")]]
)
def test_r14_04_text_is_unicode(python: Any) -> None:
    """Markers that follow a library's charset have no meaning in an interface."""
    refusal(python, rule="R14.4")


def test_r07_21_structs_in_methods() -> None:
    """By value, by reference, as result; the struct is described once."""

    class IGeometry(IUnknown, Protocol):
        def SetPoint(self, p: Point) -> None: ...
        def SetPointRef(self, p: Ref[Point]) -> None: ...
        def GetPoint(self) -> Point: ...

    declare(IGeometry)
    assert spelled(method(IGeometry, "SetPoint")) == ["HRESULT", "Point"]
    assert spelled(method(IGeometry, "SetPointRef")) == ["HRESULT", "Point *"]
    assert spelled(method(IGeometry, "GetPoint")) == ["HRESULT", "Point *"]
    assert len(declared_of(IGeometry).library.records) == 1


# -- refusals ----------------------------------------------------------------------------------------------------------


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


# -- shapes ------------------------------------------------------------------------------------------------------------


def test_shapes_of_objects() -> None:
    """What objects look like is data, and inherited (appendix F)."""

    class IBase(IUnknown, Protocol): ...

    class IDerived(IBase, Protocol): ...

    declare(
        IBase,
        guid="big",
        extra_slots=2,
        vtable_offset=8,
        convention="ms_abi",
        hidden_result="after",
        loose_identity=True,
    )
    declared = declared_of(declare(IDerived))
    shape = shape_of(declared.library, declared.interface)
    assert shape == (True, 2, 8, "ms_abi", "after", True)
    with pytest.raises(callgate.DeclarationError, match="guid is 'big', not 'little'"):
        declare(IDerived, guid="little")


# -- in Python ---------------------------------------------------------------------------------------------------------


class Sink(IPlayerEvents):
    def __init__(self) -> None:
        self.seen: list[int] = []

    def OnProgress(self, percent: int) -> None:
        self.seen.append(percent)


class Duck:
    def OnProgress(self, percent: int) -> None: ...
    def Source(self) -> None: ...


def test_r14_16_a_class_implements_an_interface() -> None:
    """Its methods are ordinary ones, and what it lacks says so."""
    sink = Sink()
    sink.OnProgress(3)

    assert sink.seen == [3]
    assert isinstance(sink, IPlayerEvents)
    assert isinstance(sink, IUnknown)
    assert not isinstance(sink, IPlayer)
    assert issubclass(Sink, IPlayerEvents)
    with pytest.raises(NotImplementedError, match=r"Sink implements IPlayerEvents, but has no Source"):
        sink.Source()


def test_r14_16_properties_of_a_class_are_plain_attributes() -> None:
    """Where a Python class implements an interface, its property is what the class makes of it."""

    class Speaker(ISpeaker):
        def __init__(self) -> None:
            self.Volume = 0.5

    speaker = Speaker()
    speaker.Volume += 0.25
    assert speaker.Volume == 0.75

    class Silent(ISpeaker): ...

    assert not hasattr(Silent(), "Volume")
    with pytest.raises(NotImplementedError, match="Silent implements ISpeaker, but has no get_Volume") as caught:
        _ = Silent().Volume
    assert callgate.hr_for_exception(caught.value) == 0x80004001


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C15}")
class ISpeaker(IUnknown, Protocol):
    @property
    def Volume(self) -> f8: ...
    @Volume.setter
    def Volume(self, value: f8) -> None: ...


def test_r01_23_iid_is() -> None:
    """An interface pointer whose IID another parameter says."""

    class IFinder(IUnknown, Protocol):
        def Find(self, riid: In[Ref[callgate.Guid]]) -> Annotated[IUnknown, iid_is("riid")]: ...

    class IWrong(IUnknown, Protocol):
        def Find(self, riid: i4) -> Annotated[IUnknown, iid_is("riid")]: ...

    declare(IFinder)
    assert spelled(method(IFinder, "Find")) == ["HRESULT", "const GUID *", "IUnknown **"]
    assert method(IFinder, "Find").parameters[1].attribute("iid_is").argument == "riid"  # type: ignore[union-attr]
    with pytest.raises(callgate.MarshalDirectiveError, match=r"IWrong\.Find.*iid_is\('riid'\).*R1\.23"):
        declare(IWrong)


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


def test_r14_04_types_that_no_function_mentions() -> None:
    """A library may name interfaces beside its functions."""

    @library("libplayers.so", types=(IRecorder,))
    class Players(Protocol):
        def count(self) -> i4: ...

    assert "IRecorder" in [each.name for each in declarations_of(Players).library.interfaces]


def test_r14_04_interfaces_in_c() -> None:
    """C may say what a function does with the interfaces that its annotations name."""

    @library("libplayers.so")
    class Players(Protocol):
        @prototype("[throws] HRESULT make(const GUID *iid, [out, retval] IPlayer **player)")
        def make(self, iid: Any) -> IPlayer: ...
        @prototype("void drop(IUnknown *any)")
        def drop(self, any: Any) -> None: ...  # noqa: A002

    declared = declarations_of(Players)
    assert [spelled(each) for each in declared.library.functions] == [
        ["void", "IUnknown *"],
        ["HRESULT", "const GUID *", "IPlayer **"],
    ]
    assert declared.python.interfaces["IPlayer"] is declared_of(IPlayer)


OPTIONAL = """
enum Colour { RED, GREEN };
[object, uuid(5B0C0000-7E5C-4E0C-9B0D-1D7B6F5C0001)]
interface IOptional : IUnknown {
    HRESULT Draw(
        long x, [defaultvalue(5)] long y, [defaultvalue("a b")] BSTR text, [defaultvalue(TRUE)] VARIANT_BOOL fill,
        [defaultvalue(GREEN)] enum Colour colour, [defaultvalue(-1.5)] double angle, [defaultvalue(NULL)] IUnknown *on,
        [optional] VARIANT more, [lcid] long locale, [out, retval] double *area);
};
"""


def test_r01_20_what_may_be_left_out() -> None:
    """IDL's defaults, optional arguments and locale are defaults of the method; Python's are IDL's."""
    library_of = parse(OPTIONAL)
    face = of_model(library_of, "IOptional").methods["Draw"].face

    assert face.defaults == {
        "y": 5,
        "text": "a b",
        "fill": True,
        "colour": 1,
        "angle": -1.5,
        "on": None,
        "more": Missing,
        "locale": 0,
    }

    class IDefaults(IUnknown, Protocol):
        def F(self, a: i4, b: i4 = 3, c: bool = True, d: str = "x") -> i4: ...
        def G(self, a: i4 = 3) -> tuple[i4, Out[i4]]: ...

    declare(IDefaults)
    words = [each.attribute("defaultvalue") for each in method(IDefaults, "F").parameters]
    assert [word and word.argument for word in words] == [None, "3", "TRUE", '"x"', None]
    assert not method(IDefaults, "G").parameters[0].has("defaultvalue")
    assert declared_of(IDefaults).methods["G"].face.defaults == {"a": 3}


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


def test_r14_04_a_name_that_comes_later() -> None:
    """What is not there yet is looked for when the interface is used; what never comes is named."""

    class ILost(IUnknown, Protocol):
        def M(self, a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    lost = declare(ILost)
    with pytest.raises(callgate.DeclarationError, match=r"ILost\.M names 'Nowhere', which is not defined"):
        _ = declared_of(lost).library
