"""C headers as declarations: what they say is what prototypes would say, and what they cannot say is told."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import Lib
from callgate.declare import Declarations, parse
from callgate.headers import locate, read_for, read_header
from callgate.sources import FromHeader
from callgate.values import Constant
from callgate_protocol.model import Delegate, Function, TypeLibrary
from callgate_protocol.typelib import decode_library, encode_library
from tests.conftest import NATIVE
from tests.rules.three_styles import GALLERY, GALLERY_BEYOND_C, SQLITE, SQLITE_BEYOND_C, ZLIB

pytest.importorskip("clang.cindex", reason="the extra callgate[headers] is not installed")

GALLERY_H = str(NATIVE / "gallery.h")


def needs(*headers: str) -> pytest.MarkDecorator:
    """Skip a test where a development package is not installed."""

    def there(header: str) -> bool:
        try:
            locate.find(header, ())
        except callgate.DeclarationError:
            return False
        return True

    missing = [header for header in headers if not there(header)]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)} on this machine")


def read(*headers: str, text: str = "") -> Declarations:
    return read_header(FromHeader(headers, prototypes=text))


def written(tmp_path: Path, text: str, name: str = "mine.h") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def function(library: TypeLibrary, name: str) -> Function:
    return next(each for each in library.functions if each.name == name)


@pytest.fixture(scope="module")
def gallery() -> Declarations:
    return read(GALLERY_H, text=GALLERY_BEYOND_C)


# -- the same model ------------------------------------------------------------------------------------------------


def test_the_gallery_is_the_same_in_both_styles(gallery: Declarations) -> None:
    """A header with what it cannot say beside it means, byte for byte, what the prototypes mean."""
    assert encode_library(gallery.library) == encode_library(parse(GALLERY))


@pytest.mark.parametrize(
    ("header", "beside", "prototypes"),
    [
        pytest.param("zlib.h", "", ZLIB, marks=needs("zlib.h")),
        pytest.param("sqlite3.h", SQLITE_BEYOND_C, SQLITE, marks=needs("sqlite3.h")),
    ],
)
def test_whole_headers_mean_what_prototypes_mean(header: str, beside: str, prototypes: str) -> None:
    """Every function and type of the prototypes is in the header, and the same."""
    found, wanted = read(header, text=beside).library, parse(prototypes)

    for each in wanted.functions:
        assert function(found, each.name) == each
    assert set(wanted.records) <= set(found.records)
    assert {each for each in wanted.delegates if "." not in each.name} <= set(found.delegates)
    assert set(wanted.opaques) <= set(found.opaques)


@pytest.mark.parametrize(
    ("headers", "functions"),
    [
        pytest.param(("zlib.h",), 75, marks=needs("zlib.h")),
        pytest.param(("sqlite3.h",), 250, marks=needs("sqlite3.h")),
        pytest.param(("libxml/parser.h", "libxml/tree.h", "libxml/xpath.h"), 500, marks=needs("libxml/parser.h")),
        pytest.param(
            ("gsl/gsl_sf.h", "gsl/gsl_vector.h", "gsl/gsl_blas.h"), 2000, marks=needs("gsl/gsl_sf.h", "gsl/gsl_blas.h")
        ),
    ],
)
def test_whole_headers_go_through(headers: tuple[str, ...], functions: int) -> None:
    """Everything is declared that can be, and a host will understand it."""
    declared = read(*headers)
    names = {each.name for each in declared.library.functions}

    assert len(names) >= functions
    assert decode_library(encode_library(declared.library)) == declared.library
    assert not names.intersection(declared.refused)
    assert not names.intersection({"malloc", "printf", "fopen"}), "the C library is not the header's own"


# -- constants -----------------------------------------------------------------------------------------------------


def test_constants(gallery: Declarations) -> None:
    """Macros that are numbers, texts or magic pointers are constants; enums bring theirs."""
    constants = gallery.constants

    assert constants["GALLERY_LIMIT"] == 32
    assert constants["GALLERY_NAME"] == "gallery\n"
    assert constants["GALLERY_RATIO"] == 2.5
    assert constants["GALLERY_ALL"] == 32 | 1 << 40
    assert constants["GALLERY_LAST"] == callgate.constant(-1)
    assert constants["BLUE"] == -1
    assert "GALLERY_API" not in constants
    assert "GALLERY_H" not in constants


def test_contexts_are_guessed_where_they_are_sure(tmp_path: Path) -> None:
    """A callback type that is also used without its `void *`, or in a struct, gets a plain pointer everywhere."""
    text = """
        typedef int (*once)(void *user, int n); typedef int (*twice)(void *user, int n);
        typedef int (*held)(void *, int);
        int a(once f, void *user); int b(twice f, void *user); int c(twice f); struct s { held f; void *user; };
        int d(struct s *s, int n); int e(held f, void *user); int g(void (*release)(void *memory), void *memory);
    """
    library = read(written(tmp_path, text)).library
    callables: list[Function | Delegate] = [*library.functions, *library.delegates]
    contexts = {each.name for each in callables if any(given.has("context") for given in each.parameters)}

    assert contexts == {"a", "once"}


@needs("sqlite3.h")
def test_what_is_given_back_is_a_pointer() -> None:
    """A table that the library made goes back to it as it is: its `char **` is neither filled nor copied."""
    (result,) = function(read("sqlite3.h").library, "sqlite3_free_table").parameters

    assert result == parse("void f(void *result);").functions[0].parameters[0]


@needs("sqlite3.h")
def test_constants_of_sqlite() -> None:
    """SQLite's magic destructors are constants that can be passed."""
    constants = read("sqlite3.h").constants

    assert constants["SQLITE_TRANSIENT"] == Constant(-1)
    assert constants["SQLITE_ROW"] == 100
    assert constants["SQLITE_VERSION"].startswith("3.")


# -- what cannot be declared ---------------------------------------------------------------------------------------


def test_refused(gallery: Declarations) -> None:
    """What cannot be declared is listed, each with its reason."""
    refused = gallery.refused

    assert "aligned explicitly" in refused["Aligned"]
    assert refused["aligned_sum"] == "parameter 1 'a' is a value of struct Aligned, which is opaque"
    assert "variadic function" in refused["list_of"]
    assert "variable" in refused["gallery_variable"]
    assert "static inline" in refused["inline_sum"]
    assert "macro with arguments" in refused["GALLERY_TWICE"]
    assert "without a length" in refused["Empty_array_first"]
    assert set(refused) == {
        "Aligned",
        "Empty_array_first",
        "GALLERY_TWICE",
        "aligned_sum",
        "gallery_variable",
        "inline_sum",
        "list_of",
    }


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("void f(__int128 x);", "f", "parameter 1 'x': __int128 is not supported"),
        (
            "enum e; int f(int n, enum e *p); enum e h(void); void g(struct s { int x; } *p, struct t by_value);",
            "g",
            "a value of struct t, which is opaque",
        ),
        ("union u { int v[0]; int n; }; int f(union u *);", "u", "'v' is an array without a length"),
        ("typedef float v4 __attribute__((vector_size(16))); v4 f(v4 x);", "f", "vectors of the processor"),
        ("struct z { int a : 3; int : 0; int b : 2; }; int f(struct z);", "z", "width 0"),
    ],
)
def test_inexpressible(tmp_path: Path, text: str, name: str, reason: str) -> None:
    """What C has and callgate has not is refused by name, and the rest of the header is there."""
    declared = read(written(tmp_path, text + "\nint good(int x);"))

    assert reason in declared.refused[name]
    assert "good" in {each.name for each in declared.library.functions}


def test_a_pointer_to_the_inexpressible_is_a_plain_pointer(tmp_path: Path) -> None:
    """Only values need a type; a pointer may be passed on without one."""
    text = "void f(__int128 *p, void (*g)(__int128 x), struct s { __float128 q; } *t);"
    first, second, third = function(read(written(tmp_path, text)).library, "f").parameters
    by_hand = parse("struct s; void f(void *p, void *g, struct s *t);").functions[0].parameters

    assert (first, second, third.type) == (by_hand[0], by_hand[1], by_hand[2].type)


def test_a_missing_header() -> None:
    """The error says where it was looked for and what to do."""
    with pytest.raises(callgate.DeclarationError, match=r"no header 'nothing\.h' in .*development package"):
        read("nothing.h")


def test_a_header_that_does_not_compile(tmp_path: Path) -> None:
    """The error is the compiler's, with its place."""
    with pytest.raises(callgate.DeclarationError, match=r"mine\.h, line 1: unknown type name 'uint33_t'"):
        read(written(tmp_path, "uint33_t f(void);"))


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"header": 3}, TypeError, "header is a str, a path, or a list of them, not 3"),
        ({"header": ["zlib.h", None]}, TypeError, "None in it is none"),
        ({"header": b"zlib.h"}, TypeError, "not b'zlib.h'"),
        ({"header": GALLERY_H, "defines": [1]}, TypeError, "defines is a str"),
        ({"defines": ["A"], "prototypes": "int f(void);"}, ValueError, "none was given: header="),
        ({"header": 'a".h'}, callgate.DeclarationError, "no file is called so"),
        ({"header": "/"}, callgate.DeclarationError, "there is no header /"),
        ({"header": GALLERY_H, "prototypes": "int f(int"}, callgate.DeclarationError, "the text ends here"),
    ],
)
def test_bad_input(options: dict[str, Any], kind: type[Exception], said: str) -> None:
    """Whatever is no header is refused by name, before anything is started."""
    with pytest.raises(kind) as refused:
        callgate.load("libc.so.6", **options)
    assert said in str(refused.value)


def test_a_header_without_functions(tmp_path: Path) -> None:
    """There is nothing to load, and the error says why."""
    with pytest.raises(callgate.DeclarationError, match=r"no function in it can be declared; for one, f: .*__int128"):
        read(written(tmp_path, "void f(__int128 x);"))


def test_paths(tmp_path: Path) -> None:
    """A path may be a `pathlib.Path`, one option may stand alone."""
    path = written(tmp_path, "int abs(int value) AS;")
    with callgate.load("libc.so.6", header=Path(path), defines="AS=", include_dirs=tmp_path) as libc:
        assert libc.abs(-3) == 3


def test_include_dirs_and_defines(tmp_path: Path) -> None:
    """Both reach the compiler."""
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub", "#ifndef LEVEL\n#error no level\n#endif\n#include <other.h>\nint f(other_t v[LEVEL]);")
    written(tmp_path / "sub", "typedef short other_t;\nint unrelated(void);", "other.h")
    source = FromHeader(("mine.h",), (str(tmp_path / "sub"),), ("LEVEL=2",))

    assert [each.name for each in read_header(source).library.functions] == ["f", "unrelated"]
    with pytest.raises(callgate.DeclarationError, match="no level"):
        read_header(source._replace(defines=()))


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """libclang has no headers of its own; where there is no gcc to lend some, callgate's stand in."""
    monkeypatch.setattr("shutil.which", lambda *_words, **_options: None)
    locate.builtin_directories.cache_clear()
    try:
        assert [os.path.basename(path) for path in locate.builtin_directories()] == ["include"]
        assert encode_library(read(GALLERY_H, text=GALLERY_BEYOND_C).library) == encode_library(parse(GALLERY))
    finally:
        locate.builtin_directories.cache_clear()


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "clang.cindex", None)

    with pytest.raises(ImportError, match=r"needs the Python package libclang.*pip install 'callgate\[headers\]'"):
        callgate.load("libc.so.6", header=GALLERY_H)


# -- prototypes beside a header ------------------------------------------------------------------------------------


def test_prototypes_use_the_types_of_the_header() -> None:
    """And its constants; what they declare is not the header's any more."""
    text = "int sum([size_is(n)] const int *v, int n); int mine(struct Point p[GALLERY_LIMIT], Unary f);"
    library = read(GALLERY_H, text=text).library

    assert [str(word) for word in function(library, "sum").parameters[0].attributes] == ["size_is(n)"]
    assert function(library, "mine").parameters[1].type == function(library, "apply").parameters[0].type


def test_prototypes_may_define_a_struct_anew() -> None:
    """The definition that a person wrote wins, in the functions of the header as well."""
    library = read(GALLERY_H, text="struct Point { int x; int y; int z; };").library

    assert [field.name for field in library.record("Point").fields] == ["x", "y", "z"]


def test_an_error_in_the_prototypes_has_its_place() -> None:
    """The header does not shift lines."""
    with pytest.raises(callgate.DeclarationError, match=r"line 2, column 5: unknown type 'Poind'"):
        callgate.load("libc.so.6", "int f(void);\n    Poind *g(void);", header=GALLERY_H)


# -- a library -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lib(compiled: Callable[[str], str]) -> Iterator[Lib]:
    with callgate.load(compiled("gallery"), GALLERY_BEYOND_C, header=GALLERY_H) as loaded:
        yield loaded


def test_a_library_through_its_header(lib: Lib) -> None:
    """Numbers, arrays, structs, handles and callbacks work without a word of callgate's own."""
    numbers = [1, 2, 3]
    lib.negate(numbers, 3)

    assert numbers == [-1, -2, -3]
    assert lib.sum([1, 2, 3], 3) == 6
    assert lib.increment(41) == (41, 42)
    assert lib.point_swap({"x": 1, "y": 2}) == callgate.types(lib).Point(2, 1)
    assert lib.apply(lambda value: value + 1, 41) == 42
    assert lib.apply_with(lambda given, value: len(given) + value, "four", 3) == 7
    assert lib.echo_color("GREEN") == callgate.types(lib).Color.GREEN
    code, thing = lib.thing_make(7)
    assert (code, lib.thing_value(thing)) == (0, 7)
    lib.thing_close(thing)
    with pytest.raises(callgate.ObjectGone, match="thing_close closed it"):
        lib.thing_value(thing)


def test_guesses_refuse_what_would_read_beyond(lib: Lib) -> None:
    """R6.3: a guessed length is checked like a written one."""
    with pytest.raises(callgate.ArgumentError, match="it has 2 elements, but 'n' says 3"):
        lib.sum([1, 2], 3)


def test_the_reason_stands_where_it_is_missed(lib: Lib) -> None:
    """Who asks for a function that could not be declared is told why."""
    with pytest.raises(callgate.EntryPointNotFoundError, match=r"'list_of' of the header .* variadic function instead"):
        lib.list_of(1)
    assert "list_of" in callgate.info(lib).refused
    assert not hasattr(lib, "aligned_sum")


def test_the_c_library_through_its_headers() -> None:
    """Functions of other headers count when the library exports them: mathcalls.h is not math.h."""
    declared = read_for("libm.so.6", FromHeader(("math.h",)))
    names = {each.name for each in declared.library.functions}

    assert {"cos", "frexp", "jn"} <= names
    assert "printf" not in names


@needs("zlib.h")
def test_zlib_without_knowing_any_of_it() -> None:
    """Buffers, lengths that come back, streams and files work with zlib.h alone."""
    data = b"callgate " * 1000
    with callgate.load("libz.so.1", header="zlib.h") as libz:
        target = bytearray(libz.compressBound(len(data)))
        code, length = libz.compress(target, len(target), data, len(data))

        assert code == callgate.types(libz).Z_OK
        assert zlib.decompress(target[:length]) == data
        assert libz.crc32(0, data, len(data)) == zlib.crc32(data)


@needs("gsl/gsl_vector.h")
def test_gsl_vectors() -> None:
    """A pointer to a struct that a library made goes back into it as it is."""
    with callgate.load("libgsl.so.27", header=["gsl/gsl_vector.h", "gsl/gsl_blas.h"]) as gsl:
        vector = gsl.gsl_vector_alloc(4)
        gsl.gsl_vector_set_all(vector, 1.5)

        assert gsl.gsl_blas_dnrm2(vector) == 3.0
        gsl.gsl_vector_free(vector)


@needs("libxml/tree.h")
def test_libxml_trees() -> None:
    """`xmlChar` is text although it is unsigned; NULL is allowed where C allows it."""
    with callgate.load("libxml2.so.2", header=["libxml/parser.h", "libxml/tree.h"]) as xml:
        text = "<cheese><name>brie</name></cheese>"
        document = xml.xmlParseMemory(text, len(text))
        root = xml.xmlDocGetRootElement(document)

        assert callgate.cast(xml, root, "xmlNode").name == "cheese"
        assert xml.xmlNodeGetContent(root) == "brie"
        assert xml.xmlNodeGetContent(xml.xmlNewChild(root, None, "age", "3")) == "3"
        xml.xmlFreeDoc(document)
