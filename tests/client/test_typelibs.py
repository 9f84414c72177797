"""`callgate.idl` and `callgate.export_idl`: type libraries from text and as text."""

# mypy: disable-error-code="misc, valid-type"
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import pytest

import callgate
from callgate import IUnknown, export_idl, f8, i4, idl, interface, library
from callgate.com.declared import declared_by_iid, declared_of
from callgate.declare import parse_declarations
from callgate.headers import read_header
from callgate.sources import FromHeader
from callgate.typelibs import TypeLib, published_of, read_idl
from callgate_protocol.identity import Identity

TEXT = """
    [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F00), version(1.0)] library Players {
        enum Kind { SONG, TALK };
        typedef struct tagPlace { long x; long y; } Place;
        [object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F01)] interface IPlayer : IUnknown {
            HRESULT Open([in] BSTR path, [in] enum Kind kind);
            [propget] HRESULT Place([out, retval] Place *value);
        };
    };
"""
IID = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F01}"


@pytest.fixture(scope="module")
def players() -> Any:
    return idl(TEXT)


def test_names_are_attributes(players: Any) -> None:
    assert isinstance(players, TypeLib)
    assert players.Kind.TALK == 1
    assert players.Place(x=3).x == 3
    assert {"IPlayer", "Kind", "Place", "SONG"} <= set(dir(players))
    assert "Players" in repr(players)
    with pytest.raises(AttributeError, match="did you mean 'IPlayer'"):
        _ = players.IPlayr


def test_interfaces_are_classes(players: Any) -> None:
    class Mine(players.IPlayer):
        def Open(self, path: str, kind: int) -> None: ...

    assert isinstance(Mine(), players.IPlayer)
    assert declared_of(players.IPlayer).iid == IID


@pytest.mark.rule("R15.12")
def test_r17_15_what_is_read_is_known_in_the_process(players: Any) -> None:
    assert declared_by_iid(IID) is declared_of(players.IPlayer)


def test_r14_29_one_iid_is_one_contract() -> None:
    with pytest.raises(callgate.DeclarationError, match=r"R14\.29|R17\.15"):
        idl(TEXT.replace("enum Kind kind", "long kind"))


def test_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "players.idl"
    file.write_text(TEXT)
    assert read_idl(str(file)) == published_of(idl(file=file))
    assert read_idl(str(file)).identity == Identity("Players", "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F00}", "1.0")


def test_errors_have_a_place() -> None:
    with pytest.raises(callgate.DeclarationError, match=r"IDL: prototypes, line 2, column 3: .*'IBase'") as caught:
        idl("[object, uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F02)] interface IFoo :\n  IBase {};")
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize("wrong", [{}, {"text": "interface IUnknown;", "file": "x.idl"}])
def test_a_text_or_a_file(wrong: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="a text, or file="):
        idl(**wrong)


def test_export_gives_back_what_was_read(players: Any) -> None:
    text = export_idl(players)
    assert text.startswith('import "oaidl.idl";')
    again = parse_declarations(text)
    assert (again.library, again.identity) == (published_of(players).library, published_of(players).identity)


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F03}")
class ICounter(IUnknown, Protocol):
    def Next(self) -> i4: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F04}")
class ICounters(IUnknown, Protocol):
    def First(self) -> ICounter: ...


@pytest.mark.rule("R17.15")
def test_r14_04_python_and_idl_say_the_same() -> None:
    """The model of an interface written in Python is that of its IDL, to the byte."""
    text = export_idl(ICounters)
    assert parse_declarations(text).library == declared_of(ICounters).library


def test_several_in_one_library() -> None:
    text = export_idl(ICounter, ICounters, name="Counters", libid="3ca6a62e-7e5c-4e0c-9b0d-1d7b6f5b0f05", version="2.0")
    declared = parse_declarations(text)
    assert declared.identity == Identity("Counters", "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0F05}", "2.0")
    assert {"ICounter", "ICounters"} <= {each.name for each in declared.library.interfaces}


def test_a_loaded_library() -> None:
    with callgate.load(
        "libm.so.6", "typedef struct { long quot; } pair; double cos(double x); pair *f(long x);"
    ) as lib:
        text = export_idl(lib)
    assert "double cos(double x);" in text
    assert "pair *f(c_long x);" in text


@pytest.mark.parametrize("header", ["signal.h", "sqlite3.h", "zlib.h"])
def test_a_header_says_the_same_again(header: str) -> None:
    pytest.importorskip("clang.cindex")
    if not os.path.exists(f"/usr/include/{header}"):
        pytest.skip(f"{header} is not installed")
    declared = read_header(FromHeader((header,)), None).library
    assert parse_declarations(export_idl(declared)).library == declared


@library("libm.so.6")
class Maths(Protocol):
    def lround(self, x: f8) -> callgate.long_: ...


def test_a_library_in_python() -> None:
    assert "c_long lround(double x);" in export_idl(Maths)


@pytest.mark.parametrize("wrong", [(), (3,), ("text",)])
def test_what_cannot_be_described(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="librar"):
        export_idl(*wrong)
