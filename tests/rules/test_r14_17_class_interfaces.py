"""R14.17, R14.18: the class interface `_ClassName` of a Python class, as IDL."""

# mypy: disable-error-code="misc, valid-type"
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from typing import Any, Protocol

import pytest

import callgate
from callgate import IUnknown, class_interface, coclass, com_visible, export_idl, i4, interface, struct
from callgate.declare import parse_declarations
from callgate_protocol.automation import OBJECT_MEMBERS as OBJECT

OBJECT_MEMBERS = [
    "[id(0), propget] HRESULT ToString([out, retval] BSTR *value);",
    "[id(0x60020001)] HRESULT Equals([in] VARIANT obj, [out, retval] VARIANT_BOOL *value);",
    "[id(0x60020002)] HRESULT GetHashCode([out, retval] long *value);",
    "[id(0x60020003)] HRESULT GetType([out, retval] IUnknown **value);",
]


@struct
class Point:
    x: i4
    y: i4


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0E01}")
class ILoan(IUnknown, Protocol):
    def Sum(self) -> i4: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0E02}")
class ILoanEvents(IUnknown, Protocol):
    def OnPaid(self, rest: i4) -> None: ...


class Machine:
    def reset(self) -> None: ...


class Calc(Machine):
    @property
    def memory(self) -> i4:
        return 0

    @memory.setter
    def memory(self, value: i4) -> None: ...

    def add(self, a: i4, b: i4) -> i4:
        return a + b

    def place(self, near: Point) -> Point:
        return near

    @com_visible(False)
    def secret(self) -> None: ...

    def _private(self) -> None: ...


@coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0E03}", default=ILoan, sources=[ILoanEvents])
class Loan:
    def pay(self, rate: i4) -> None: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0E04}")
class IBook(IUnknown, Protocol):
    def SetLoan(self, loan: Loan) -> None: ...


def block(text: str, head: str) -> list[str]:
    """The lines in the braces behind a head."""
    inside = text.partition(f"{head}\n{{\n")[2].partition("};")[0]
    return [line.strip() for line in inside.splitlines()]


def test_r14_17_dual_lists_the_members_in_order() -> None:
    text = export_idl(Calc, class_interface="dual")
    assert block(text, "interface _Calc : IDispatch") == [
        *OBJECT_MEMBERS,
        "[id(0x60020004)] HRESULT reset();",
        "[id(0x60020005), propget] HRESULT memory([out, retval] long *arg1);",
        "[id(0x60020005), propput] HRESULT memory([in] long value);",
        "[id(0x60020006)] HRESULT add([in] long a, [in] long b, [out, retval] long *arg3);",
        "[id(0x60020007)] HRESULT place([in] Point near, [out, retval] Point *arg2);",
    ]
    assert text.count("typedef struct tagPoint") == 1


def test_r14_17_bases_have_class_interfaces_of_their_own() -> None:
    text = export_idl(Calc, class_interface="dual")
    assert block(text, "interface _Machine : IDispatch") == [*OBJECT_MEMBERS, "[id(0x60020004)] HRESULT reset();"]
    library = parse_declarations(text, idl=True).library
    assert [method.name for method in library.interface("_Calc").methods[:4]] == [each.name for each in OBJECT]


def test_r14_17_dispatch_describes_nothing() -> None:
    assert block(export_idl(Calc), "interface _Calc : IDispatch") == []


def test_r14_17_none_has_no_class_interface() -> None:
    @class_interface("none")
    class Silent:
        def f(self) -> None: ...

    with pytest.raises(callgate.DeclarationError, match=r"Silent has no interface, .* 'none' \(R14.17"):
        export_idl(Silent)


def iid(text: str, name: str) -> str:
    return text.partition(f"\ninterface {name} :")[0].rpartition("uuid(")[2].partition(")")[0]


def test_r14_17_other_members_are_another_interface() -> None:
    def made(*names: str) -> str:
        body: dict[str, Any] = dict.fromkeys(names, _method)
        cls = type("Same", (), {"__module__": __name__, "__qualname__": "Same", **body})
        return iid(export_idl(cls, class_interface="dual"), "_Same")

    assert made("f", "g") == made("f", "g")
    assert len({made("f", "g"), made("g", "f"), made("f", "h"), made("f")}) == 4


def _method(self: Any) -> None: ...


def test_r14_18_the_default_interface_stands_first() -> None:
    lines = block(export_idl(Loan), "coclass Loan")
    assert "[default] interface ILoan;" in lines
    assert "interface _Loan;" in lines
    assert "interface _Object;" in lines
    assert lines[-1] == "[default, source] interface ILoanEvents;"


def test_r14_11_idl_shows_the_default_interface_of_a_class() -> None:
    assert block(export_idl(IBook, plain=True), "interface IBook : IUnknown") == ["HRESULT SetLoan([in] ILoan *loan);"]
    assert block(export_idl(IBook), "interface IBook : IUnknown") == ["HRESULT SetLoan([in] Loan *loan);"]


def test_r14_17_a_form_that_does_not_exist() -> None:
    with pytest.raises(callgate.MarshalDirectiveError, match="a class interface is 'dispatch', 'dual', 'none'"):
        export_idl(Calc, class_interface="both")
