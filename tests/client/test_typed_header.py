"""`@library(…, header=…)`: the header says the C of the methods whose annotations do not."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import Handle, Ptr, count_of, f8, i4, int_, library, native, prototype, size_is, struct, uint, ulong
from callgate.typed.libraries import declarations_of
from tests.client.test_headers import GALLERY_H, needs, read
from tests.conftest import NATIVE

pytest.importorskip("clang.cindex", reason="the extra callgate[headers] is not installed")


# -- zlib --------------------------------------------------------------------------------------------------------------


@needs("zlib.h")
def test_the_header_says_what_python_leaves_open() -> None:
    """Plain annotations, a default that is a count, another name, and a method with markers of its own."""

    @library("libz.so.1", header="zlib.h")
    class Z(Protocol):
        def zlibVersion(self) -> str: ...  # noqa: N802
        def crc32(self, crc: int, buf: bytes, n: int = count_of("buf")) -> int: ...
        def compress(self, dest: bytearray, size: int, source: bytes, n: int = count_of("source")) -> Any: ...
        @native(entry_point="adler32")
        def checksum(self, adler: int, buf: bytes, n: int) -> int: ...
        def crc32_z(self, crc: ulong, buf: Annotated[bytes, size_is("n")], n: callgate.size_t) -> ulong: ...
        @prototype("uLong adler32_z(uLong start, [size_is(n)] const Bytef *data, z_size_t n)")
        def adler32_z(self, start: int, data: bytes, n: int) -> int: ...

    library_of_z: Any = callgate.load(Z)
    with library_of_z as z:
        constants = callgate.types(z)
        assert z.zlibVersion() == constants.ZLIB_VERSION
        assert z.crc32(0, b"abc") == z.crc32(0, b"abc", 3) == z.crc32_z(0, b"abc", 3) == 0x352441C2
        assert z.checksum(1, b"abc", 3) == z.adler32_z(1, b"abc", 3) == 0x024D0127
        assert z.compress(bytearray(100), 100, b"a" * 1000) == (constants.Z_OK, 17)
        stream = callgate.new(z, "z_stream")
        stream.avail_in = 7
        assert stream.avail_in == 7
        with pytest.raises(AttributeError):
            z.inflate  # noqa: B018 - the class has no such method


@needs("zlib.h")
def test_what_the_header_says_is_the_same_as_for_load() -> None:
    """The model of a method is the model of the header's function."""

    @library("libz.so.1", header=["zlib.h"])
    class Z(Protocol):
        def deflate(self, strm: Any, flush: int) -> Any: ...
        def gzprintf(self, file: Any, text: str, *more: Any) -> int: ...

    found = {each.name: each for each in declarations_of(Z).library.functions}
    wanted = {each.name: each for each in read("zlib.h").library.functions}
    assert found == {name: wanted[name] for name in ("deflate", "gzprintf")}
    assert set(read("zlib.h").library.records) <= set(declarations_of(Z).library.records)


@needs("zlib.h")
def test_markers_win() -> None:
    """A method that says all of C itself is not asked of the header."""

    @library("libz.so.1", header="zlib.h")
    class Z(Protocol):
        def zError(self, number: i4) -> Ptr[None] | None: ...  # noqa: N802
        def zlibCompileFlags(self) -> uint: ...  # noqa: N802

    found = {each.name: each for each in declarations_of(Z).library.functions}
    assert str(found["zlibCompileFlags"].result.type) != str(function("zlibCompileFlags").result.type)
    assert found["zError"].parameters[0].name == "number"


def function(name: str) -> Any:
    return next(each for each in read("zlib.h").library.functions if each.name == name)


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_method_that_nobody_declares() -> None:
    """The error names it, and what can be done."""
    with pytest.raises(callgate.DeclarationError, match=r"Wrong\.nobody: .*gallery\.h does not declare nobody.*mark"):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            def nobody(self, n: int) -> int: ...


def test_a_method_that_the_header_has_and_nobody_can_call() -> None:
    """The reason is the header's."""
    with pytest.raises(callgate.DeclarationError, match=r"inline_sum, but it is a static inline function"):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            def inline_sum(self, a: int, b: int) -> int: ...


def test_another_number_of_arguments() -> None:
    """What a type checker lets through has to be what a call takes."""
    with pytest.raises(callgate.DeclarationError, match=r"Wrong\.sum takes 1 arguments.* 2 are given: v, n.*int sum\("):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            def sum(self, v: list[int]) -> int: ...


def test_a_count_of_nothing() -> None:
    """`count_of` names an argument."""
    with pytest.raises(callgate.DeclarationError, match=r"count_of\('w'\) names none of v, n"):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            def sum(self, v: list[int], n: int = count_of("w")) -> int: ...


def test_a_prototype_that_the_header_contradicts() -> None:
    """As beside `load(header=…)`; and what is no C says its method."""
    with pytest.raises(callgate.DeclarationError, match="takes 3 parameters here and 2 in the header"):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            @prototype("int sum(const int *v, int n, int more)")
            def sum(self, v: list[int], n: int, more: int) -> int: ...

    with pytest.raises(callgate.DeclarationError, match=r"Worse\.sum, prototype 'int sum\(foo v\)': .*foo"):

        @library("libgallery.so", header=GALLERY_H)
        class Worse(Protocol):
            @prototype("int nothing(void)")
            def nothing(self) -> int: ...
            @prototype("int sum(foo v)")
            def sum(self, v: int) -> int: ...


def test_options_without_a_header() -> None:
    """As for `load`."""
    with pytest.raises(ValueError, match="include_dirs and defines say how a header is read"):
        library("libm.so.6", defines=["X"])


def test_no_such_header() -> None:
    """As for `load`."""
    with pytest.raises(callgate.DeclarationError, match=r"no_such\.h"):

        @library("libm.so.6", header="no_such.h")
        class Wrong(Protocol):
            def cos(self, x: float) -> float: ...


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "clang.cindex", None)

    with pytest.raises(ImportError, match=r"needs the Python package libclang.*pip install 'callgate\[headers\]'"):

        @library("libgallery.so", header=GALLERY_H)
        class Wrong(Protocol):
            def sum(self, v: list[int], n: int) -> int: ...


# -- classes of one's own ----------------------------------------------------------------------------------------------

HEADED_H = str(NATIVE / "headed.h")


def test_classes_of_ones_own(compiled: Callable[[str], str]) -> None:
    """Where a class has the name of a type of the header, values are of that class."""

    @library(compiled("headed"), header=HEADED_H, defines="WIDE")
    class Headed(Protocol):
        def swapped(self, p: point) -> point: ...
        def sum_of(self, p: point | None) -> int: ...
        def next_of(self, c: color) -> color: ...
        def make(self) -> stream: ...
        def tell(self, s: stream) -> int: ...
        def apply(self, call: Callable[[int], int], n: int = 3) -> int: ...
        def wide(self) -> int: ...
        @prototype("int look([unique] hidden *h)")
        def look(self, h: Any) -> int: ...

    loaded: Any = callgate.load(Headed)
    with loaded as headed:
        assert headed.swapped(point(1, 2)) == point(2, 1)
        assert headed.sum_of(point(1, 2)) == 2001
        assert headed.next_of(color.RED) is color.GREEN
        made = headed.make()
        assert isinstance(made, stream)
        assert headed.tell(made) == 42
        assert headed.apply(lambda n: n * 2) == 18
        assert headed.apply(lambda n: n * 2, callgate.types(headed).HEADED_LIMIT) == 36
        assert headed.wide() == 64
        assert headed.look(None) == 1


def test_classes_that_the_header_contradicts() -> None:
    """Another member, another value, a struct of what the header does not show, a handle that is passed by value."""
    with pytest.raises(callgate.DeclarationError, match=r"Wrong: point has double y here and int y in the header"):

        @library("libheaded.so", header=HEADED_H)
        class Wrong(Protocol):
            def swapped(self, p: Other) -> Other: ...

    with pytest.raises(callgate.DeclarationError, match=r"color\.BLUE is 6 here and -1 in the header"):

        @library("libheaded.so", header=HEADED_H)
        class Worse(Protocol):
            def next_of(self, c: OtherColor.color) -> Any: ...

    with pytest.raises(callgate.DeclarationError, match=r"does not say what is in hidden, so it is a Handle"):

        @library("libheaded.so", header=HEADED_H)
        class Worst(Protocol):
            def look(self, h: Hidden) -> int: ...

    with pytest.raises(callgate.DeclarationError, match=r"swapped: it passes a struct by value"):

        @library("libheaded.so", header=HEADED_H)
        class Handled(Protocol):
            def swapped(self, p: PointHandle) -> Any: ...


class color(IntEnum):  # noqa: N801 - it is the header's
    RED = 0
    GREEN = 5
    BLUE = -1


class OtherColor:
    class color(IntEnum):  # noqa: N801 - it is the header's
        RED = 0
        BLUE = 6


@struct
class point:  # noqa: N801 - it is the header's
    x: int_ = 0
    y: int_ = 0


@struct(name="point")
class Other:
    x: int_ = 0
    y: f8 = 0


@struct(name="hidden")
class Hidden:
    x: int_ = 0


class stream(Handle):  # noqa: N801 - it is the header's
    pass


class PointHandle(Handle, name="point"):
    pass
