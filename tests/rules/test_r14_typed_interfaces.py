"""Interfaces as Python classes: slots, hidden HRESULTs, what they reach, what they are in Python (R14, R11)."""

# mypy: disable-error-code="misc, valid-type, type-abstract, abstract, no-redef, attr-defined, untyped-decorator"
# Types are values here.
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    HRESULT,
    Array,
    BStr,
    IDispatch,
    In,
    IUnknown,
    Out,
    Ref,
    attribute,
    dispid,
    f8,
    i4,
    iid_is,
    interface,
    library,
    preserve_sig,
    propget,
    propput,
    propputref,
    prototype,
    size_is,
    u4,
)
from callgate.com.closure import of_model
from callgate.com.declared import declared_by_iid, declared_of
from callgate.declare import parse
from callgate.typed.libraries import declarations_of
from callgate.variant import Missing
from callgate_protocol.interfaces import method_places, shape_of
from callgate_protocol.model import (
    CType,
    InterfaceType,
    Pointer,
    SafeArray,
    Scalar,
    SystemType,
)
from callgate_protocol.typelib import decode_library, encode_library

from .declared_cases import (
    ICalc,
    IPlayer,
    IPlayerEvents,
    IRecorder,
    Point,
    accepted,
    declare,
    method,
    refusal,
    slots,
    spelled,
)

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
    assert declared.answers == tuple(declared_of(each).iid for each in (IUnknown, IPlayer, IRecorder))


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


def test_r14_04_a_name_that_comes_later() -> None:
    """What is not there yet is looked for when the interface is used; what never comes is named."""

    class ILost(IUnknown, Protocol):
        def M(self, a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    lost = declare(ILost)
    with pytest.raises(callgate.DeclarationError, match=r"ILost\.M names 'Nowhere', which is not defined"):
        _ = declared_of(lost).library


def test_r14_22_numbers_of_members() -> None:
    """Those that nobody gives are different at every level; one number is one member."""

    class IFirst(IDispatch, Protocol):
        def A(self) -> None: ...
        @property
        def B(self) -> i4: ...
        @B.setter
        def B(self, value: i4) -> None: ...

    declare(IFirst, dual=True)

    class ISecond(IFirst, Protocol):
        def C(self) -> None: ...

    declared = declared_of(declare(ISecond, dual=True))
    numbers = {key: each.function.result.attribute("id") for key, each in declared.methods.items()}
    assert {key: word and hex(int(word.argument)) for key, word in numbers.items()} == {
        "A": "0x60020000",
        "get_B": "0x60020001",
        "put_B": "0x60020001",
        "C": "0x60030000",
    }

    class IOne(IDispatch, Protocol):
        @dispid(1)
        def A(self) -> None: ...
        @dispid(1)
        def B(self) -> None: ...

    with pytest.raises(callgate.MarshalDirectiveError, match=r"IOne\.B and IOne\.A have one number, 1.*R14\.22"):
        declare(IOne, dual=True)
