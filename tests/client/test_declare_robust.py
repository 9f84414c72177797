"""No text breaks the parser: it answers, or raises PrototypeError, in bounded time and depth."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.declare import PrototypeError, parse, parse_declarations
from callgate.declare.attributes import ATTRIBUTES
from callgate.declare.idl_words import INTERFACE_WORDS, MEMBER_WORDS
from callgate.declare.parser import LARGEST
from callgate.declare.words import KNOWN_NAMES, ROLES
from callgate_protocol.model import Array, CType, FunctionPointer, Pointer, Scalar, TypeLibrary
from callgate_protocol.typelib import decode_library, encode_library

VALID = (
    "typedef struct sqlite3 sqlite3; int open(const char *name, [out] sqlite3 **db, ...);",
    "struct s { unsigned a : 3; int v[2][3]; union { int x; double y; }; void (*cb)([context] void *, int n); };",
    "enum e { A, B = 1 << 4 | 3, C = -B };\n#define N (A + 2)\n#pragma pack(push, 1)\nstruct t { char c[N]; };",
    "[free(g)] char *f([in, out] int *n, [size_is(*n)] char *p) __attribute__((pure)); void g(void *);",
    "void (*signal(int number, void (*handler)(int)))(int); typedef int (*compare)(const void *, const void *);",
    (
        'import "oaidl.idl"; [object, dual, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C01)] interface IA : IDispatch {'
        " [id(1), propget] HRESULT P([out, retval] BSTR *v); HRESULT f([in, defaultvalue(5)] SAFEARRAY(VARIANT) v); };"
    ),
    (
        "interface IB; [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C02), version(1.0)] library L {"
        " [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C03)] dispinterface D {"
        " properties: [id(1)] long x; methods: [id(2)] IUnknown *f([in] long a); };"
        " [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C04)] coclass C { [default, source] dispinterface D; }; };"
    ),
)

IDL = (
    "interface dispinterface coclass library import importlib( object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C05) "
    "default IUnknown IDispatch HRESULT properties: methods: source dual local hyper wchar_t boolean cpp_quote("
)
"""Words of IDL, complete enough for some of them to be understood."""

PIECES = (
    """f x y s t 0 1 0x7f 3u 'a' "b" = ... + - << >> | & ~ / % . < > \\ # @ ( ( ( ) ) ) [ [ ] ] { { } } * * , , ; ; :"""
)

WORDS = [
    *ROLES,
    *ATTRIBUTES,
    *list(KNOWN_NAMES)[:10],
    *PIECES.split(),
    *IDL.split(),
    '"oaidl.idl"',
    *MEMBER_WORDS,
    *INTERFACE_WORDS,
    "\n#define ",
    "\n#pragma pack(",
    "/*",
    "*/",
    "//",
    "\n",
    "é",
    "\0",
]


def outcome(text: str) -> TypeLibrary | PrototypeError:
    """What the parser says about a text."""
    try:
        return parse(text)
    except PrototypeError as error:
        return error


def survives(text: str) -> None:
    """Parse: either the outcome can be sent to a host, or the error is a PrototypeError inside the text."""
    found = outcome(text)
    if isinstance(found, TypeLibrary):
        assert decode_library(encode_library(found)) == found
    else:
        assert 1 <= found.line <= text.count("\n") + 1
        assert 1 <= found.column <= len(found.text) + 1
        assert str(found)


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_random_tokens(words: list[str]) -> None:
    """A random sequence of tokens parses or raises PrototypeError, nothing else."""
    survives(" ".join(words))


@pytest.mark.parametrize("text", VALID)
def test_every_beginning(text: str) -> None:
    """A text may end anywhere."""
    for end in range(len(text)):
        survives(text[:end])


@given(st.text(max_size=60))
def test_random_text(text: str) -> None:
    """Any text parses or raises PrototypeError, nothing else."""
    survives(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid text with a few characters removed, repeated, or replaced by words."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 12)))
        middle = draw(st.sampled_from(["", text[begin:end] * 2, *WORDS]))
        text = text[:begin] + middle + text[end:]
    return text


@given(mutated())
def test_mutated_prototypes(text: str) -> None:
    """A valid text with mistakes parses or raises PrototypeError, nothing else."""
    survives(text)


@st.composite
def declarators(draw: st.DrawFn) -> tuple[str, CType]:
    """A declaration of `x` in C's inside-out spelling, and the type it means."""
    spelled, inner, depth = "x", "name", draw(st.integers(0, 6))
    steps: list[str] = []
    for _ in range(depth):
        step = draw(st.sampled_from(["pointer", "const pointer", *(["array"] if inner == "pointer" else [])]))
        steps.append(step)
        star = "*const " if step == "const pointer" else "*"
        spelled = f"({spelled})[3]" if step == "array" else star + spelled
        inner = "array" if step == "array" else "pointer"
    meaning: CType = Scalar("int")
    const = False
    for step in reversed(steps):
        if step == "array":
            meaning = Array(meaning, 3)
        else:
            meaning, const = Pointer(meaning, const), step == "const pointer"
    return f"int {spelled}", meaning


@given(declarators())
def test_declarators_read_from_the_name_outward(case: tuple[str, CType]) -> None:
    """Any nest of pointers and arrays means the type that C's rules give it."""
    spelled, meaning = case
    [function] = parse(f"void f({spelled});").functions
    assert function.parameters[0].type == meaning


DEEP: dict[str, Callable[[int], str]] = {
    "parentheses of a declarator": lambda n: "int " + "(" * n + "f" + ")" * n + "(void);",
    "parentheses of an expression": lambda n: "#define A " + "(" * n + "1" + ")" * n,
    "signs": lambda n: "#define A " + "~" * n + "1",
    "stars": lambda n: f"int f(int {'*' * n}p);",
    "dimensions": lambda n: f"int f(int v{'[2]' * n});",
    "callbacks": lambda n: "int f(" + "int (*p)(" * n + "int" + ")" * n + ");",
    "structs": lambda n: "struct { int x; " * n + "}; " * n,
    "named structs": lambda n: "".join(f"struct s{i} {{ " for i in range(n)) + "int x;" + "} x; " * (n - 1) + "};",
    "attributes": lambda n: "int f(" + "[" * n + ");",
    "pointer typedefs": lambda n: "typedef int t0;" + "".join(f"typedef t{i} *t{i + 1};" for i in range(n)),
    "function typedefs": lambda n: (
        "typedef int (*t0)(void);" + "".join(f"typedef int (*t{i + 1})(t{i});" for i in range(n))
    ),
    "struct values": lambda n: (
        "struct s0 { int x; };" + "".join(f"struct s{i + 1} {{ struct s{i} x; }};" for i in range(n))
    ),
    "struct values, outermost first": lambda n: (
        "".join(f"struct s{i} {{ struct s{i + 1} x; }};" for i in range(n)) + f"struct s{n} {{ int x; }};"
    ),
}


@pytest.mark.parametrize("kind", DEEP)
def test_depth_is_bounded(kind: str) -> None:
    """Ten levels of anything are fine; ten thousand raise PrototypeError, never RecursionError."""
    text = DEEP[kind](10)
    if kind not in ("structs", "attributes"):
        parse_declarations(text)
    with pytest.raises(PrototypeError):
        parse(DEEP[kind](10_000))


def test_long_expressions_are_not_deep() -> None:
    """A sum of ten thousand terms is no nesting."""
    assert parse_declarations("#define A " + "+".join(["1"] * 10_000)).constants == {"A": 10_000}


LONG = {
    "blanks": " ",
    "blanks behind a comment": "/**/ ",
    "open comments": "/*",
    "slashes": "/ ",
    "quotes": "'",
    "escaped quotes": '\\"',
    "backslashes": "\\",
    "continuations": "\\\n",
    "hashes": "#\n",
    "brackets": "[",
    "words": "word ",
    "digits": "1",
    "defines": "#define A 1\n",
    "packs": "#pragma pack(1)\n",
    "line comments": "#define A 1 // x /* y\n",
}


@pytest.mark.parametrize("kind", LONG)
def test_time_is_linear(kind: str) -> None:
    """Half a megabyte of one thing takes no more than a second or two."""
    piece = LONG[kind]
    started = time.perf_counter()
    survives("int f(int);\n" + piece * (500_000 // len(piece)))
    assert time.perf_counter() - started < 5


def test_size_is_bounded() -> None:
    """A text beyond the limit is refused before it is read."""
    with pytest.raises(PrototypeError, match="split it"):
        parse(" " * (LARGEST + 1))


def test_callbacks_keep_their_name_in_any_nest() -> None:
    """A callback inside a callback is named after the path to it."""
    library = parse("void f(void (*a)(void (*b)(void (*c)(int))));")
    assert [delegate.name for delegate in library.delegates] == ["f.a", "f.a.b", "f.a.b.c"]
    assert library.delegate("f.a.b").parameters[0].type == FunctionPointer("f.a.b.c")
