"""R14.1, R14.4, R14.26, R19.33: what interfaces promise, and declarations that break it."""

from __future__ import annotations

import pytest

import callgate
from callgate.declare import parse
from callgate.declare.errors import ContractError
from callgate_protocol.contracts import ContractBroken, check_contracts, check_surrogate
from callgate_protocol.interfaces import method_places

ONE = "3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C01"
TWO = "3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C02"
TYPES = """
    typedef struct stream stream;
    typedef int (*Compare)(int a, int b);
    struct point { int x; int y; };
    struct rect { [offset(0)] int left; [offset(8)] int right; };
    struct framed { struct rect rect; int width; };
    enum colour { RED };
"""


def interface(members: str, words: str = "object", base: str = "IUnknown") -> str:
    return f"{TYPES} [{words}, uuid({ONE})] interface IFoo : {base} {{ {members} }};"


def dual(members: str) -> str:
    return interface(members, "object, dual", "IDispatch")


def refused(text: str) -> str:
    with pytest.raises(ContractError) as caught:
        parse(text)
    return caught.value.message


def test_r14_01_slots_follow_those_of_the_base() -> None:
    library = parse(
        f"""[object, uuid({ONE})] interface IA : IUnknown {{ HRESULT M(); HRESULT N(); }};
        [object, uuid({TWO})] interface IB : IA {{ HRESULT O(); }};
        [dual, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C03)] interface ID : IDispatch {{ HRESULT P(); }};
        [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C04)] dispinterface DE {{ methods: [id(1)] void Q(); }};"""
    )
    slots = {place.method.name: place.slot for place in method_places(library)}
    assert [slots[name] for name in "MNOPQ"] == [3, 4, 5, 7, -1]
    names = ["GetTypeInfoCount", "GetTypeInfo", "GetIDsOfNames", "Invoke"]
    assert [slots[name] for name in names] == [3, 4, 5, 6]


@pytest.mark.rule("R19.33")
@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("void f();", "IFoo.f: the result is void"),
        ("long f([in] long n);", "methods return HRESULT"),
        ("HRESULT f([in] void *p);", "parameter 1 'p': void * means nothing in another process"),
        ("HRESULT f([in] long n, [out] void **p);", "parameter 2 'p': void *"),
        ("HRESULT f([in] stream *p);", "stream is opaque"),
        ("HRESULT f(); HRESULT f([in] long n);", "two methods 'f'; interfaces have no overloads"),
        ("HRESULT f(); [propget] HRESULT f([out, retval] long *n);", "two methods 'f'"),
    ],
)
def test_r14_04_what_no_interface_may_say(member: str, says: str) -> None:
    message = refused(interface(member))
    assert says in message
    assert "R14.4" in message
    assert "R19.33" in message


@pytest.mark.parametrize(
    "member",
    [
        "HRESULT f([in, string] const OLECHAR *text);",
        "[preserve_sig] long f([in] long n);",
        "HRESULT f([in] REFIID riid, [out, iid_is(riid)] void **object);",
        "HRESULT f([out, size_is(n)] void *data, [in] unsigned long n);",
        (
            "[propget] HRESULT Name([out, retval] BSTR *v); [propput] HRESULT Name([in] BSTR v);"
            "[propputref] HRESULT Name([in] IUnknown *v);"
        ),
    ],
)
def test_r14_04_what_it_may(member: str) -> None:
    parse(interface(member))


def test_r14_04_local_interfaces_stay_in_their_process() -> None:
    text = interface("void f([in] void *p, [in] stream *s);", "object, local")
    library = parse(text)
    with pytest.raises(ContractBroken, match=r"parameter 1 'p': void \* .* process of its own \(R16.11, R19.27\)"):
        check_surrogate(library, library.interface("IFoo"))


def test_r14_04_each_interface_has_an_iid_of_its_own() -> None:
    other = f"[object, uuid({ONE})] interface IBar : IUnknown {{}};"
    assert "IFoo and IBar have one IID" in refused(interface("") + other)


def test_r19_33_load_raises_it_before_anything_is_started() -> None:
    with pytest.raises(callgate.MarshalDirectiveError, match=r"IFoo\.f: the result is void") as caught:
        callgate.load("libc.so.6", interface("void f();"))
    assert caught.value.line


@pytest.mark.parametrize(
    "written",
    [
        *("boolean", "byte", "short", "long", "hyper", "float", "double", "BSTR", "CURRENCY", "DATE", "SCODE"),
        *("enum colour", "IDispatch *", "IUnknown *", "IFoo *", "SAFEARRAY(VARIANT)", "VARIANT", "DECIMAL"),
        *("struct point", "GUID", "UINT_PTR"),
    ],
)
def test_r14_26_types_for_automation(written: str) -> None:
    parse(dual(f"HRESULT f([in] {written} a, [out, retval] {written} *b);"))


@pytest.mark.parametrize("written", ["wchar_t *", "char *", "LPWSTR", "long double", "wchar_t", "long ***", "size_t"])
def test_r14_26_types_that_are_not(written: str) -> None:
    message = refused(dual(f"HRESULT f([in] {written} a);"))
    assert "parameter 1 'a'" in message
    assert "R14.26" in message
    parse(interface(f"HRESULT f([in] {written} a);"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (dual("[preserve_sig] long f();"), "methods for automation return HRESULT"),
        (dual("HRESULT f([in, size_is(n)] long *v, [in] long n);"), "write SAFEARRAY"),
        (interface("", "dual"), "IFoo is dual, so it derives from IDispatch"),
    ],
)
def test_r14_26_dual_interfaces(text: str, says: str) -> None:
    assert says in refused(text)


@pytest.mark.rule("R19.6")
@pytest.mark.parametrize("written", ["struct rect", "struct rect *", "struct framed", "struct framed *"])
def test_r07_22_explicit_layouts_are_not_for_interfaces(written: str) -> None:
    message = refused(interface(f"HRESULT f([in] {written} r);", "local"))
    assert "parameter 1 'r': rect has an explicit layout" in message
    assert "R19.6" in message
    assert parse(f"{TYPES} int f({written} r);").functions


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("HRESULT f([in] long n, [out, iid_is(n)] void **p);", "iid_is(n) names no REFIID"),
        ("HRESULT f([in] REFIID r, [out, iid_is(r)] long *p);", "goes with an interface or void *"),
    ],
)
def test_r01_23_iid_is_names_an_iid(member: str, says: str) -> None:
    assert says in refused(interface(member))


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("HRESULT f([out, retval] long *a, [in] long b);", "[retval] belongs to the last parameter"),
        ("HRESULT f([in, optional] VARIANT a, [in] long b);", "it stands too late"),
        ("HRESULT f([in, lcid] long a, [in, defaultvalue(5)] long b);", "it stands too late"),
        ("HRESULT f([out, retval, optional] VARIANT *a);", "[retval] is never [optional]"),
    ],
)
def test_r01_20_the_order_of_parameters(member: str, says: str) -> None:
    message = refused(interface(member))
    assert says in message
    assert "R1.20" in message
    order = "HRESULT f([in] long a, [in, optional] VARIANT b, [in, lcid] long c, [out, retval] long *d);"
    parse(interface(order))


def test_r01_19_out_needs_storage() -> None:
    assert "[unique] does not go with it" in refused(interface("HRESULT f([out, unique] long *p);"))
    parse(interface("HRESULT f([out] long *p, [in, out, unique] long *q);"))


@pytest.mark.rule("R16.11")
def test_r19_27_function_pointers_are_of_one_process() -> None:
    library = parse(interface("HRESULT f([in, function] Compare c);"))
    check_contracts(library)
    with pytest.raises(ContractBroken, match=r"IFoo\.f, parameter 1 'c': a function pointer .* \(R16.11, R19.27\)"):
        check_surrogate(library, library.interface("IFoo"))
    delegates = parse(interface("HRESULT f([in] Compare c);"))
    check_surrogate(delegates, delegates.interface("IFoo"))
