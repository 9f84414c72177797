"""IDL in a text of prototypes: what becomes of it, and where its errors are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from callgate.declare import PrototypeError, objects, parse, parse_declarations
from callgate.declare.errors import ContractError
from callgate.declare.words import OBJECT_WORDS, WELL_KNOWN_NAMES
from callgate_protocol import automation
from callgate_protocol.automation import WELL_KNOWN
from callgate_protocol.identity import Identity
from callgate_protocol.model import (
    Attribute,
    Coclass,
    Function,
    Implemented,
    Interface,
    InterfaceType,
    Parameter,
    Pointer,
    SafeArray,
    Scalar,
    SystemType,
    TypeLibrary,
    Void,
)

IID = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
HEAD = f"[object, uuid({IID[1:-1].lower()})] interface IFoo : IUnknown"
HRESULT = SystemType("HRESULT")
THROWS = Attribute("throws")
OUT, RETVAL = Attribute("out"), Attribute("retval")


def foo(members: str, *, head: str = HEAD) -> Interface:
    return parse(f"{head} {{ {members} }};").interface("IFoo")


def method(declaration: str, *, words: str = "") -> Function:
    head = HEAD.replace("[object", f"[object, {words}") if words else HEAD
    (found,) = foo(f"{declaration};", head=head).methods
    return found


def parameter(declaration: str) -> Parameter:
    """Of a `[local]` interface, where anything may be one."""
    (found,) = method(f"HRESULT f({declaration})", words="local").parameters
    return found


def test_an_interface() -> None:
    library = parse(f"{HEAD} {{ [id(7), propget] HRESULT Name([out, retval] BSTR *value); HRESULT Go([in] long n); }};")
    assert [each.name for each in library.interfaces] == ["IFoo", "IUnknown"]
    assert library.interface("IFoo") == Interface(
        "IFoo",
        IID,
        "IUnknown",
        (
            Function(
                "Name",
                Parameter("", HRESULT, (Attribute("id", "7"), Attribute("propget"), THROWS)),
                (Parameter("value", Pointer(SystemType("BSTR")), (OUT, RETVAL)),),
            ),
            Function("Go", Parameter("", HRESULT, (THROWS,)), (Parameter("n", Scalar("i4")),)),
        ),
    )
    assert library.interface("IFoo").methods[1].prototype == "HRESULT Go([in] long n)"


def test_the_shape_of_objects_is_words() -> None:
    words = "convention(ms_abi) extra_slots(2) guid(big) hidden_result(after) loose_identity vtable_offset(8)"
    head = f"[object, uuid({IID}), {', '.join(words.split())}] interface IFoo : IUnknown"
    assert " ".join(map(str, foo("", head=head).attributes)) == words


@pytest.mark.parametrize(
    ("written", "scalar"),
    [
        ("long", "i4"),
        ("unsigned long", "u4"),
        ("hyper", "i8"),
        ("unsigned hyper", "u8"),
        ("__int64", "i8"),
        ("long long", "llong"),
        ("small", "i1"),
        ("byte", "u1"),
        ("boolean", "bool"),
        ("wchar_t", "char16"),
        ("OLECHAR", "char16"),
        ("c_wchar", "wchar"),
        ("c_long", "long"),
        ("VARIANT_BOOL", "VARIANT_BOOL"),
        ("__int3264", "iptr"),
        ("LCID", "u4"),
        ("short", "short"),
    ],
)
@pytest.mark.rule("R2.6")
def test_numbers_have_the_widths_of_idl(written: str, scalar: str) -> None:
    assert parameter(f"[in] {written} value") == Parameter("value", Scalar(scalar))


@pytest.mark.parametrize(
    ("written", "ctype"),
    [
        ("LPWSTR s", Pointer(Scalar("char16"))),
        ("[string] const OLECHAR *s", Pointer(Scalar("char16"), const=True)),
        ("REFIID s", Pointer(SystemType("GUID"), const=True)),
        ("IID s", SystemType("GUID")),
        ("SCODE s", HRESULT),
        ("CY s", SystemType("CURRENCY")),
        ("SAFEARRAY(VARIANT) s", Pointer(SafeArray(SystemType("VARIANT")))),
        ("SAFEARRAY(long) *s", Pointer(Pointer(SafeArray(Scalar("i4"))))),
        ("interface IFoo *s", Pointer(InterfaceType("IFoo"))),
        ("IUnknown **s", Pointer(Pointer(InterfaceType("IUnknown")))),
        ("LPVOID s", Pointer(Void())),
    ],
)
def test_types_of_idl(written: str, ctype: object) -> None:
    assert parameter(written).type == ctype


@pytest.mark.parametrize(
    ("written", "count"),
    [("n - 1", "n"), ("n", "n+1"), ("n + 2", "n+3"), ("*n - 1", "*n"), ("15", "16"), ("LIMIT - 1", "8")],
)
@pytest.mark.rule("R1.22")
def test_the_highest_index_is_one_less_than_the_count(written: str, count: str) -> None:
    library = parse(f"#define LIMIT 8\n{HEAD} {{ HRESULT f([in, max_is({written})] long *v, [in] long *n); }};")
    assert library.interface("IFoo").methods[0].parameters[0].attributes == (Attribute("size_is", count),)


def test_c_is_c_outside_of_interfaces() -> None:
    library = parse(
        f"long f(wchar_t c); {HEAD} {{ HRESULT g([in] long n); }}; long h(wchar_t c); wchar_t WCHAR(long x);"
    )
    assert [function.result.type for function in library.functions] == [Scalar("wchar"), Scalar("long"), Scalar("long")]
    assert library.functions[1].parameters[0].type == Scalar("wchar")


@pytest.mark.parametrize("import_", ['import "oaidl.idl", "ocidl.idl";', ""])
def test_a_text_that_imports_is_idl(import_: str) -> None:
    library = parse(f"{import_} typedef struct tagPoint {{ long x; }} Point; HRESULT f(Point *p);")
    assert library.record("Point").fields[0].type == Scalar("i4" if import_ else "long")
    whole = parse_declarations("typedef struct { long x; } Point;", idl=True).library
    assert whole.record("Point").fields[0].type == Scalar("i4")


def test_boolean_of_automation_is_another() -> None:
    assert method("HRESULT f([in] boolean b)", words="oleautomation").parameters[0].type == Scalar("VARIANT_BOOL")
    assert method("HRESULT f([in] boolean b)").parameters[0].type == Scalar("bool")


def test_preserve_sig_keeps_the_result() -> None:
    assert method("[preserve_sig] HRESULT f()").result == Parameter("", HRESULT)
    assert method("[preserve_sig] long f()").result == Parameter("", Scalar("i4"))


def test_what_says_nothing_is_skipped() -> None:
    library = parse(
        """
        import "unknwn.idl";
        cpp_quote("#define A \\"b\\"")
        midl_pragma warning(disable : 2111)
        [object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12), helpstring("one, (two)"), pointer_default(unique), hidden]
        interface IFoo : IUnknown
        {
            const long LIMIT = 4 * 2;
            typedef [v1_enum, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C19)] enum Kind { A, B = LIMIT } Kind;
            struct inner { long x[LIMIT]; };
            cpp_quote("x")
            [helpstring("f"), restricted] HRESULT __stdcall f([in, out, helpstring("k")] Kind *kind);
            [call_as(f)] HRESULT RemoteF([in] Kind kind);
        }
        """
    )
    assert library.enum("Kind").members == (("A", 0), ("B", 8))
    assert [each.name for each in library.interface("IFoo").methods] == ["f"]


def test_a_dispinterface_has_members_without_slots() -> None:
    library = parse(
        f"""[uuid({IID})] dispinterface IFoo {{
            properties: [id(1)] BSTR Title; [id(2), readonly] long Count;
            methods: [id(DISPID_NEWENUM), propget] IUnknown *Each(); [id(0x60020000)] void Changed([in] long what);
        }};"""
    )
    late = library.interface("IFoo")
    assert (late.base, late.attributes) == ("IDispatch", (Attribute("dispatch"),))
    shapes = [(each.name, sorted(map(str, each.result.attributes)), len(each.parameters)) for each in late.methods]
    assert shapes == [
        ("Title", ["id(1)", "propget", "throws"], 1),
        ("Title", ["id(1)", "propput", "throws"], 1),
        ("Count", ["id(2)", "propget", "throws"], 1),
        ("Each", ["id(-4)", "propget", "throws"], 1),
        ("Changed", ["id(1610743808)", "throws"], 1),
    ]
    assert late.methods[3].parameters == (
        Parameter("value", Pointer(Pointer(InterfaceType("IUnknown"))), (OUT, RETVAL)),
    )


def test_members_of_dual_interfaces_have_numbers() -> None:
    head = f"[object, dual, uuid({IID})] interface IFoo : IDispatch"
    accessors = "[propget] HRESULT P([out, retval] long *v); [propput] HRESULT P([in] long v);"
    members = f"HRESULT f(); {accessors} [id(9)] HRESULT g();"
    found = [each.result.attribute("id") for each in foo(members, head=head).methods]
    numbers = (0x60020000, 0x60020001, 0x60020001, 9)
    assert [int(word.argument) for word in found if word is not None] == list(numbers)


def test_a_dispinterface_with_the_members_of_another() -> None:
    library = parse(
        f"""[object, dual, uuid({IID})] interface IFoo : IDispatch {{ [id(1)] HRESULT f(); }};
        [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13)] dispinterface DFoo {{ interface IFoo; }};"""
    )
    assert library.interface("DFoo").methods == library.interface("IFoo").methods


def test_a_library_with_a_class() -> None:
    declared = parse_declarations(
        f"""[uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C15), version(1.2), helpstring("L")] library Players
        {{
            importlib("stdole2.tlb");
            interface IPlayer;
            [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13)] dispinterface DEvents {{ properties: methods: }};
            [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14)] coclass Player {{
                interface IPlayer; [default, source] dispinterface DEvents;
            }};
            [object, uuid({IID})] interface IPlayer : IUnknown {{ HRESULT Next([out, retval] Player **next); }};
        }};"""
    )
    assert declared.identity == Identity("Players", "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C15}", "1.2")
    assert declared.library.coclasses == (
        Coclass(
            "Player",
            "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14}",
            (Implemented("IPlayer", default=True), Implemented("DEvents", default=True, source=True)),
        ),
    )
    (result,) = declared.library.interface("IPlayer").methods[0].parameters
    assert result.type == Pointer(Pointer(InterfaceType("Player")))


def test_well_known_interfaces_need_no_declaration() -> None:
    library = parse("HRESULT f(REFIID riid, [out, iid_is(riid)] void **object); IEnumVARIANT *g(void);")
    assert library.interfaces == tuple(WELL_KNOWN[name] for name in ("IEnumVARIANT", "IUnknown"))
    assert parse("interface IErrorInfo;").interfaces == tuple(WELL_KNOWN[name] for name in ("IErrorInfo", "IUnknown"))


def test_interfaces_name_each_other_in_any_order() -> None:
    other = "[object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13)] interface IBar : IFoo { HRESULT g([in] IFoo *x); };"
    library = parse(
        f"IBar *make(void); {HEAD} {{ HRESULT f([in] IBar *x, [in] Thing *y); }}; {other}"
        f"[uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14)] coclass Thing {{ interface IBar; }};"
    )
    assert [each.name for each in library.interfaces] == ["IBar", "IFoo", "IUnknown"]


def test_a_root_of_ones_own() -> None:
    """What every object has may be listed, as unknwn.idl does, and is not counted twice."""
    listed = """HRESULT QueryInterface([in] REFIID riid, [out, iid_is(riid)] void **object);
        [preserve_sig] ULONG AddRef(); [preserve_sig] ULONG Release();"""
    head = HEAD.removesuffix(" : IUnknown")
    assert foo(f"{listed} HRESULT f();", head=head) == foo("HRESULT f();", head=head)
    assert foo("", head=head).base == ""


@pytest.mark.parametrize(
    "text", ["int interface(int library);", "typedef int interface; interface f(interface x);", "int f(int coclass);"]
)
def test_words_of_idl_are_names_in_c(text: str) -> None:
    assert parse(text).functions


def test_declared_names_go_before_well_known_ones() -> None:
    library = parse("typedef struct IUnknown IUnknown; void f(IUnknown *x);")
    assert library == TypeLibrary(functions=library.functions, opaques=library.opaques)
    assert [each.name for each in library.opaques] == ["IUnknown"]


@dataclass(frozen=True)
class Case:
    """A text, where its error is, and a part of what is said."""

    text: str
    line: int
    column: int
    says: str

    def __str__(self) -> str:
        return self.text[-60:]


CASES = [
    Case("[object] interface IFoo : IUnknown { };", 1, 20, "interface IFoo needs [uuid(…)]"),
    Case("[object, uuid(12)] interface IFoo : IUnknown { };", 1, 10, "'12' is no GUID"),
    Case("[objekt] interface IFoo;", 1, 2, "attribute 'objekt' does not belong on the interface IFoo"),
    Case("[dual, dual] interface IFoo;", 1, 8, "given twice"),
    Case(f"{HEAD.replace('IUnknown', 'IUnknwn')} {{}};", 1, 71, "did you mean 'IUnknown'?"),
    Case(f"{HEAD} {{\n  HRESULT f(\n", 2, 13, "the text ends here"),
    Case(f"{HEAD} {{ HRESULT f();", 1, 80, "of interface IFoo is never closed"),
    Case(f"{HEAD} {{\n  HRESULT f() HRESULT g(); }};", 2, 15, "expected ';' after a method of IFoo"),
    Case(f"{HEAD} {{\n  long x; }};", 2, 8, "'x' of IFoo is no method"),
    Case(f"{HEAD} {{}}; {HEAD} {{}};", 1, 147, "interface IFoo is already defined"),
    Case(f"{HEAD} {{\n  HRESULT f(IFoo x); }};", 2, 18, "only a pointer to it is a value; write 'IFoo *'"),
    Case(
        f"interface IBar;\n{HEAD} {{\n  HRESULT f(IBar *x); }};", 3, 19, "IBar is named on line 1 and never described"
    ),
    Case(f"{HEAD} {{\n  HRESULT f([in, iid_is(r)] void **x); }};", 2, 18, "has no parameter 'r'"),
    Case(f"{HEAD} {{\n  [id(x)] HRESULT f(); }};", 2, 7, "'x'"),
    Case(f"{HEAD} {{\n  [retvall] HRESULT f(); }};", 2, 4, "did you mean 'retval'"),
    Case("[uuid(x), guid(middle)] interface IFoo {};", 1, 2, "no GUID"),
    Case(f"[uuid({IID}), guid(middle)] interface IFoo {{}};", 1, 48, "write guid(big) or guid(little)"),
    Case(f"[uuid({IID}), extra_slots(-1)] interface IFoo {{}};", 1, 48, "is no number from 0 to 65535"),
    Case(f"[uuid({IID})] dispinterface D {{\n  methods: void f(); }};", 2, 17, "f of D has no number"),
    Case(f"{HEAD} {{ HRESULT f([in, max_is(n - 2)] long *v, [in] long n); }};", 1, 104, "less than size_is can say"),
    Case("coclass C { };", 1, 9, "coclass C needs [uuid(…)]"),
    Case(f"[uuid({IID})] coclass C {{ int x; }};", 1, 60, "expected 'interface' or 'dispinterface'"),
    Case("cpp_quote", 1, 1, "unknown type 'cpp_quote'"),
    Case(f"[uuid({IID})] dispinterface D {{ interface", 1, 66, "unknown type 'interface'"),
    Case('import "mine.idl";', 1, 8, "files are not followed"),
    Case("library L { int f(void);", 1, 1, "of library L is never closed"),
    Case("library L { }; library M { };", 1, 24, "one library, and L is one already"),
    Case(f"{HEAD} {{ HRESULT f([in, function(Nope)] UINT_PTR p); }};", 1, 90, "names a function pointer's typedef"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_error(case: Case) -> None:
    with pytest.raises(PrototypeError) as caught:
        parse(case.text)
    error = caught.value
    assert case.says in error.message
    assert (error.line, error.column) == (case.line, case.column)


def test_a_broken_contract_has_a_place() -> None:
    with pytest.raises(ContractError) as caught:
        parse(f"{HEAD} {{\n  HRESULT f();\n  void g(); }};")
    assert (caught.value.line, caught.value.column) == (3, 8)
    assert "IFoo.g" in caught.value.message


def test_what_the_parser_knows_without_idl() -> None:
    """Names that are written down so that C is read without the rest: they are those of the tables."""
    assert set(WELL_KNOWN_NAMES) == set(automation.WELL_KNOWN)
    assert set(objects._READERS) == OBJECT_WORDS
