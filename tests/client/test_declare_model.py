"""What a text of prototypes means: one table per part of the language."""

from __future__ import annotations

import pytest

from callgate.declare import parse, parse_declarations
from callgate_protocol.model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
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
    Void,
    c_name,
)

INT = Scalar("int")
CHAR = Scalar("char")
RESULT = Parameter("", INT)
VOID_POINTER = Pointer(Void())


def type_of(declaration: str, *, above: str = "") -> CType:
    """The type of the one parameter of a function."""
    [function] = parse(f"{above}\nvoid f({declaration});").functions
    [parameter] = function.parameters
    return parameter.type


SCALARS = {
    "char c": "char",
    "signed char c": "schar",
    "char signed c": "schar",
    "unsigned char c": "uchar",
    "short s": "short",
    "int short s": "short",
    "unsigned short int s": "ushort",
    "signed": "int",
    "unsigned": "uint",
    "int unsigned": "uint",
    "long": "long",
    "long signed int": "long",
    "long unsigned int": "ulong",
    "unsigned long": "ulong",
    "int long unsigned": "ulong",
    "long long": "llong",
    "long int long": "llong",
    "unsigned long long int": "ullong",
    "long unsigned long": "ullong",
    "float": "float",
    "double": "double",
    "long double": "ldouble",
    "double long": "ldouble",
    "_Bool": "bool",
    "bool": "bool",
    "const volatile int": "int",
    "int const": "int",
    "register int": "int",
    "__extension__ long long": "llong",
    "int8_t": "i1",
    "uint8_t": "u1",
    "int16_t": "i2",
    "uint16_t": "u2",
    "int32_t": "i4",
    "uint32_t": "u4",
    "int64_t": "i8",
    "uint64_t": "u8",
    "size_t": "size",
    "ssize_t": "ssize",
    "intptr_t": "iptr",
    "uintptr_t": "uptr",
    "ptrdiff_t": "ptrdiff",
    "wchar_t": "wchar",
    "char16_t": "char16",
    "char32_t": "char32",
    "time_t": "long",
    "off_t": "long",
    "clock_t": "long",
    "suseconds_t": "long",
    "pid_t": "int",
    "uid_t": "uint",
    "gid_t": "uint",
    "mode_t": "uint",
    "useconds_t": "uint",
    "socklen_t": "uint",
    "BOOL": "BOOL",
    "VARIANT_BOOL": "VARIANT_BOOL",
    "BOOLEAN": "bool",
    "INT": "i4",
    "LONG": "i4",
    "DWORD": "u4",
    "ULONG": "u4",
    "UINT": "u4",
    "WORD": "u2",
    "BYTE": "u1",
    "LONGLONG": "i8",
    "ULONGLONG": "u8",
    "QWORD": "u8",
    "SIZE_T": "uptr",
    "ULONG_PTR": "uptr",
}


@pytest.mark.parametrize(("declaration", "name"), SCALARS.items())
def test_scalar_spelling(declaration: str, name: str) -> None:
    """Every spelling of a scalar, in any order of words, means the same scalar of the model."""
    assert type_of(declaration) == Scalar(name)


@pytest.mark.parametrize("name", [*INTEGERS, *FLOATS, *COMPLEX, "bool"])
def test_scalar_round_trip(name: str) -> None:
    """The C spelling that the model gives a scalar is read back as that scalar."""
    assert type_of(c_name(Scalar(name))) == Scalar(name)


def test_text_overrides_known_names() -> None:
    """A typedef of the text takes precedence over a known name, from where it stands on."""
    text = "void a(DWORD); typedef unsigned long DWORD; void b(DWORD);"
    a, b = parse(text).functions
    assert (a.parameters[0].type, b.parameters[0].type) == (Scalar("u4"), Scalar("ulong"))


ABOVE = """
typedef struct handle handle;
struct point { int x, y; };
typedef struct size_s { int w, h; } area;
union number { int i; double d; };
typedef enum { RED, GREEN } color;
enum shade { DARK };
typedef const char *text;
typedef int triple[3];
typedef int compare(const void *, const void *);
typedef void (*notify)(int code);
typedef struct gzFile_s *gzFile;
typedef const handle constant_handle;
#define WIDTH 4
"""

TYPES: dict[str, CType] = {
    "void *p": VOID_POINTER,
    "const void *p": Pointer(Void(), const=True),
    "void const *p": Pointer(Void(), const=True),
    "void *const p": VOID_POINTER,
    "const char *const *p": Pointer(Pointer(CHAR, const=True), const=True),
    "char *const *p": Pointer(Pointer(CHAR), const=True),
    "const char **p": Pointer(Pointer(CHAR, const=True)),
    "char *restrict p": Pointer(CHAR),
    "char *__restrict p": Pointer(CHAR),
    "int v[3]": Pointer(INT),
    "int v[]": Pointer(INT),
    "const int v[static 3]": Pointer(INT, const=True),
    "int v[restrict WIDTH]": Pointer(INT),
    "int v[2][3]": Pointer(Array(INT, 3)),
    "int (*v)[3]": Pointer(Array(INT, 3)),
    "int *v[3]": Pointer(Pointer(INT)),
    "int (*(v))[WIDTH * 2 + 1]": Pointer(Array(INT, 9)),
    "triple v": Pointer(INT),
    "const triple v": Pointer(INT, const=True),
    "triple *v": Pointer(Array(INT, 3)),
    "handle *h": Pointer(Opaque("handle")),
    "handle **h": Pointer(Pointer(Opaque("handle"))),
    "struct handle *h": Pointer(Opaque("handle")),
    "constant_handle *h": Pointer(Opaque("handle"), const=True),
    "struct unheard_of *p": Pointer(Opaque("unheard_of")),
    "gzFile file": Pointer(Opaque("gzFile_s")),
    "struct point p": StructType("point"),
    "const struct point *p": Pointer(StructType("point"), const=True),
    "area a": StructType("area"),
    "struct size_s a": StructType("area"),
    "union number n": StructType("number"),
    "color c": EnumType("color"),
    "enum shade s": EnumType("shade"),
    "text t": Pointer(CHAR, const=True),
    "text *t": Pointer(Pointer(CHAR, const=True)),
    "compare *c": FunctionPointer("compare"),
    "compare c": FunctionPointer("compare"),
    "notify n": FunctionPointer("notify"),
    "notify *n": Pointer(FunctionPointer("notify")),
    "int (*cb)(void)": FunctionPointer("f.cb"),
    "int cb(void)": FunctionPointer("f.cb"),
    "int (__cdecl *cb)(void)": FunctionPointer("f.cb"),
    "int (**cb)(void)": Pointer(FunctionPointer("f.cb")),
    "int (*)(void)": FunctionPointer("f.arg1"),
    "int (*cb[2])(void)": Pointer(FunctionPointer("f.cb")),
    "handle *handle": Pointer(Opaque("handle")),
    "int __attribute__((unused)) n": INT,
    "int n __attribute__((unused))": INT,
    "char /* comment */ *\\\n p // end\n": Pointer(CHAR),
}


@pytest.mark.parametrize(("declaration", "expected"), TYPES.items())
def test_parameter_type(declaration: str, expected: CType) -> None:
    """A parameter's declaration means exactly this type of the model."""
    assert type_of(declaration, above=ABOVE) == expected


ROUND_TRIPS = [
    "void *",
    "const void *",
    "char **",
    "const char *",
    "handle *",
    "handle **",
    "area",
    "const area *",
    "color",
    "color *",
    "compare",
    "notify *",
    "long double *",
]


@pytest.mark.parametrize("declaration", ROUND_TRIPS)
def test_pointer_round_trip(declaration: str) -> None:
    """The C spelling that the model gives a type is read back as that type."""
    expected = type_of(declaration, above=ABOVE)
    assert type_of(c_name(expected), above=ABOVE) == expected


RECORDS: dict[str, Record] = {
    "struct s { int x; double y, *z; };": Record(
        "s", (Field("x", INT), Field("y", Scalar("double")), Field("z", Pointer(Scalar("double"))))
    ),
    "union u { int i; float f; };": Record("u", (Field("i", INT), Field("f", Scalar("float"))), union=True),
    "typedef struct { int x; } t;": Record("t", (Field("x", INT),)),
    "typedef struct tag { int x; } t;": Record("t", (Field("x", INT),)),
    "typedef struct tag t; struct tag { t *next; };": Record("t", (Field("next", Pointer(StructType("t"))),)),
    "struct tag { int x; }; typedef struct tag t, *pt;": Record("t", (Field("x", INT),)),
    "struct tag { int x; }; typedef struct tag *pt;": Record("tag", (Field("x", INT),)),
    "typedef struct { int x; } *pt;": Record("pt.target", (Field("x", INT),)),
    "struct s { int v[2][3]; char n[8]; };": Record(
        "s", (Field("v", Array(Array(INT, 3), 2)), Field("n", Array(CHAR, 8)))
    ),
    "struct s { int n; char tail[]; };": Record("s", (Field("n", INT), Field("tail", Array(CHAR, 0)))),
    "struct s { int n; char tail[0]; };": Record("s", (Field("n", INT), Field("tail", Array(CHAR, 0)))),
    "struct s { unsigned a:3, b:5; unsigned :4; _Bool c:1; };": Record(
        "s",
        (
            Field("a", Scalar("uint"), bits=3),
            Field("b", Scalar("uint"), bits=5),
            Field("", Scalar("uint"), bits=4),
            Field("c", Scalar("bool"), bits=1),
        ),
    ),
    "struct __attribute__((packed)) s { int x; };": Record("s", (Field("x", INT),), pack=1),
    "struct s { int x; } __attribute__((__packed__));": Record("s", (Field("x", INT),), pack=1),
    "typedef struct { int x; } __attribute__((packed)) s;": Record("s", (Field("x", INT),), pack=1),
    "#pragma pack(2)\nstruct s { int x; };": Record("s", (Field("x", INT),), pack=2),
    "#pragma pack(push, 1)\n#pragma pack(pop)\nstruct s { int x; };": Record("s", (Field("x", INT),)),
    "#pragma pack(push, 4)\n#pragma pack(push)\n#pragma pack(1)\n#pragma pack(pop)\nstruct s { int x; };": Record(
        "s", (Field("x", INT),), pack=4
    ),
    "#pragma pack(8)\n#pragma pack()\nstruct s { int x; };": Record("s", (Field("x", INT),)),
    "struct s { [size_is(n)] int *v; int n; [offset(8)] int w; };": Record(
        "s",
        (
            Field("v", Pointer(INT), (Attribute("size_is", "n"),)),
            Field("n", INT),
            Field("w", INT, offset=8),
        ),
    ),
    "struct s { void (*cb)(int), *user; };": Record(
        "s", (Field("cb", FunctionPointer("s.cb")), Field("user", VOID_POINTER))
    ),
    "struct s { enum { A, B } kind; };": Record("s", (Field("kind", INT),)),
    "struct s { enum k { A, B } kind; };": Record("s", (Field("kind", EnumType("k")),)),
}


@pytest.mark.parametrize(("text", "expected"), RECORDS.items())
def test_record(text: str, expected: Record) -> None:
    """A definition of a struct or union means exactly this record."""
    assert parse(text).records == (expected,)


def test_nested_records() -> None:
    """Members that define a struct bring records of their own: named by tag, else by where they stand."""
    library = parse(
        "struct outer { struct inner { int x; } a; struct { int y; } b; union { int c; struct { int d; }; }; int e; };"
    )
    assert library.records == (
        Record("inner", (Field("x", INT),)),
        Record(
            "outer",
            (
                Field("a", StructType("inner")),
                Field("b", StructType("outer.b")),
                Field("", StructType("outer.3")),
                Field("e", INT),
            ),
        ),
        Record("outer.3", (Field("c", INT), Field("", StructType("outer.3.2"))), union=True),
        Record("outer.3.2", (Field("d", INT),)),
        Record("outer.b", (Field("y", INT),)),
    )


def test_typedef_swaps_names_with_a_tag() -> None:
    """When a typedef's name is also the tag of another struct, each struct keeps its own tag as its name."""
    library = parse("struct a { int x; }; struct b { char y; }; typedef struct a b; void f(b, struct b);")
    assert [parameter.type for parameter in library.functions[0].parameters] == [StructType("a"), StructType("b")]


def test_forward_declarations_are_opaque_unless_defined() -> None:
    """A struct without members anywhere in the text is opaque; one that is defined later is not."""
    library = parse("struct a; typedef struct b_s b; struct c; struct c { int x; }; void f(struct d *, struct c *);")
    assert library.opaques == (OpaqueType("a"), OpaqueType("b"), OpaqueType("d"))
    assert library.functions[0].parameters[1].type == Pointer(StructType("c"))


ENUMS: dict[str, Enum] = {
    "enum e { A, B = 5, C, };": Enum("e", (("A", 0), ("B", 5), ("C", 6))),
    "typedef enum { A = -1, B } e;": Enum("e", (("A", -1), ("B", 0))),
    "typedef enum tag { A } e;": Enum("e", (("A", 0),)),
    "enum e { A = 0x80000000 };": Enum("e", (("A", 2**31),), "uint"),
    "enum e { A = -1, B = 0xFFFFFFFF };": Enum("e", (("A", -1), ("B", 2**32 - 1)), "llong"),
    "enum e { A = 1ULL << 63 };": Enum("e", (("A", 2**63),), "ullong"),
    "enum e { A = 'a', B = A + 1, C = B };": Enum("e", (("A", 97), ("B", 98), ("C", 98))),
}


@pytest.mark.parametrize(("text", "expected"), ENUMS.items())
def test_enum(text: str, expected: Enum) -> None:
    """An enum has these members and the first of int, uint, llong and ullong that holds them."""
    assert parse(text).enums == (expected,)


def test_enum_constants_are_constants() -> None:
    """Constants of named and unnamed enums and of #define lines are exposed; unnamed enums add no type."""
    declarations = parse_declarations("enum { A, B = 3 };\n#define C (A | B << 1)\nenum e { D = C };")
    assert declarations.constants == {"A": 0, "B": 3, "C": 6, "D": 6}
    assert [enum.name for enum in declarations.library.enums] == ["e"]


EXPRESSIONS = {
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "7 / 2 - -7 / 2": 6,
    "-7 / 2": -3,
    "-7 % 3": -1,
    "7 % -3": 1,
    "1 << 4 | 1 << 2 & 0xC": 20,
    "6 & 3 | 8 ^ 12": 6,
    "0x10 + 010 + 0b11 + 1": 28,
    "~0": -1,
    "~0U": 2**32 - 1,
    "-1U": 2**32 - 1,
    "~0UL": 2**64 - 1,
    "~0ULL >> 1": 2**63 - 1,
    "0xFFFFFFFF": 2**32 - 1,
    "~0x7FFFFFFF": -(2**31),
    "1 << 31": -(2**31),
    "1U << 31": 2**31,
    "1LL << 40": 2**40,
    "2147483647 + 1L": 2**31,
    "- - + 3": 3,
    "'A'": 65,
    r"'\n'": 10,
    r"'\0'": 0,
    r"'\x41'": 65,
    r"'\377'": -1,
    r"'\''": 39,
    "EARLIER + 1": 6,
    "100u": 100,
    "100lu": 100,
    "0": 0,
}


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS.items())
def test_constant_expression(expression: str, value: int) -> None:
    """A constant expression has the value that a C compiler on LP64 gives it."""
    assert parse_declarations(f"#define EARLIER 5\n#define X {expression}").constants["X"] == value


def test_define_may_be_inside_and_continued() -> None:
    """A #define may stand inside a declaration and run over several lines."""
    text = (
        "struct s {\n#define N (1 + \\\n 2) // three\n int v[N]; };\n# define M N /* over\n lines */\nint f(int v[M]);"
    )
    declarations = parse_declarations(text)
    assert declarations.constants == {"N": 3, "M": 3}
    assert declarations.library.records[0].fields[0].type == Array(INT, 3)


def test_line_markers_and_harmless_pragmas_are_skipped() -> None:
    """What a preprocessor leaves behind does not disturb."""
    text = '# 1 "a.h"\n#line 3 "b.h"\n#pragma once\n#pragma GCC visibility push(default)\n#\nint f(void);'
    assert [function.name for function in parse(text).functions] == ["f"]


FUNCTIONS: dict[str, Function] = {
    "int f(void);": Function("f", RESULT, ()),
    "int f();": Function("f", RESULT, ()),
    "extern int f(void)": Function("f", RESULT, ()),
    'static inline __attribute__((cold)) int f(void) __asm__("g") __attribute__((pure));': Function("f", RESULT, ()),
    "_Noreturn void f(int);": Function("f", Parameter("", Void()), (Parameter("arg1", INT),)),
    "int (f)(int);": Function("f", RESULT, (Parameter("arg1", INT),)),
    "int f(int, int arg1, int);": Function(
        "f", RESULT, (Parameter("arg1_", INT), Parameter("arg1", INT), Parameter("arg3", INT))
    ),
    "int f(const char *format, ...);": Function("f", RESULT, (Parameter("format", Pointer(CHAR, const=True)),), True),
    "const char *f(void);": Function("f", Parameter("", Pointer(CHAR, const=True)), ()),
    "typedef int shape(int n); shape f;": Function("f", RESULT, (Parameter("n", INT),)),
    "[free(g)] char *f([in, out] int *n, [size_is(*n)] char *p);": Function(
        "f",
        Parameter("", Pointer(CHAR), (Attribute("free", "g"),)),
        (
            Parameter("n", Pointer(INT), (Attribute("in"), Attribute("out"))),
            Parameter("p", Pointer(CHAR), (Attribute("size_is", "*n"),)),
        ),
    ),
    "[size_is(n)] int *f(int n);": Function(
        "f", Parameter("", Pointer(INT), (Attribute("size_is", "n"),)), (Parameter("n", INT),)
    ),
    "extern [string] char *f(void);": Function("f", Parameter("", Pointer(CHAR), (Attribute("string"),)), ()),
}


@pytest.mark.parametrize(("text", "expected"), FUNCTIONS.items())
def test_function(text: str, expected: Function) -> None:
    """A prototype means exactly this function."""
    assert parse(text).functions == (expected,)


ATTRIBUTES: dict[str, tuple[Attribute, ...]] = {
    "[out, in] int *p": (Attribute("in"), Attribute("out")),
    "[in] [out] int *p": (Attribute("in"), Attribute("out")),
    "[size_is(n)] int *p": (Attribute("size_is", "n"),),
    "[size_is( * q )] int *p": (Attribute("size_is", "*q"),),
    "[size_is(16)] int *p": (Attribute("size_is", "16"),),
    "[size_is(0x10 * 2)] int *p": (Attribute("size_is", "32"),),
    "[size_is(LIMIT)] int *p": (Attribute("size_is", "9"),),
    "[length_is(n), size_is(9), out] int *p": (
        Attribute("length_is", "n"),
        Attribute("out"),
        Attribute("size_is", "9"),
    ),
    "[offset(q), out] char **p": (Attribute("offset", "q"), Attribute("out")),
    "[unique, string] const char *p": (Attribute("string"), Attribute("unique")),
    "[keep, oneway] void (*p)(int)": (Attribute("keep"),),
    "[closes] struct h *p": (Attribute("closes"),),
    "[context] void *p": (Attribute("context"),),
    "[out, free(free)] char **p": (Attribute("free", "free"), Attribute("out")),
    "[out, free] char **p": (Attribute("free", "free"), Attribute("out")),
    "[borrowed, out] struct h **p": (Attribute("borrowed"), Attribute("out")),
    "const [out] int *p": (Attribute("out"),),
}


@pytest.mark.parametrize(("declaration", "expected"), ATTRIBUTES.items())
def test_attributes(declaration: str, expected: tuple[Attribute, ...]) -> None:
    """Bracketed words become these attributes, sorted."""
    [function] = parse(f"enum {{ LIMIT = 9 }}; void f({declaration}, int n, int *q);").functions
    assert function.parameters[0].attributes == expected


DELEGATES: dict[str, tuple[Delegate, ...]] = {
    "void f(int (*cb)([context] void *, int n, [size_is(n)] char **values));": (
        Delegate(
            "f.cb",
            RESULT,
            (
                Parameter("arg1", VOID_POINTER, (Attribute("context"),)),
                Parameter("n", INT),
                Parameter("values", Pointer(Pointer(CHAR)), (Attribute("size_is", "n"),)),
            ),
        ),
    ),
    "typedef int (*cb)(int n, ...);": (Delegate("cb", RESULT, (Parameter("n", INT),), True),),
    "typedef int cb(void); typedef cb *pcb; void f(cb *, pcb, cb);": (Delegate("cb", RESULT, ()),),
    "typedef [free(g)] char *(*cb)(void);": (
        Delegate("cb", Parameter("", Pointer(CHAR), (Attribute("free", "g"),)), ()),
    ),
    "void (*signal(int number, void (*handler)(int)))(int);": (
        Delegate("signal.handler", Parameter("", Void()), (Parameter("arg1", INT),)),
        Delegate("signal.return", Parameter("", Void()), (Parameter("arg1", INT),)),
    ),
    "struct s { int (*outer)(int (*inner)(void)); };": (
        Delegate("s.outer", RESULT, (Parameter("inner", FunctionPointer("s.outer.inner")),)),
        Delegate("s.outer.inner", RESULT, ()),
    ),
    "struct s { int (*p)(void); }; void s(void (*p)(void));": (
        Delegate("s.p", Parameter("", Void()), ()),
        Delegate("s.p.2", RESULT, ()),
    ),
}


@pytest.mark.parametrize(("text", "expected"), DELEGATES.items())
def test_delegates(text: str, expected: tuple[Delegate, ...]) -> None:
    """Function pointers become these delegates, named by typedef or by where they stand."""
    assert parse(text).delegates == expected


PROTOTYPES = {
    "  int   f (int a,\n     [out] int *b) ;": ["int f (int a, [out] int *b)"],
    "extern int f(int a /* first */,  // one\n int b);": ["extern int f(int a , int b)"],
    "double cos(double x), sin(double);": ["double cos(double x)", "double sin(double)"],
    "[free(g)]\tchar *f(void)": ["[free(g)] char *f(void)"],
    "int f(int \\\n a);": ["int f(int a)"],
}


@pytest.mark.parametrize(("text", "expected"), PROTOTYPES.items())
def test_prototype_text(text: str, expected: list[str]) -> None:
    """A function keeps its own source text on one line, with attributes and without comments or semicolon."""
    assert [function.prototype for function in parse(text).functions] == expected


def test_identical_redeclaration_is_one_function() -> None:
    """Declaring the same thing twice is allowed, also for typedefs and callbacks."""
    text = "typedef struct h h; typedef int (*cb)(h *); int f(h *, void (*)(int));"
    assert parse(text + text) == parse(text)


def test_types_alone_are_a_library() -> None:
    """A text without functions is fine when it declares something."""
    assert parse("typedef struct h h;").opaques == (OpaqueType("h"),)
    assert parse_declarations("typedef int number;").typedefs == {"number": INT}
    assert parse_declarations("#define A 1").constants == {"A": 1}


def test_typedefs_are_exposed() -> None:
    """Every typedef of the text is there with its type; a function type stands for the pointer to it."""
    typedefs = parse_declarations(ABOVE).typedefs
    assert typedefs == {
        "handle": Opaque("handle"),
        "area": StructType("area"),
        "color": EnumType("color"),
        "text": Pointer(CHAR, const=True),
        "triple": Array(INT, 3),
        "compare": FunctionPointer("compare"),
        "notify": FunctionPointer("notify"),
        "gzFile": Pointer(Opaque("gzFile_s")),
        "constant_handle": Opaque("handle"),
    }
