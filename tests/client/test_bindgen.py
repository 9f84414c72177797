"""Modules made from headers: they import, mean what the header means, pass the tools, and call real functions."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import callgate
from callgate.declare import Declarations
from callgate.headers import read_for, read_header
from callgate.headers.bindgen import Module, generate, tidied
from callgate.headers.naming import class_name
from callgate.sources import FromHeader
from callgate.typed.libraries import declarations_of
from callgate_protocol.blittable import check_result
from callgate_protocol.marshal import DirectiveError
from callgate_protocol.model import TypeLibrary
from tests.client.test_headers import GALLERY_H, needs
from tests.rules.three_styles import GALLERY_BEYOND_C

pytest.importorskip("clang.cindex", reason="the extra callgate[headers] is not installed")

ROOT = Path(__file__).parents[2]
SOURCES = ":".join(str(ROOT / part) for part in ("protocol", "transport", "native_host", "broker", "client"))


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def made(tmp_path: Path, declared: Declarations, library: str, name: str) -> ModuleType:
    path = tmp_path / f"made_{name.lower()}.py"
    path.write_text(tidied(generate(declared, Module(library, ("some.h",), name))))
    return imported(path)


CASES = [
    pytest.param("libz.so.1", ("zlib.h",), marks=needs("zlib.h")),
    pytest.param("libsqlite3.so.0", ("sqlite3.h",), marks=needs("sqlite3.h")),
    pytest.param("libxml2.so.2", ("libxml/parser.h", "libxml/xpath.h"), marks=needs("libxml/parser.h")),
    pytest.param("libgsl.so.27", ("gsl/gsl_vector.h", "gsl/gsl_blas.h"), marks=needs("gsl/gsl_blas.h")),
]


@pytest.mark.parametrize(("library", "headers"), CASES)
def test_the_module_means_what_the_header_means(tmp_path: Path, library: str, headers: tuple[str, ...]) -> None:
    """Every function of the header is in the class, and the same; so are the types that they lead to."""
    declared = read_for(library, FromHeader(headers))
    module = made(tmp_path, declared, library, "Whole")

    found = declarations_of(module.Whole).library
    wanted = {each.name: each for each in declared.library.functions}
    assert all(each == wanted.pop(each.name) for each in found.functions)
    for left in wanted.values():
        with pytest.raises(DirectiveError, match=r"R7\.10"):  # a limit of typed declarations
            check_result(declared.library, left)
    assert set(found.records) <= set(declared.library.records)
    assert set(found.enums) <= set(declared.library.enums)
    assert set(found.delegates) <= set(declared.library.delegates)
    assert set(found.opaques) <= set(declared.library.opaques)
    assert type_names(found) == type_names(declared.library), "also types that no function reaches"


def type_names(library: TypeLibrary) -> set[str]:
    groups = (library.records, library.enums, library.opaques, library.delegates)
    return {each.name for group in groups for each in group}


def test_types_that_no_function_reaches(tmp_path: Path, compiled: Callable[[str], str]) -> None:
    """They are in `types=`, so that the library knows them: memory of the host can hold one."""
    header = tmp_path / "mine.h"
    header.write_text(
        """
        struct lonely { int number; double value; }; union either { int number; double value; };
        enum mood { GOOD = 1 }; typedef struct secret *secret_t; struct secret;
        typedef int (*told)(struct lonely *); int abs(int number);
        """
    )
    declared = read_header(FromHeader((str(header),)))
    module = made(tmp_path, declared, compiled("gallery"), "Lonely")

    with callgate.load(module.Lonely, path="libc.so.6") as libc:
        lonely = callgate.new(libc, module.lonely)
        lonely.number, lonely.value = libc.abs(-3), 1.5
        assert (lonely.number, lonely.value) == (3, 1.5)
        assert callgate.layout(libc, "either").size == 8
        assert callgate.types(libc).mood is module.mood
        assert callgate.types(libc).secret is module.secret


def test_the_gallery(tmp_path: Path) -> None:
    """Structs with all kinds of members, unions, bit-fields, packing: what can be written is the same."""
    declared = read_header(FromHeader((GALLERY_H,), prototypes=GALLERY_BEYOND_C))
    module = made(tmp_path, declared, "libgallery.so", "Gallery")

    found = declarations_of(module.Gallery).library
    functions = {each.name: each for each in declared.library.functions}
    assert all(each == functions.pop(each.name) for each in found.functions)
    assert not functions
    assert {"Point", "Mixed", "Bits", "Tagged", "Flexible", "Packed", "Stream"} <= {each.name for each in found.records}
    assert set(found.records) <= set(declared.library.records)
    constants = vars(module)
    assert constants["GALLERY_NAME"] == "gallery\n"
    assert constants["GALLERY_LAST"] == callgate.constant(-1)
    assert module.Color.GREEN == 5


def test_what_is_left_out_says_why(tmp_path: Path) -> None:
    """At the end of the module, in comments."""
    declared = read_header(FromHeader((GALLERY_H,), prototypes=GALLERY_BEYOND_C))
    source = generate(declared, Module("libgallery.so", ("gallery.h",), "Gallery"))

    assert "# inline_sum: it is a static inline function" in source
    assert "# list_of: parameter 2 'list': " in source


def test_docstrings_and_order(tmp_path: Path) -> None:
    """Each function has its C prototype, and functions stand in the order of the header."""
    module = made(tmp_path, read_header(FromHeader((GALLERY_H,))), "libgallery.so", "Ordered")

    names = [name for name in vars(module.Ordered) if not name.startswith("_")]
    assert names[:4] == ["aligned_first", "fail_with", "nothing", "echo_color"]
    assert module.Ordered.sum.__doc__ == "int sum(const int *v, int n)"


def test_names_that_python_has_other_uses_for(tmp_path: Path) -> None:
    """Keywords, names of callgate, and functions that are called as a struct is."""
    header = tmp_path / "names.h"
    header.write_text(
        """
        struct Array { int from; int in[2]; };
        struct stat { int x; };
        struct point { int x; };
        struct line { struct point point; int int_; float bytes; unsigned char raw[4]; struct point other; };
        int length(struct line *l);
        typedef void (*Handle)(struct Array *class);
        int stat(struct stat *s);
        int lambda(int from, Handle import, struct Array *of);
        int __hidden(int x);
        int __odd(int __odd_name);
        """
    )
    declared = read_header(FromHeader((str(header),)))
    module = made(tmp_path, declared, "libnames.so", "Names")

    found = declarations_of(module.Names).library
    assert found.functions == declared.library.functions
    assert found.records == declared.library.records
    whole = module.line(module.point(1), 2, 0.5, b"rawr", module.point(3))
    assert (whole.point.x, whole.bytes, whole.other.x) == (1, 0.5, 3)


@pytest.mark.parametrize(("library", "headers"), CASES[:2])
def test_tools_are_content(tmp_path: Path, library: str, headers: tuple[str, ...]) -> None:
    """mypy --strict and ruff format find nothing in the module, nor in a program that uses it."""
    name = class_name(library)
    path = tmp_path / "made.py"
    path.write_text(tidied(generate(read_for(library, FromHeader(headers)), Module(library, headers, name))))

    arguments = ["--strict", "--explicit-package-bases", "--config-file", os.devnull, "--cache-dir", str(tmp_path)]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *arguments, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MYPYPATH": SOURCES},
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert tidied(path.read_text()) == path.read_text()


def bindgen(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callgate", "bindgen", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@needs("zlib.h")
def test_a_module_of_zlib_at_work(tmp_path: Path) -> None:
    """From the command line to a call: the library is found by the header's name."""
    path = tmp_path / "made_z.py"
    finished = bindgen("zlib.h", "-o", str(path))
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr
    assert "functions of libz.so.1" in finished.stderr

    module = imported(path)
    with callgate.load(module.Z) as libz:
        assert libz.crc32(0, b"abc", 3) == 0x352441C2
        assert libz.zlibVersion() == module.ZLIB_VERSION
        target = bytearray(100)
        code, length = libz.compress(target, 100, b"a" * 1000, 1000)
        assert (code, length) == (module.Z_OK, 17)


@needs("sqlite3.h")
def test_a_module_of_sqlite_at_work(tmp_path: Path) -> None:
    """Handles are classes of the module, outs stand in results, magic destructors are constants."""
    path = tmp_path / "made_sqlite.py"
    assert bindgen("sqlite3.h", "-o", str(path), "--class", "Sqlite").returncode == 0

    module = imported(path)
    with callgate.load(module.Sqlite) as sqlite:
        code, db = sqlite.sqlite3_open(":memory:")
        assert isinstance(db, module.sqlite3)
        code, statement, tail = sqlite.sqlite3_prepare_v2(db, "select ?; rest", -1)
        assert (code, tail) == (module.SQLITE_OK, " rest")
        assert sqlite.sqlite3_bind_text(statement, 1, "brie", -1, module.SQLITE_TRANSIENT) == module.SQLITE_OK
        assert sqlite.sqlite3_step(statement) == module.SQLITE_ROW
        assert callgate.string(sqlite.sqlite3_column_text(statement, 0)) == "brie"
        assert sqlite.sqlite3_finalize(statement) == sqlite.sqlite3_close(db) == module.SQLITE_OK


def test_an_edited_module_is_not_overwritten(tmp_path: Path, compiled: Callable[[str], str]) -> None:
    """Without --force a file that is there stays."""
    path = tmp_path / "mine.py"
    path.write_text("mine")

    refused = bindgen(GALLERY_H, "--library", compiled("gallery"), "-o", str(path))
    assert (refused.returncode, path.read_text()) == (1, "mine")
    assert "--force" in refused.stderr
    assert bindgen(GALLERY_H, "--library", compiled("gallery"), "-o", str(path), "--force").returncode == 0
    assert "class Gallery(Protocol)" in path.read_text()


def test_a_library_that_cannot_be_guessed(tmp_path: Path) -> None:
    """The command asks for it."""
    refused = bindgen(GALLERY_H)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--library" in refused.stderr
