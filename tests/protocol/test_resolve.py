"""`marshal.resolve`: from declarations to forms, and what does not go together."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given

from callgate_protocol.forms import (
    Address,
    Boolean,
    Bytes,
    Code,
    Context,
    Count,
    Elements,
    Enumeration,
    FixedText,
    Floating,
    Form,
    Handle,
    Integer,
    Nothing,
    Offset,
    Raw,
    Series,
    Structure,
    Text,
)
from callgate_protocol.marshal import DirectiveError, members_of, resolve
from callgate_protocol.model import (
    Array,
    Attribute,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)
from callgate_protocol.signatures import Direction, Member
from tests.protocol.strategies import libraries, quick

INT, CHAR, DOUBLE, VOID, TREE = Scalar("int"), Scalar("char"), Scalar("double"), Void(), Opaque("tree")
POINT, WORD, KIND, VISIT = StructType("point"), StructType("word"), EnumType("kind"), FunctionPointer("visit")
IN, OUT, INOUT = Direction.IN, Direction.OUT, Direction.INOUT

TYPES = TypeLibrary(
    records=(
        Record("point", (Field("x", INT), Field("y", INT))),
        Record("word", (Field("i", INT), Field("d", DOUBLE)), union=True),
    ),
    enums=(Enum("kind", (("A", 0),), "u1"),),
    delegates=(Delegate("visit", Parameter("", VOID), ()),),
    opaques=(OpaqueType("tree"),),
)


def to(target: CType, *, const: bool = False) -> Pointer:
    return Pointer(target, const)


def attributes(words: str) -> tuple[Attribute, ...]:
    """`"out size_is(n)"` as attributes."""
    split = (word.rstrip(")").partition("(") for word in words.split())
    return tuple(Attribute(name, argument) for name, _, argument in split)


N, PN, S = Parameter("n", INT), Parameter("pn", to(INT), attributes("in out")), Parameter("s", to(CHAR, const=True))


def function(ctype: CType, words: str = "") -> Function:
    """One parameter `p` under test, beside an integer `n`, an integer `*pn` and a text `s`."""
    return Function("f", Parameter("", VOID), (Parameter("p", ctype, attributes(words)), N, PN, S))


def returning(ctype: CType, words: str = "") -> Function:
    return Function("f", Parameter("", ctype, attributes(words)), (N, PN, S))


PARAMETERS: list[tuple[str, CType, str, Direction, Form, str]] = [
    # what it is, type, attributes, direction, form; p: the caller passes it, i: in place
    ("int", INT, "", IN, Integer("int"), "p"),
    ("double", DOUBLE, "", IN, Floating("double"), "p"),
    ("long double", Scalar("ldouble"), "", IN, Floating("ldouble"), "p"),
    ("bool", Scalar("bool"), "", IN, Boolean(), "p"),
    ("char", CHAR, "", IN, Integer("char"), "p"),
    ("enum", KIND, "", IN, Enumeration("kind", "u1"), "p"),
    ("struct", POINT, "", IN, Structure("point"), "p"),
    ("union", WORD, "", IN, Raw("word"), "p"),
    ("callback", VISIT, "", IN, Code("visit"), "p"),
    ("kept callback", VISIT, "keep", IN, Code("visit", keep=True), "p"),
    ("int *", to(INT), "", IN, Elements(Integer("int")), "p"),
    ("in int *", to(INT), "in", IN, Elements(Integer("int")), "p"),
    ("out int *", to(INT), "out", OUT, Elements(Integer("int")), ""),
    ("in out int *", to(INT), "in out", INOUT, Elements(Integer("int")), "p"),
    ("nullable int *", to(INT), "unique", IN, Elements(Integer("int"), nullable=True), "p"),
    ("int array", to(INT), "size_is(n)", IN, Elements(Integer("int"), Count(parameter="n")), "p"),
    ("out int array", to(INT), "out size_is(n)", OUT, Elements(Integer("int"), Count(parameter="n")), "pi"),
    ("in out int array", to(INT), "in out size_is(n)", INOUT, Elements(Integer("int"), Count(parameter="n")), "pi"),
    ("fixed array", to(INT), "size_is(16)", IN, Elements(Integer("int"), Count(constant=16)), "p"),
    (
        "array counted through a pointer",
        to(DOUBLE),
        "out size_is(*pn)",
        OUT,
        Elements(Floating("double"), Count(parameter="pn", dereference=True)),
        "pi",
    ),
    ("array of structs", to(POINT), "size_is(n)", IN, Elements(Structure("point"), Count(parameter="n")), "p"),
    ("bytes", to(VOID), "size_is(n)", IN, Bytes(Count(parameter="n")), "p"),
    ("unsigned bytes", to(Scalar("uchar")), "out size_is(n)", OUT, Bytes(Count(parameter="n")), "pi"),
    ("text buffer", to(CHAR), "out size_is(n)", OUT, Bytes(Count(parameter="n"), text=True), "pi"),
    ("text", to(CHAR), "", IN, Text(), "p"),
    ("const text", to(CHAR, const=True), "", IN, Text(), "p"),
    ("out char", to(CHAR), "out", OUT, Elements(Integer("char")), ""),
    ("out text", to(to(CHAR)), "out", OUT, Elements(Text()), ""),
    ("owned text", to(to(CHAR)), "out free(free)", OUT, Elements(Text("free")), ""),
    ("texts", to(to(CHAR)), "size_is(n)", IN, Elements(Text(), Count(parameter="n")), "p"),
    ("end pointer", to(to(CHAR)), "out offset(s)", OUT, Offset("s"), ""),
    ("handle", to(TREE), "", IN, Handle("tree"), "p"),
    ("nullable handle", to(TREE), "unique", IN, Handle("tree", nullable=True), "p"),
    ("closing", to(TREE), "closes", IN, Handle("tree", closes=True), "p"),
    ("out handle", to(to(TREE)), "out", OUT, Elements(Handle("tree", nullable=True)), ""),
    ("address", to(VOID), "", IN, Address(), "p"),
    ("out address", to(to(VOID)), "out", OUT, Elements(Address()), ""),
    ("out pointer to struct", to(to(POINT)), "out", OUT, Elements(Address("point")), ""),
    ("struct *", to(POINT), "in out", INOUT, Elements(Structure("point")), "p"),
    ("context", to(VOID), "context", IN, Context(), "p"),
]


@pytest.mark.parametrize(
    ("ctype", "words", "direction", "form", "flags"),
    [pytest.param(*row, id=what) for what, *row in PARAMETERS],
)
def test_a_parameter_has_its_form(ctype: CType, words: str, direction: Direction, form: Form, flags: str) -> None:
    """Type and attributes decide form and direction, whether the caller gives a value, and where the outs go."""
    plan = resolve(TYPES, function(ctype, words)).parameters[0]

    assert (direction, form) == (plan.direction, plan.form)
    assert ("p" in flags, "i" in flags) == (plan.passed, plan.in_place)
    assert plan.returned is (direction is not IN and "i" not in flags)


RESULTS: list[tuple[CType, str, Form]] = [
    (VOID, "", Nothing()),
    (INT, "", Integer("int")),
    (KIND, "", Enumeration("kind", "u1")),
    (POINT, "", Structure("point")),
    (VISIT, "", Code("visit")),
    (to(CHAR), "", Text()),
    (to(CHAR), "free(free)", Text("free")),
    (to(TREE), "", Handle("tree", nullable=True)),
    (to(VOID), "", Address()),
    (to(POINT), "", Address("point")),
    (to(to(INT)), "", Address("int *")),
    (to(INT), "size_is(n)", Elements(Integer("int"), Count(parameter="n"))),
    (to(VOID), "size_is(4)", Bytes(Count(constant=4))),
]


@pytest.mark.parametrize(("ctype", "words", "form"), RESULTS)
def test_a_result_has_its_form(ctype: CType, words: str, form: Form) -> None:
    """A pointer that native code returns is its own, so it is an address, a handle or text unless it is counted."""
    assert form == resolve(TYPES, returning(ctype, words)).result


MEMBERS: list[tuple[CType, Form]] = [
    (INT, Integer("int")),
    (to(CHAR), Text()),
    (to(TREE), Handle("tree", nullable=True)),
    (to(VOID), Address()),
    (VISIT, Code("visit")),
    (POINT, Structure("point")),
    (WORD, Raw("word")),
    (Array(CHAR, 8), FixedText(8)),
    (Array(INT, 4), Series(Integer("int"), 4)),
    (Array(INT, 0), Series(Integer("int"), 0)),
    (Array(Array(DOUBLE, 3), 2), Series(Series(Floating("double"), 3), 2)),
    (Array(Array(CHAR, 8), 2), Series(FixedText(8), 2)),
    (Array(POINT, 2), Series(Structure("point"), 2)),
    (Array(to(CHAR), 2), Series(Text(), 2)),
]


@pytest.mark.parametrize(("ctype", "form"), MEMBERS)
def test_a_member_has_its_form(ctype: CType, form: Form) -> None:
    """Inside a struct, arrays are values and pointers belong to native code."""
    (member,) = members_of(TYPES, Record("r", (Field("m", ctype),)))

    assert Member("m", form) == member


REFUSED: list[tuple[CType, str, str]] = [
    (INT, "out", r"\[out\] needs a pointer, not int"),
    (TREE, "", "tree is opaque, so only a pointer"),
    (to(TREE), "out", r"the type of an out handle is tree \*\*"),
    (to(TREE), "size_is(n)", "tree is opaque, so an array of it"),
    (to(VOID), "out", r"\[out\] void \* needs size_is"),
    (to(to(to(CHAR))), "out", "three levels of pointers"),
    (Array(INT, 3), "", "cannot be passed by value"),
    (to(INT), "size_is(m)", r"size_is\(m\) does not name a parameter"),
    (to(INT), "size_is(s)", r"must name an integer \(R6.6\), not const char \*"),
    (to(INT), "size_is(pn)", r"must name an integer \(R6.6\), not int \*"),
    (to(INT), "size_is(\u00b2)", "does not name a parameter"),
    (to(to(CHAR)), "out offset(m)", r"offset\(m\) does not name a parameter"),
    (to(to(CHAR)), "offset(s)", "belongs to an end pointer"),
    (to(CHAR), "out offset(s)", "belongs to an end pointer"),
    (StructType("nowhere"), "", "the type nowhere is named but not described"),
    (to(EnumType("nowhere")), "out", "the type nowhere is named but not described"),
]


@pytest.mark.parametrize(("ctype", "words", "message"), REFUSED)
def test_what_does_not_go_together_is_refused(ctype: CType, words: str, message: str) -> None:
    """A contradiction raises DirectiveError that names the parameter, the function and the reason."""
    with pytest.raises(DirectiveError, match=r"parameter 1 'p' of f: .*" + message):
        resolve(TYPES, function(ctype, words))


@pytest.mark.parametrize(
    ("ctype", "words", "message"),
    [
        (TREE, "", "opaque"),
        (Array(INT, 3), "", "by value"),
        (to(INT), "size_is(m)", "does not name"),
        (to(INT), "size_is(s)", "must name an integer"),
    ],
)
def test_a_result_that_cannot_be_is_refused(ctype: CType, words: str, message: str) -> None:
    """Errors of a result say that it is the result."""
    with pytest.raises(DirectiveError, match=f"the result of f: .*{message}"):
        resolve(TYPES, returning(ctype, words))


def test_a_count_of_floating_type_is_refused() -> None:
    """`size_is` names an integer, not a double."""
    entry = Function(
        "f", Parameter("", VOID), (Parameter("p", to(INT), attributes("size_is(d)")), Parameter("d", DOUBLE))
    )
    with pytest.raises(DirectiveError, match="not double"):
        resolve(TYPES, entry)


def test_arguments_and_outs_are_in_signature_order() -> None:
    """What the caller passes, and what comes back, are the parameters of the declaration in its order."""
    entry = Function(
        "f",
        Parameter("", INT),
        (
            Parameter("a", to(INT), attributes("out")),
            Parameter("b", INT),
            Parameter("c", to(INT), attributes("in out")),
            Parameter("d", to(INT), attributes("out size_is(b)")),
        ),
        variadic=True,
    )
    signature = resolve(TYPES, entry)

    assert [plan.name for plan in signature.passed] == ["b", "c", "d"]
    assert [plan.name for plan in signature.outs] == ["a", "c", "d"]
    assert [plan.name for plan in signature.parameters if plan.returned] == ["a", "c"]
    assert [plan.index for plan in signature.parameters] == [0, 1, 2, 3]
    assert signature.variadic


@pytest.mark.parametrize(("direction", "travels"), [(IN, (True, False)), (OUT, (False, True)), (INOUT, (True, True))])
def test_directions_travel(direction: Direction, travels: tuple[bool, bool]) -> None:
    """In goes there, out comes back, both do both."""
    assert travels == (direction.travels_in, direction.travels_out)


@quick(40)
@given(libraries)
def test_any_library_is_resolved_or_refused(library: TypeLibrary) -> None:
    """However odd a declaration is, it has a signature or raises DirectiveError."""
    for entry in [*library.functions, *library.delegates]:
        with contextlib.suppress(DirectiveError):
            assert resolve(library, entry).name == entry.name  # type: ignore[arg-type, attr-defined]
    for record in library.records:
        with contextlib.suppress(DirectiveError):
            assert len(members_of(library, record)) == len(record.fields)
