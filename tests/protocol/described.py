"""Type libraries that hang together: what they name they describe, and their interfaces keep their promises."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from callgate_protocol.automation import WELL_KNOWN, closure
from callgate_protocol.model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    SYSTEM_TYPES,
    TRUTHS,
    Array,
    Attribute,
    Coclass,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Implemented,
    Interface,
    InterfaceType,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

from .strategies import guids

__all__ = ["described"]

Draw = Any

_IN_OUT = (Attribute("in"), Attribute("out"))
_RETVAL = (Attribute("out"), Attribute("retval"))
_THROWS = Attribute("throws")
_SHAPE = (
    Attribute("convention", "ms_abi"),
    Attribute("extra_slots", "2"),
    Attribute("guid", "big"),
    Attribute("hidden_result", "after"),
    Attribute("loose_identity"),
    Attribute("vtable_offset", "8"),
)
_AUTOMATION = ["VARIANT_BOOL", "u1", "i2", "int", "i4", "i8", "float", "double", "uptr"]

values: st.SearchStrategy[CType] = st.one_of(
    st.sampled_from([*INTEGERS, *FLOATS, *COMPLEX, *TRUTHS, "bool"]).map(Scalar),
    st.sampled_from(SYSTEM_TYPES).map(SystemType),
    st.sampled_from([EnumType("Colour"), StructType("Point"), StructType("Outer")]),
    st.sampled_from([Pointer(InterfaceType(name)) for name in ("IA", "IB", "ID", "DE", "IUnknown", "IErrorInfo")]),
    st.sampled_from([Pointer(Opaque("stream")), FunctionPointer("Compare"), Opaque("fd")]),
    st.sampled_from([Pointer(SafeArray(SystemType("VARIANT"))), Pointer(SafeArray(Scalar("i4")))]),
)
late_values: st.SearchStrategy[CType] = st.one_of(
    st.sampled_from(_AUTOMATION).map(Scalar),
    st.sampled_from([SystemType("BSTR"), SystemType("VARIANT"), SystemType("DATE"), EnumType("Colour")]),
    st.sampled_from([Pointer(InterfaceType("IA")), Pointer(SafeArray(SystemType("VARIANT"))), StructType("Point")]),
)


@st.composite
def _given(draw: Draw, name: str, kinds: st.SearchStrategy[CType], *, bare_in: bool) -> Parameter:
    """A parameter: by value, behind pointers, in, out or both."""
    ctype = draw(kinds)
    if draw(st.booleans()):
        return Parameter(name, ctype, (Attribute("in"),) if bare_in and draw(st.booleans()) else ())
    words = draw(st.sampled_from([(), _IN_OUT, (Attribute("out"),), (*_IN_OUT, Attribute("unique"))]))
    return Parameter(name, Pointer(ctype, not words and draw(st.booleans())), words)


@st.composite
def _parameters(draw: Draw, kinds: st.SearchStrategy[CType] = values, *, method: bool = True) -> tuple[Parameter, ...]:
    names = ["a", "b", "value"][: draw(st.integers(0, 3))]
    return tuple(draw(_given(name, kinds, bare_in=not method)) for name in names)


def _result(ctype: CType, *words: Attribute) -> Parameter:
    return Parameter("", ctype, tuple(sorted(words)))


@st.composite
def _method(draw: Draw, name: str) -> Function:
    if draw(st.booleans()):
        return Function(name, _result(draw(values | st.just(Void()))), draw(_parameters()))
    parameters = draw(_parameters())
    if draw(st.booleans()):
        parameters = (*parameters, Parameter("last", Pointer(draw(values)), _RETVAL))
    return Function(name, _result(SystemType("HRESULT"), _THROWS), parameters)


@st.composite
def _late_method(draw: Draw, name: str, number: int) -> Function:
    accessor = draw(st.sampled_from([(), (Attribute("propget"),)]))
    last = draw(st.sampled_from(["value", "found"]))
    parameters: tuple[Parameter, ...] = (Parameter("a", draw(late_values)),) if draw(st.booleans()) else ()
    if accessor or draw(st.booleans()):
        parameters = (*parameters, Parameter(last, Pointer(draw(late_values)), _RETVAL))
    words = (_THROWS, Attribute("id", str(number)), *accessor)
    return Function(name, _result(SystemType("HRESULT"), *words), parameters)


@st.composite
def _interfaces(draw: Draw) -> list[Interface]:
    iids = draw(st.lists(guids, min_size=4, max_size=4, unique=True))
    shape = tuple(word for word in _SHAPE if draw(st.booleans()))
    methods = [tuple(draw(_method(name)) for name in "fgh"[: draw(st.integers(0, 3))]) for _ in range(2)]
    dispids = st.sampled_from([0, -4, 7, 0x60020000])
    late = [tuple(draw(_late_method(name, draw(dispids))) for name in "fg") for _ in range(2)]
    return [
        Interface("IA", iids[0], "IUnknown", methods[0], shape),
        Interface("IB", iids[1], draw(st.sampled_from(["IA", "IUnknown", ""])), methods[1]),
        Interface("ID", iids[2], "IDispatch", late[0], (Attribute("dual"),)),
        Interface("DE", iids[3], "IDispatch", late[1], (Attribute("dispatch"),)),
    ]


@st.composite
def _records(draw: Draw) -> list[Record]:
    plain = st.sampled_from(["int", "double", "i4", "u8", "char", "u1"]).map(Scalar)
    inner = Record("Point", (Field("x", draw(plain)), Field("y", Array(draw(plain), draw(st.integers(1, 4))))))
    pointed = st.sampled_from([Pointer(StructType("Outer")), Pointer(Scalar("char"), const=True)])
    fields: tuple[Field, ...] = (
        Field("inner", StructType("Point")),
        Field("many", Array(Array(draw(plain), 2), 3)),
        Field("next", draw(pointed)),
        Field("compare", FunctionPointer("Compare")),
        Field("flag", Scalar("uint"), bits=draw(st.integers(0, 31))),
    )
    if draw(st.booleans()):
        fields = tuple(field.replace(offset=64 * index, bits=0) for index, field in enumerate(fields))
        return [Record("Outer", fields, size=draw(st.sampled_from([0, 400]))), inner]
    pack = draw(st.sampled_from([0, 1, 2, 8]))
    return [Record("Outer", fields, draw(st.booleans()), pack, draw(st.sampled_from([0, 400]))), inner]


@st.composite
def _function(draw: Draw, name: str) -> Function:
    parameters = draw(_parameters(method=False))
    return Function(name, _result(draw(values | st.just(Void()))), parameters, bool(parameters) and draw(st.booleans()))


@st.composite
def described(draw: Draw) -> TypeLibrary:
    """Functions, types, interfaces of each kind, and a class."""
    interfaces = draw(_interfaces())
    records = draw(_records())
    explicit = any(field.offset >= 0 for field in records[0].fields)
    if explicit:  # those are not for interfaces (R7.22)
        interfaces = [each.replace(methods=()) if each.name in ("IA", "IB") else each for each in interfaces]
    standard = closure({"IUnknown", "IDispatch", "IErrorInfo"})
    every = {each.name: each for each in (*interfaces, *(WELL_KNOWN[name] for name in standard))}
    implemented = (Implemented("IA", default=True), Implemented("DE", default=draw(st.booleans()), source=True))
    count = draw(st.integers(0, 2))
    return TypeLibrary(
        functions=tuple(draw(_function(name)) for name in ("open_it", "shut_it")[:count]),
        records=tuple(records),
        enums=(Enum("Colour", (("RED", 0), ("BLUE", draw(st.integers(1, 9))))),),
        delegates=(
            Delegate("Compare", _result(Scalar("int"), Attribute("on_error", "-1")), draw(_compared(method=False))),
        ),
        opaques=(OpaqueType("fd", "shut_it", (-1,), "int"), OpaqueType("stream")),
        interfaces=tuple(every[name] for name in sorted(every)),
        coclasses=(Coclass("Thing", draw(guids), implemented),),
    )


def _compared(*, method: bool) -> st.SearchStrategy[tuple[Parameter, ...]]:
    """Of a callback: what it may name itself would not stand above it."""
    plain: st.SearchStrategy[CType] = st.sampled_from(
        [Scalar("int"), Scalar("double"), Pointer(StructType("Point")), Pointer(Void())]
    )
    return _parameters(plain, method=method)
