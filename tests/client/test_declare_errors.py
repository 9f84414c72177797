"""What is said about a text that cannot be understood: the place, and words that help."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass

import pytest

from callgate.declare import PrototypeError, parse


@dataclass(frozen=True)
class Case:
    """A text, where its error is, and a part of what is said."""

    text: str
    line: int
    column: int
    says: str

    def __str__(self) -> str:
        return self.text[:60]


CASES = [
    # nothing to read
    Case("", 1, 1, "no functions declared"),
    Case(" /* nothing */ \n", 1, 1, "no functions declared"),
    # punctuation
    Case("int f(int a)\nint g(int b);", 1, 13, "missing ';' after ')', before 'int'"),
    Case("int f(int a;", 1, 12, "expected ',' or ')' after parameter 1 of f"),
    Case("int f(int a", 1, 12, "the text ends here"),
    Case("int f(int a,\n      char **b\nint g(int);", 2, 15, "after parameter 2 of f, to close the '(' on line 1"),
    Case("int f(int a b);", 1, 13, "not 'b'"),
    Case("int f(int a,);", 1, 13, "expected a type in parameter 2 of f, not ')'"),
    Case("int f(,int a);", 1, 7, "expected a type in parameter 1 of f, not ','"),
    Case("int f(int x)) ;", 1, 13, "expected ';' after ')', not ')'"),
    Case("int (*f(int);", 1, 13, "expected ')' for the '(' on line 1"),
    Case("int f(int) /* no end", 1, 12, "comment never ends"),
    Case('int f(int) __asm__("x);', 1, 20, "never ends"),
    Case("int f(int) __attribute__((x);", 1, 25, "never closed"),
    Case("int f(int @a);", 1, 11, "stray character '@'"),
    Case("int f(int) \\ ;", 1, 12, "stray character '\\\\'"),
    Case("int f(int \N{LATIN SMALL LETTER E WITH ACUTE});", 1, 11, "stray character"),
    Case("int f(int) # 1", 1, 12, "stray '#'"),
    # types
    Case(
        "typedef struct sqlite3_stmt sqlite3_stmt;\nint sqlite3_step(int, sqlite3_stmtt *);",
        2,
        23,
        "unknown type 'sqlite3_stmtt' in parameter 2 of sqlite3_step; did you mean 'sqlite3_stmt'? "
        'Declare it first, e.g. "typedef struct sqlite3_stmtt sqlite3_stmtt;"',
    ),
    Case("unsinged int f(void);", 1, 1, "did you mean 'unsigned'?"),
    Case("z_stream f(void);", 1, 1, "unknown type 'z_stream'. Declare it first, e.g. \"typedef struct z_stream"),
    Case("struct foo { int x; };\nint f(foo *x);", 2, 7, "did you mean 'struct foo'?"),
    Case("struct s { foo_t x; };", 1, 12, "unknown type 'foo_t' in struct s"),
    Case("int f(int (*cb)(foo_t x));", 1, 17, "in parameter 1 of cb, parameter 1 of f"),
    Case("f(int);", 1, 1, "'f' has no result type; write e.g. 'int f(...)'"),
    Case("SQLITE_API int f(int);", 1, 1, "if it is a macro of the header, remove it"),
    Case("int ZEXPORT f(int);", 1, 5, "'ZEXPORT' stands between the type and the name 'f'"),
    Case("long float f(void);", 1, 1, "'long float' is not a type of C"),
    Case("struct s { int x; } int f(void);", 1, 21, "is a ';' or ',' missing before it?"),
    Case("size_t int f(void);", 1, 8, "'int' follows a complete type"),
    Case("int f(va_list a);", 1, 7, "declare the variadic function instead"),
    Case("double _Imaginary f(void);", 1, 8, "imaginary numbers are not supported"),
    Case("long _Complex f(void);", 1, 1, "is not a type of C"),
    Case("struct s { [offset(x)] int a; int x; };", 1, 13, "is no number of bytes"),
    Case("[size(4)] int f(void);", 1, 2, "does not belong here"),
    Case("struct s { int x; };\ntypedef [size(32)] struct s t;", 2, 10, "does not belong here"),
    Case("typedef int;", 1, 12, "expected the name of the new type"),
    Case("int;", 1, 4, "declares nothing"),
    Case("struct { int x; };", 1, 18, "declares nothing"),
    Case("int f(struct { int x; } *p);", 1, 7, "this struct has no name"),
    Case("int f(void x);", 1, 12, "void is not a value in parameter 1 of f"),
    Case("typedef void nothing; struct s { nothing x; };", 1, 42, "'x' of s has type void"),
    Case("int f(...);", 1, 7, "f needs a parameter before '...'"),
    Case("int f(int a, ..., int b);", 1, 17, "expected ')' after '...'"),
    Case("int f(int a, int b = 3);", 1, 20, "no default values"),
    Case("int f(typedef int x);", 1, 7, "'typedef' does not belong in parameter 1 of f"),
    Case("int f(struct 3);", 1, 14, "expected a name or '{' after 'struct'"),
    # what is no prototype
    Case("int x;", 1, 5, "'x' is a variable, and prototypes declare functions"),
    Case("extern int errno;", 1, 12, "'errno' is a variable"),
    Case("int x = 3;", 1, 5, "'x' is a variable"),
    Case("int f(void) { return 3; }", 1, 13, "function bodies are not read"),
    Case('extern "C" { int f(int); }', 1, 8, "remove 'extern \"C\"'"),
    # preprocessor
    Case(
        "int f(int);\n#include <a.h>", 2, 1, "'#include' is not understood here; callgate reads prototypes, not headers"
    ),
    Case("#ifdef X\nint f(int);\n#endif", 1, 1, "pass preprocessed prototypes"),
    Case("#define F(x) x", 1, 9, "macros with arguments"),
    Case("#define PI 3.14", 1, 13, "PI must be one integer constant"),
    Case("#define GUARD\nint f(void);", 1, 14, "#define GUARD has no value"),
    Case("#define 3", 1, 9, "expected a name after '#define'"),
    Case("#define A 1\n#define A 2", 2, 11, "A is already 1"),
    Case("#define A B", 1, 11, "'B' is not an integer constant declared above"),
    Case("#pragma pack(3)", 1, 14, "expected 1, 2, 4, 8, 16, 32, 64, 128, push or pop"),
    Case("#pragma pack(pop)", 1, 14, "without a '#pragma pack(push)'"),
    Case("#pragma omp parallel", 1, 9, "'#pragma omp' is not understood"),
    # constants
    Case("enum e { A = sizeof(int) };", 1, 14, "layout belongs to the host"),
    Case("enum e { A, B, A };", 1, 16, "'A' is declared twice"),
    Case("enum e { };", 1, 8, "enum e has no constants"),
    Case("enum e { A B };", 1, 12, "expected ',' or '}' in enum e"),
    Case("enum e { A = 18446744073709551615U, B };", 1, 37, "does not fit 64 bits"),
    Case("enum e { A = 0xFFFFFFFFFFFFFFFF, B = -1 };", 1, 8, "no integer holds all constants"),
    Case("#define A (1 << 40)", 1, 14, "cannot shift 32 bits by 40"),
    Case("#define A 1 / 0", 1, 13, "division by zero"),
    Case("#define A 2147483647 + 1", 1, 22, "does not fit 32 bits"),
    Case("#define A 08", 1, 11, "'08' is not an integer constant"),
    Case("#define A 18446744073709551616", 1, 11, "does not fit 64 bits"),
    Case("#define A 1lul", 1, 11, "is not an integer constant"),
    Case("#define A 'ab'", 1, 11, "is not a character constant"),
    Case("#define A (1", 1, 13, "expected ')' in a constant expression"),
    Case('#define A "text"', 1, 11, "expected an integer constant"),
    # arrays, bit-fields, structs
    Case("int f(double v[n]);", 1, 16, "write '[size_is(n)]' before a pointer"),
    Case("int f(int v[-1]);", 1, 13, "an array cannot have -1 elements"),
    Case("int f(int v[3);", 1, 14, "expected ']' after the length of an array"),
    Case("int f(int v[3][]);", 1, 11, "only the first brackets of an array may be empty"),
    Case("struct s { int a[]; int b; };", 1, 16, "'a' of s has no length"),
    Case("union s { int b; int a[]; };", 1, 22, "'a' of s has no length"),
    Case("struct s { int a : 40; };", 1, 20, "1 to 32 bits, not 40"),
    Case("struct s { int : 0; };", 1, 18, "a bit-field of width 0 is not supported"),
    Case("struct s { float a : 3; };", 1, 20, "a bit-field needs an integer type"),
    Case("struct s { int x; int x; };", 1, 23, "struct s has two members 'x'"),
    Case("struct s { int x; struct { int x; }; };", 1, 19, "struct s has two members 'x'"),
    Case("struct s { int x };", 1, 17, "missing ';' after a member of struct s"),
    Case("struct s { int x;", 1, 10, "the '{' of struct s is never closed"),
    Case("struct s { int; };", 1, 12, "a member of struct s has no name"),
    Case("struct s { struct t { int x; }; };", 1, 12, "a member of struct s has no name"),
    Case("struct s { };", 1, 10, "write 'struct s;'"),
    Case("struct s { int f(int); };", 1, 16, "write a pointer: '(*f)(...)'"),
    Case("struct s { int x; };\nstruct s { int x; };", 2, 8, "struct s is already defined on line 1"),
    Case("struct s; union s *f(void);", 1, 17, "'s' is a struct on line 1, not a union"),
    Case("struct a { struct a x; };", 1, 21, "struct a contains itself through 'x'"),
    Case("struct a { struct b *x; struct b y; }; struct b { struct a z[2]; };", 1, 60, "contains itself through 'z'"),
    Case("int f(enum e x);", 1, 14, "enum e is used but never defined"),
    Case("struct a { int x; }; typedef struct { int x; } a;", 1, 30, "'a' also names another type, on line 1"),
    Case("struct s { int x __attribute__((aligned(8))); };", 1, 33, "changes the layout"),
    Case("struct s { int x __attribute__((packed)); };", 1, 33, "right behind 'struct' or behind the '}'"),
    # opaque types are not values
    Case("struct s; int f(struct s x);", 1, 26, "'x' of f has the opaque type 'struct s' as a value: only a pointer"),
    Case("typedef struct s t; t f(void);", 1, 23, "the result of f has the opaque type 't' as a value"),
    Case("struct s; struct r { struct s x; };", 1, 31, "'x' of r has the opaque type"),
    Case("struct s; int f(struct s x[3]);", 1, 26, "'x' of f has the opaque type"),
    # functions
    Case("int f(int)[3];", 1, 5, "f cannot return an array"),
    Case("int f(int)(int);", 1, 5, "f cannot return a function"),
    Case("int f(int (*v[3])(int)[2]);", 1, 13, "cannot return an array"),
    Case("int f(int a, int a);", 1, 18, "f has two parameters 'a'"),
    Case("int f(int);\nlong f(int);", 2, 6, "'f' is declared on line 1 and differently on line 2"),
    Case("typedef int t;\ntypedef long t;", 2, 14, "type 't' is declared differently on line 1"),
    Case("typedef int t;\nint t(void);", 2, 5, "'t' is already a type, declared on line 1"),
    Case("enum { f };\nint f(void);", 2, 5, "'f' is already a constant, declared on line 1"),
    # attributes
    Case("int f([ou] int *x);", 1, 8, "unknown attribute 'ou'; did you mean 'out'? Known attributes: in, out"),
    Case("int f([] int *x);", 1, 8, "expected an attribute, e.g. [out]"),
    Case("int f([in, unique char *y);", 1, 19, "expected ']' or ',' after an attribute"),
    Case("int f([out, out] int *x);", 1, 13, "attribute 'out' is given twice"),
    Case("int f([out] [out] int *x);", 1, 14, "attribute 'out' is given twice"),
    Case("int f([out(3)] int *x);", 1, 11, "attribute 'out' takes no argument"),
    Case("int f([size_is] int *x);", 1, 15, "attribute 'size_is' needs an argument"),
    Case("int f([size_is(m)] int *x, int n);", 1, 8, "size_is(m): f has no parameter 'm'. It has: x, n"),
    Case("int f([size_is(count)] int *x, int counts);", 1, 8, "did you mean 'counts'?"),
    Case("int f([size_is(x)] int *x);", 1, 8, "size_is(x) refers to 'x' itself"),
    Case("int f([size_is(n * 2)] int *x, int n);", 1, 18, "expected ')' to end size_is("),
    Case("int f([size_is(-1)] int *x);", 1, 16, "-1 elements are less than none"),
    Case("int f([size_is(*3)] int *x);", 1, 17, "expected a parameter name after '*'"),
    Case("int f([out, free(3)] char **x);", 1, 18, "expected the name of the function"),
    Case("int f([out, offset(3)] char **x);", 1, 13, "offset(3): f has no parameter '3'"),
    Case("int f(int (*cb)(int n, [size_is(m)] char **v));", 1, 25, "cb has no parameter 'm'"),
    Case("struct s { [size_is(m)] int *v; int n; };", 1, 13, "struct s has no member 'm'"),
    Case("[size_is(n)] int *f(int m);", 1, 2, "size_is(n): f has no parameter 'n'"),
    Case("int f(int [out] *x);", 1, 11, "[out] stands behind a type in parameter 1 of f; attributes come first"),
    Case("int f(int *x [out]);", 1, 14, "[out] stands behind a type"),
    Case("int f(int *x [size_is(n)], int n);", 1, 14, "[size_is(...)] stands behind a type"),
    Case("int [free(f)] g(void);", 1, 5, "attributes come first"),
    Case("[out] struct foo { int x; };", 1, 2, "not to types"),
    Case("[out] typedef int number;", 1, 2, "attributes do not belong on the type number"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_error(case: Case) -> None:
    """The error points at this line and column, and says this."""
    with pytest.raises(PrototypeError) as caught:
        parse(case.text)
    assert case.says in caught.value.message
    assert (caught.value.line, caught.value.column) == (case.line, case.column)


def test_message_shows_the_line_with_a_caret() -> None:
    """str() has the place, the message, the source line and a caret below the column, also behind tabs."""
    with pytest.raises(PrototypeError) as caught:
        parse("int f(int);\n\tint g(itn x);\n")
    error = caught.value
    said = (
        "prototypes, line 2, column 8: unknown type 'itn' in parameter 1 of g; did you mean 'int'? "
        'Declare it first, e.g. "typedef struct itn itn;"'
    )
    assert str(error).splitlines() == [
        said,
        "    \tint g(itn x);",
        "    \t      ^",
    ]
    assert error.text == "\tint g(itn x);"
    assert isinstance(error, ValueError)


def test_message_cuts_long_lines_and_words() -> None:
    """A line or word of any length gives a message that fits a screen, with the caret below its place."""
    text = "int f(int);" * 1000 + "int g(" + "x" * 10_000 + " y);"
    with pytest.raises(PrototypeError) as caught:
        parse(text)
    message, excerpt, caret = str(caught.value).splitlines()
    assert max(len(message), len(excerpt), len(caret)) < 400
    assert excerpt[caret.index("^") :].startswith("xxxx")


def test_windows_line_ends() -> None:
    """Lines that end in CR LF count once, and the CR is not shown."""
    with pytest.raises(PrototypeError) as caught:
        parse("int f(int);\r\nint g(itn);\r\n")
    assert (caught.value.line, caught.value.column, caught.value.text) == (2, 7, "int g(itn);")


def test_error_pickles() -> None:
    """The error survives pickling whole."""
    with pytest.raises(PrototypeError) as caught:
        parse("int f(")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.line, copy.column, copy.text) == (str(caught.value), 1, 7, "int f(")


def test_parsing_imports_no_difflib() -> None:
    """A text without errors is parsed without the modules that only errors need."""
    program = "import sys, callgate.declare as d; d.parse('int f(int);'); sys.exit('difflib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
