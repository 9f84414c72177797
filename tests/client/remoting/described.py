"""The interfaces of these tests, as model values: what both sides have to know of each other."""

from __future__ import annotations

from callgate_protocol.model import (
    Attribute,
    CType,
    Function,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    Scalar,
    SystemType,
    TypeLibrary,
)
from callgate_protocol.standard import STANDARD

CALC = "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}"
SINK = "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C02}"
OTHER = "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C03}"

_RETVAL = (Attribute("out"), Attribute("retval"))
_TEXT, _I4 = SystemType("BSTR"), Scalar("i4")
_CALC, _SINK = Pointer(InterfaceType("ICalc")), Pointer(InterfaceType("ISink"))


def _method(name: str, *parameters: Parameter, words: tuple[str, ...] = ()) -> Function:
    attributes = tuple(Attribute(word) for word in sorted(("throws", *words)))
    return Function(name, Parameter("", SystemType("HRESULT"), attributes), parameters)


def _in(name: str, ctype: CType) -> Parameter:
    return Parameter(name, ctype, ())


def _result(ctype: CType) -> Parameter:
    return Parameter("result", Pointer(ctype), _RETVAL)


def _base() -> Interface:
    return next(each for each in STANDARD.interfaces if each.name == "IUnknown")


CALC_METHODS = (
    _method("add", _in("a", _I4), _in("b", _I4), _result(_I4)),
    _method("echo", _in("text", _TEXT), _result(_TEXT)),
    _method("fail", _in("what", _TEXT)),
    _method("me", _result(_CALC)),
    _method("is_me", _in("other", _CALC), _result(Scalar("VARIANT_BOOL"))),
    _method("tell", _in("sink", _SINK), _in("times", _I4), _result(_I4)),
    _method("keep", _in("sink", _SINK)),
    _method("kept", _result(_SINK)),
    _method("made", _result(_CALC)),
    _method("memory", _result(_I4), words=("propget",)),
    _method("memory", _in("value", _I4), words=("propput",)),
    _method("die"),
)
SINK_METHODS = (_method("told", _in("number", _I4), _result(_I4)),)

LIBRARY = TypeLibrary(
    functions=(),
    records=(),
    enums=(),
    delegates=(),
    opaques=(),
    interfaces=(
        Interface("ICalc", CALC, "IUnknown", CALC_METHODS),
        Interface("ISink", SINK, "IUnknown", SINK_METHODS),
        _base(),
    ),
    coclasses=(),
)

UNKNOWN_HERE = TypeLibrary(
    functions=(),
    records=(),
    enums=(),
    delegates=(),
    opaques=(),
    interfaces=(Interface("IOther", OTHER, "IUnknown", SINK_METHODS), _base()),
    coclasses=(),
)
"""What the owner of the objects has not described."""

OTHERWISE = TypeLibrary(
    functions=(),
    records=(),
    enums=(),
    delegates=(),
    opaques=(),
    interfaces=(Interface("ISink", SINK, "IUnknown", (_method("told", _in("number", Scalar("i8"))),)), _base()),
    coclasses=(),
)
"""The same IID with another slot."""
