"""What `str` and `Char` mean by the charset of a library, a function, a struct (R4, R5.1, R5.21)."""

# mypy: disable-error-code="misc, valid-type"
# Types are values here.

from __future__ import annotations

from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    Array,
    Borrowed,
    Char,
    Char8,
    Char16,
    FixedText,
    LPStr,
    LPTStr,
    Out,
    Ref,
    StrBuf,
    VBByRefStr,
    count_of,
    delegate,
    i1,
    i2,
    i4,
    library,
    long_,
    native,
    struct,
    u1,
    u2,
)
from callgate.typed.libraries import declarations_of
from callgate_protocol.model import Pointer, Scalar, TypeLibrary

from .ways import TypedLoader


@struct(charset="ansi")
class Tag:
    text: str | None
    id: i4


@struct
class Inner:
    letter: Char


@struct(charset="unicode")
class Wide:
    text: str | None
    letter: Char
    name: Annotated[str, FixedText(4)]
    inner: Inner


def declared(annotation: Any, charset: str = "") -> TypeLibrary:
    class Probe(Protocol):
        def f(self, p: Any) -> None: ...

    Probe.f.__annotations__ = {"p": annotation, "return": None}
    decorate: Any = library("libprobe.so", charset=charset)
    return declarations_of(decorate(Probe)).library


def unit(annotation: Any, charset: str = "") -> str:
    """The scalar that a parameter is, points to, or points to a pointer to."""
    ctype = declared(annotation, charset).functions[0].parameters[0].type
    while isinstance(ctype, Pointer):
        ctype = ctype.target
    assert isinstance(ctype, Scalar)
    return ctype.name


@pytest.mark.rule("R4.4")
@pytest.mark.parametrize("annotation", [Char, Array[Char], Ref[Char]])
def test_r04_01_width_of_a_character(annotation: Any) -> None:
    """The table of R4: one byte, or two under "unicode"; "auto" is one byte."""
    assert [unit(annotation, charset) for charset in ("", "ansi", "auto", "unicode")] == [*["char"] * 3, "char16"]


@pytest.mark.parametrize("charset", ["ansi", "unicode"])
def test_r04_03_a_character_by_its_width(charset: str) -> None:
    """I1 and U1, I2 and U2 say the width whatever the charset; they are characters still."""
    widths = {i1: "i1", u1: "u1", i2: "i2", u2: "u2"}
    for marker, expected in widths.items():
        assert unit(Annotated[str, marker], charset) == expected
        assert unit(Annotated[Char, marker], charset) == expected
        assert declared(Annotated[Char, marker], charset).functions[0].parameters[0].has("character")
    assert unit(Char8, charset) == "char"
    assert unit(Char16, charset) == "char16"


@library("libgeometry.so", charset="unicode")
class Unicode(Protocol):
    def units(self, s: str | None) -> long_: ...
    @native(charset="ansi")
    def octets(self, s: str | None) -> long_: ...
    @native(charset="ansi")
    def letter(self, c: Char) -> i4: ...
    def letter16(self, c: Char) -> i4: ...
    def tag_units(self, s: str, t: Tag) -> i4: ...


@library("libgeometry.so")
class Ansi(Protocol):
    def octets(self, s: str | None) -> long_: ...
    def first_byte(self, s: str) -> i4: ...
    def letter(self, c: Char) -> i4: ...
    def version(self) -> Borrowed[str]: ...
    def twice(self, s: str) -> str: ...
    def write_name(self, s: StrBuf, n: i4 = count_of("s")) -> i4: ...
    @native(entry_point="units")
    def tstr(self, s: LPTStr) -> long_: ...


@library("libgeometry.so", charset="auto")
class Auto(Protocol):
    def octets(self, s: str) -> long_: ...
    def units(self, s: LPTStr) -> long_: ...


@pytest.fixture(scope="module")
def unicode(load_typed: TypedLoader) -> Unicode:
    return load_typed("geometry", Unicode)


@pytest.fixture(scope="module")
def ansi(load_typed: TypedLoader) -> Ansi:
    return load_typed("geometry", Ansi)


def test_r05_01_the_default_is_utf8(ansi: Ansi) -> None:
    """`str` is `char *` in UTF-8, in parameters and results."""
    assert ansi.octets("hé") == 3
    assert ansi.octets(None) == -1
    assert ansi.first_byte("é") == 0xC3
    assert ansi.version() == "geometry 2"
    assert ansi.twice("é") == "éé"


def test_r05_12_a_strbuf_has_a_length(ansi: Ansi) -> None:
    """`count_of` a StrBuf is its room in units; what was written comes back as text."""
    buffer = StrBuf(10)

    assert ansi.write_name(buffer) == 31
    assert str(buffer) == "héllo"
    assert ansi.write_name(StrBuf(10), 5) == -5


def test_r05_01_unicode_and_auto(unicode: Unicode, load_typed: TypedLoader) -> None:
    """ "unicode" is UTF-16; "auto" is UTF-8 while the marker LPTStr is UTF-16 everywhere."""
    auto = load_typed("geometry", Auto)

    assert unicode.units("hé\U0001f600") == 4
    assert unicode.units(None) == -1
    assert auto.octets("hé") == 3
    assert auto.units("hé") == 2
    assert unit(LPTStr) == "char16"


@pytest.mark.rule("R4.1")
def test_r05_21_charset_of_a_function(unicode: Unicode, ansi: Ansi) -> None:
    """A function's own charset comes before the library's."""
    assert unicode.octets("hé") == 3
    assert unicode.letter("a") == ansi.letter("a") == 97
    assert unicode.letter16("€") == 0x20AC
    with pytest.raises(callgate.MarshalError):
        unicode.letter("€")


def test_r05_21_charset_of_a_struct(unicode: Unicode) -> None:
    """A struct's fields follow the struct, whatever function it is passed to: UTF-16 beside UTF-8."""
    assert unicode.tag_units("é€", Tag("é€", 4)) == 2 * 100 + 5 * 10 + 4


def test_r05_21_nested_structs_keep_their_own() -> None:
    """A struct inside a unicode struct is not unicode for that."""
    records = {record.name: record for record in declared(Wide).records}
    wide = {field.name: field.type for field in records["Wide"].fields}

    assert wide["text"] == Pointer(Scalar("char16"))
    assert wide["letter"] == Scalar("char16")
    assert records["Inner"].fields[0].type == Scalar("char")


def test_r05_21_charset_of_a_delegate() -> None:
    """A delegate has its own, else the library's."""

    @delegate(charset="ansi")
    class Own(Protocol):
        def __call__(self, s: str, /) -> i4: ...

    @delegate
    class Plain(Protocol):
        def __call__(self, s: str, /) -> i4: ...

    found = {}
    for shape in (Own, Plain):
        delegates = declared(shape, "unicode").delegates
        found[delegates[0].name] = delegates[0].parameters[0].type
    assert found == {"Own": Pointer(Scalar("char"), const=True), "Plain": Pointer(Scalar("char16"), const=True)}


@pytest.mark.rule("R5.8", "R5.9", "R5.10")
def test_r05_01_who_frees() -> None:
    """Results, outs and text by reference are the caller's and freed; borrowed ones stay the library's."""

    class Probe(Protocol):
        def owned(self) -> LPStr: ...
        def lent(self) -> Borrowed[LPStr]: ...
        def out(self) -> tuple[i4, Out[LPStr]]: ...
        def lent_out(self) -> tuple[i4, Out[Borrowed[LPStr]]]: ...
        def renamed(self, s: Ref[LPStr]) -> i4: ...

    decorate: Any = library("libprobe.so")
    functions = {function.name: function for function in declarations_of(decorate(Probe)).library.functions}
    free = {
        name: [str(each) for part in (function.result, *function.parameters) for each in part.attributes]
        for name, function in functions.items()
    }
    assert free == {
        "owned": ["free(free)"],
        "lent": [],
        "out": ["free(free)", "out"],
        "lent_out": ["out"],
        "renamed": ["free(free)", "in", "out"],
    }


@pytest.mark.parametrize("charset", ["ansi", "unicode"])
def test_r05_20_text_edited_in_place(charset: str) -> None:
    """VBByRefStr follows the charset, and its final value can stand in the result."""
    parameter = declared(VBByRefStr, charset).functions[0].parameters[0]

    assert unit(VBByRefStr, charset) == {"ansi": "char", "unicode": "char16"}[charset]
    assert {attribute.name for attribute in parameter.attributes} == {"in", "out", "string"}


def test_r05_01_strings_in_structs_and_arrays() -> None:
    """Fields are pointers by the charset of their struct; arrays of texts are pointers to pointers."""
    records = {record.name: record for record in declared(Tag, "unicode").records}

    assert records["Tag"].fields[0].type == Pointer(Scalar("char"))
    assert declared(Array[LPStr]).functions[0].parameters[0].type == Pointer(Pointer(Scalar("char")))
    assert unit(Array[str], "unicode") == "char16"
