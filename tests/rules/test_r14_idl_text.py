"""R7.21, R9.3, R12.1, R14.11: the documents of the rule book, as IDL; and that IDL says all that a library has."""

from __future__ import annotations

import pytest
from hypothesis import given

from callgate.com.declared import find_declared
from callgate.declare import parse_declarations
from callgate_protocol.identity import Identity
from callgate_protocol.idl_text import idl_text
from callgate_protocol.model import FunctionPointer, InterfaceType, Pointer, TypeLibrary
from callgate_protocol.standard import IIDS
from tests.conftest import NATIVE
from tests.protocol.described import described
from tests.protocol.strategies import quick
from tests.rules import test_r14_typed_interfaces

ROOT = NATIVE.parents[1]
IID = "3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C21"


def library(text: str) -> TypeLibrary:
    return parse_declarations(text, idl=True).library


def members(text: str) -> list[str]:
    """What stands in the braces of the last interface."""
    inside = text.rpartition("\n{\n")[2].partition("\n};")[0]
    return [line.strip() for line in inside.splitlines()]


@given(described())
@quick(60)
def test_r14_04_text_and_model_say_the_same(drawn: TypeLibrary) -> None:
    text = idl_text(drawn)
    read = library(text)
    assert read == drawn
    assert idl_text(read) == text


@given(described())
@quick(20)
def test_r14_04_a_named_library_says_its_name(drawn: TypeLibrary) -> None:
    identity = Identity("Things", "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C22}", "2.1")
    declared = parse_declarations(idl_text(drawn, identity))
    assert (declared.library, declared.identity) == (drawn, identity)


@pytest.mark.rule("R14.29")
def test_r14_04_interfaces_in_python_say_the_same() -> None:
    """The model of an interface is the same to the byte, in whichever of the two it is written."""
    found = [declared for declared in map(find_declared, vars(test_r14_typed_interfaces).values()) if declared]
    described = [each.library for each in found if each.iid not in IIDS.values()]
    assert len(described) > 3
    assert [library(idl_text(each)) for each in described] == described


def test_r07_21_a_struct_is_a_typedef_once() -> None:
    text = idl_text(
        library(
            f"""typedef struct tagPoint {{ int x; int y; }} Point;
            [object, dual, uuid({IID})] interface _Graphics : IDispatch {{
                HRESULT SetPoint([in] Point p); HRESULT SetPointRef([in, out] Point *p);
                HRESULT GetPoint([out, retval] Point *p);
            }};"""
        )
    )
    assert text.count("typedef struct") == 1
    assert "typedef struct tagPoint {\n    int x;\n    int y;\n} Point;\n" in text
    assert "interface _Graphics : IDispatch\n" in text
    assert [line.partition("] ")[2] for line in members(text)] == [
        "HRESULT SetPoint([in] Point p);",
        "HRESULT SetPointRef([in, out] Point *p);",
        "HRESULT GetPoint([out, retval] Point *p);",
    ]


def test_r12_01_the_four_types_pass_by_value() -> None:
    text = idl_text(
        library(
            f"""[object, dual, uuid({IID})] interface IValueTypes : IDispatch {{
                HRESULT M1([in] DATE d); HRESULT M2([in] GUID g); HRESULT M3([in] DECIMAL d);
                HRESULT M4([in] OLE_COLOR c);
            }};"""
        )
    )
    assert [line.partition("] ")[2] for line in members(text)] == [
        "HRESULT M1([in] DATE d);",
        "HRESULT M2([in] GUID g);",
        "HRESULT M3([in] DECIMAL d);",
        "HRESULT M4([in] OLE_COLOR c);",
    ]
    assert "typedef double DATE;\n" in text
    assert "typedef DWORD OLE_COLOR;\n" in text
    assert "} DECIMAL;\n" in text
    assert "} GUID;\n" in text
    assert not library(text).records  # what the text repeats is known already


@pytest.mark.rule("R12.9")
def test_r12_11_a_refiid_is_not_a_guid() -> None:
    one = library(f"[uuid({IID})] interface I : IUnknown {{ HRESULT f([in] REFIID a, [in] GUID b, [in] GUID *c); }};")
    text = idl_text(one)
    assert members(text) == ["HRESULT f([in] REFIID a, [in] GUID b, [in] GUID *c);"]
    assert library(text) == one


@pytest.mark.parametrize("path", ["tests/native/component/component.idl", "examples/sevenzip.idl"])
def test_r14_04_real_declarations_say_the_same_again(path: str) -> None:
    one = parse_declarations((ROOT / path).read_text()).library
    assert one.interfaces
    assert library(idl_text(one)) == one


DELEGATES = f"""
    typedef int (*Compare)(int a, int b);
    [object, dual, uuid({IID})] interface DelegateTest : IDispatch {{
        HRESULT m1([in] Compare d);
        HRESULT m2([in] Compare d);
        HRESULT m3([in, out] Compare *d);
        HRESULT m4([in, function] Compare d);
        HRESULT m5([in, out, function] Compare *d);
    }};
"""


@pytest.mark.rule("R9.1")
def test_r09_03_delegates_of_interfaces() -> None:
    """Only delegates by reference are in and out; a function pointer is a number of a pointer's width."""
    text = idl_text(library(DELEGATES), plain=True)
    assert [line.partition("] ")[2] for line in members(text)] == [
        "HRESULT m1([in] _Delegate *d);",
        "HRESULT m2([in] _Delegate *d);",
        "HRESULT m3([in, out] _Delegate **d);",
        "HRESULT m4([in] UINT_PTR d);",
        "HRESULT m5([in, out] UINT_PTR *d);",
    ]
    assert "[in, function(Compare)] UINT_PTR d" in idl_text(library(DELEGATES))


@pytest.mark.rule("R9.2")
def test_r09_03_the_model_of_delegates() -> None:
    methods = library(DELEGATES).interface("DelegateTest").methods
    delegate, shape = Pointer(InterfaceType("_Delegate")), FunctionPointer("Compare")
    types = [method.parameters[0].type for method in methods]
    assert types == [delegate, delegate, Pointer(delegate), shape, Pointer(shape)]


def test_r09_02_delegate_is_dual_and_offers_dynamic_invoke() -> None:
    found = library(DELEGATES).interface("_Delegate")
    assert found.base == "IDispatch"
    assert [str(word) for word in found.attributes] == ["dual"]
    names = [method.name for method in found.methods]
    assert names.index("DynamicInvoke") == 7  # where mscorlib's type library has it: an IID promises its slots


def test_r14_11_a_class_as_a_parameter_is_its_default_interface() -> None:
    text = idl_text(
        library(
            f"""interface ILoan; coclass Loan;
            [object, uuid({IID})] interface IBook : IUnknown {{
                HRESULT SetLoan([in] Loan *loan); HRESULT GetLoan([out, retval] Loan **loan);
            }};
            [object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C23)] interface ILoan : IUnknown {{}};
            [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C24)] coclass Loan {{ [default] interface ILoan; }};"""
        ),
        plain=True,
    )
    assert "HRESULT SetLoan([in] ILoan *loan);" in text
    assert "HRESULT GetLoan([out, retval] ILoan **loan);" in text


def test_r07_21_structs_that_know_each_other() -> None:
    one = library("struct A { struct B *b; }; struct B { struct A *a; struct A inside[2]; };")
    assert library(idl_text(one)) == one


def test_r07_21_a_struct_and_a_function_of_one_name() -> None:
    one = library("struct sigaction { int flags; }; int sigaction(int sig, const struct sigaction *act);")
    assert library(idl_text(one)) == one


def test_r07_21_what_has_no_name_is_written_where_it_stands() -> None:
    one = library(
        """typedef struct { struct { int x; } inner; union { int a; float b; }; int (*compare)(int a, int b); } Mixed;
        struct table { void (*(*symbol)(int number))(void); };
        void f(int (*each)(Mixed *one, void (*inner)(int x)), int (**table)(void));"""
    )
    assert library(idl_text(one)) == one
