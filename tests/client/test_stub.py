"""Stubs of generated and edited modules: plain Python for type checkers, and beside the module unless one says no."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from callgate.headers.stub import stub_of
from tests.client.test_bindgen import bindgen
from tests.client.test_headers import GALLERY_H, needs
from tests.typing.checkers import marked, mypy_errors, pyright_errors

pytest.importorskip("clang.cindex", reason="the extra callgate[headers] is not installed")

EDITED = '''
"""A module that a person has edited.

More of it.
"""

from __future__ import annotations

import callgate
from enum import IntEnum
from typing import Annotated, Any, Final, Protocol

from callgate import Array, Borrowed, Context, FixedText, Handle, In, InOut, LPStr, Out, Ptr, Ref, constant, count_of
from callgate import Date, delegate, i4, int_, library, named, native, offset, prototype, size_is, size_t, struct, union

LAST: Final = constant(-1)
NAME: Final = "i4"
RATIO: Final = float("inf")
Text = LPStr | None


class Color(IntEnum):
    RED = 0


class Db(Handle, name="sqlite3"):
    """A database."""

    __opaque__ = "sqlite3"


@struct(name="person_s", pack=4)
class Person:
    name: Annotated[str, FixedText(16)]
    int: i4 = 0
    other: Person2 | None = None

    @property
    def grown(self) -> bool:
        return self.int > 18


@struct(layout="explicit")
class Placed:
    a: i4 = offset(0)
    b: i4 = offset(4, default=3)


@union
class Number:
    i: i4 = 0


@delegate
class Row(Protocol):
    def __call__(self, seen: Context, n: int_, /) -> int_: ...


@library("libx.so", charset="unicode", types=(Placed,))
class X(Protocol):
    """The functions."""

    def open(self, path: LPStr) -> tuple[i4, Annotated[Out[Db], named("db")]]:
        """int open(const char *path, sqlite3 **db)"""
        ...

    def sum(self, v: Annotated[In[Array[int_]], size_is("n")], n: size_t = count_of("v")) -> callgate.i8: ...
    def swap(self, a: Ref[i4], p: Ptr[None], row: Row | None) -> tuple[None, InOut["i4"]]: ...
    @native(entry_point="real")
    def text(self, *more: Any) -> Borrowed[LPStr] | None: ...
    @prototype("double when(DATE d)")
    def when(self, d: Date) -> float: ...


def helper(x: i4 = 3) -> Text:
    return str(x)
'''

PLAIN = '''\
# The types of x.py in plain Python, for type checkers and editors. x.py decides what a call means;
# when you have edited it, make this file anew: callgate bindgen x.py --force
"""A module that a person has edited."""

from callgate import Box, Handle, HostStruct, NativePtr, struct, union
from callgate.memory import Memory
from callgate.values import Constant
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, Protocol, TypeAlias
from typing_extensions import Buffer

_Pointer: TypeAlias = NativePtr | Memory | HostStruct | Constant | bytes | bytearray | None
_Place: TypeAlias = NativePtr | Memory | HostStruct
_int: TypeAlias = int
LAST: Final[Constant]
NAME: Final = 'i4'
RATIO: Final[float]
Text = str | None
class Color(IntEnum):
    RED = 0
class Db(Handle):
    """A database."""
@struct
class Person:
    name: str
    int: _int = ...
    other: Person2 | None = ...

    @property
    def grown(self) -> bool:
        ...
@struct
class Placed:
    a: int
    b: int = ...
@union
class Number:
    i: int = ...
class Row(Protocol):

    def __call__(self, seen: Any, n: int, /) -> int:
        ...
class X(Protocol):
    """The functions."""

    def open(self, path: str) -> tuple[int, Db]:
        """int open(const char *path, sqlite3 **db)"""

    def sum(self, v: Sequence[int] | Buffer | _Place, n: int=...) -> int:
        ...

    def swap(self, a: int | Box[int] | _Place, p: _Pointer, row: Row | None | NativePtr | Constant) -> tuple[None, int]:
        ...

    def text(self, *more: Any) -> str | None:
        ...

    def when(self, d: datetime) -> float:
        ...
def helper(x: int=...) -> Text:
    ...
'''


def test_a_module_in_plain_python() -> None:
    """Everything that a person may have written: marks go, types and names and docstrings stay."""
    assert stub_of(EDITED.lstrip(), "x.py") == PLAIN


# -- the command -------------------------------------------------------------------------------------------------------


def test_beside_the_module(tmp_path: Path, compiled: Callable[[str], str]) -> None:
    """Written with the module, left out with --no-stub, and not written over without --force."""
    module, stub = tmp_path / "gallery.py", tmp_path / "gallery.pyi"
    words = (GALLERY_H, "--library", compiled("gallery"), "-o", str(module))

    assert bindgen(*words, "--no-stub").returncode == 0
    assert module.exists()
    assert not stub.exists()
    module.unlink()
    stub.write_text("mine")
    refused = bindgen(*words)
    assert (refused.returncode, stub.read_text(), module.exists()) == (1, "mine", False)
    assert "gallery.pyi is there already" in refused.stderr
    assert bindgen(*words, "--force").returncode == 0
    assert "callgate bindgen gallery.py --force" in stub.read_text()
    assert "def echo_color(self, color: Color) -> Color:" in stub.read_text()


def test_of_an_edited_module(tmp_path: Path) -> None:
    """The command that stands in the stub's head makes it again from what the module says now."""
    module, stub = tmp_path / "x.py", tmp_path / "x.pyi"
    module.write_text(EDITED)

    assert bindgen(str(module)).returncode == 0
    assert "def when(self, d: datetime) -> float:" in stub.read_text()
    module.write_text(EDITED.replace("d: Date", "d: i4"))
    assert bindgen(str(module)).returncode == 1
    assert bindgen(str(module), "--force").returncode == 0
    assert "def when(self, d: int) -> float:" in stub.read_text()


def test_what_is_no_module(tmp_path: Path) -> None:
    """Broken and missing files are said; a module and a header together make no sense."""
    broken = tmp_path / "broken.py"
    broken.write_text("def (:")

    for words, status in (((str(broken),), 1), ((str(tmp_path / "none.py"),), 1), ((str(broken), GALLERY_H), 2)):
        refused = bindgen(*words)
        assert refused.returncode == status
        assert refused.stderr.startswith("callgate: ")
        assert "Traceback" not in refused.stderr


# -- type checkers -----------------------------------------------------------------------------------------------------

GOOD = """
from typing import assert_type

import callgate
import sq
import z

libz = callgate.load(z.Z)
assert_type(libz.crc32(0, b"abc", 3), int)
assert_type(libz.zlibVersion(), str | None)
code, length = libz.compress(bytearray(100), 100, b"a" * 1000, 1000)
assert_type(length, int)
code == z.Z_OK
assert_type(z.gz_header(text=1).time, int)
file = libz.gzopen("x.gz", "wb")
libz.gzclose(file)
sqlite = callgate.load(sq.Sqlite3)
code, db = sqlite.sqlite3_open(":memory:")
assert_type(db, sq.sqlite3)
code, statement, tail = sqlite.sqlite3_prepare_v2(db, "select ?; rest", -1)
assert_type(tail, str | None)
sqlite.sqlite3_bind_text(statement, 1, "brie", -1, sq.SQLITE_TRANSIENT)
sqlite.sqlite3_close(db)
"""

BAD = """
import callgate
import sq
import z

libz = callgate.load(z.Z)
libz.crc32(0, "abc", 3)  # E
libz.crc32(0, b"abc")  # E
z.gz_header(colour=1)  # E
text: bytes | None = libz.zlibVersion()  # E
sqlite = callgate.load(sq.Sqlite3)
sqlite.sqlite3_open(3)  # E
sqlite.sqlite3_close("db")  # E
sqlite.sqlite3_step(sqlite.sqlite3_open(":memory:")[1])  # E
"""

WRONG = marked("bad.py", BAD)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Modules of three headers with their stubs, and programs that use them."""
    folder = tmp_path_factory.mktemp("stubbed")
    for header, name in (("zlib.h", "z"), ("sqlite3.h", "sq")):
        assert bindgen(header, "-o", str(folder / f"{name}.py")).returncode == 0
    assert bindgen(GALLERY_H, "--library", "libgallery.so", "-o", str(folder / "gallery.py")).returncode == 0
    (folder / "good.py").write_text(GOOD)
    (folder / "bad.py").write_text(BAD)
    return folder


@needs("zlib.h", "sqlite3.h")
def test_mypy_sees_through_the_stub(programs: Path) -> None:
    """Wrong calls are found, right ones and the files themselves are accepted, by mypy --strict."""
    assert mypy_errors(programs, "good.py", "bad.py", "z.pyi", "sq.pyi", "gallery.pyi") == WRONG
    assert not mypy_errors(programs, "z.py", "sq.py")


@needs("zlib.h", "sqlite3.h")
def test_pyright_sees_through_the_stub(programs: Path) -> None:
    """The same for pyright in strict mode."""
    files = ["good.py", "bad.py", "z.py", "z.pyi", "sq.py", "sq.pyi", "gallery.pyi"]
    assert pyright_errors(programs, *files) == WRONG
