"""R11.8, R11.10, R11.11, R11.13: what goes with the code of a failure, both ways (`tests/native/component`)."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
from typing import Any

import pytest

import callgate
from tests.conftest import wait_until

from .com import IID, component, make, released
from .conftest import Loader

E_FAIL = callgate.HResult(0x80004005)


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


def _failure(method: Any, *arguments: Any) -> Any:
    with pytest.raises(callgate.ComError) as failed:
        method(*arguments)
    return failed.value


def test_r11_10_what_an_object_tells(lib: Any) -> None:
    """Description, source and help of its IErrorInfo; the code is the one that was returned."""
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        failed = _failure(faulty.Fail, E_FAIL, 1)
        assert failed.hresult == E_FAIL
        assert failed.description == "the disk is full"
        assert failed.source == "component.Faulty"
        assert "the disk is full" in str(failed)
        assert "Fail" in failed.method
        failed = _failure(faulty.FailWith, callgate.HResult(0x80070005), "not yours", None, 0)
        assert (failed.description, failed.help_link) == ("not yours", "")
        assert isinstance(failed, PermissionError)
        del faulty, failed


def test_r11_10_help_and_context(lib: Any) -> None:
    """A context number goes behind the name of the file."""
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        assert _failure(faulty.FailWith, E_FAIL, "x", "help.chm", 42).help_link == "help.chm#42"
        assert _failure(faulty.FailWith, E_FAIL, "x", "help.chm", 0).help_link == "help.chm"
        assert _failure(faulty.FailWith, E_FAIL, "hé 😀", None, 7).description == "hé 😀"
        del faulty


def test_r11_10_nothing_stale(lib: Any) -> None:
    """Who does not say that it has an IErrorInfo gets none of an earlier failure, nor does who leaves none."""
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        faulty.Support(0)
        assert _failure(faulty.Fail, E_FAIL, 1).description == ""
        faulty.Support(1)
        assert _failure(faulty.Fail, E_FAIL, 0).description == ""
        assert _failure(faulty.Fail, E_FAIL, 1).description == "the disk is full"
        rogue = make(lib, "Rogue", "IRogue")
        assert _failure(rogue.FailAndGive).description == ""
        assert _failure(faulty.Fail, E_FAIL, 0).description == ""
        del faulty, rogue


def test_r11_10_a_success_code_tells_nothing(lib: Any) -> None:
    """S_FALSE is a success, whatever an object left; what it left is there for who asks."""
    with released(lib):
        faulty, probe = make(lib, "Faulty", "IFaulty"), make(lib, "Holder", "IProbe")
        assert faulty.Fail(callgate.HResult(1), 1) is None
        assert probe.Description() == ("the disk is full", "component.Faulty")
        del faulty, probe


class Callee:
    def Step(self, number: int) -> int:
        raise (ValueError("bad"), Denied("no"), KeyError("k"))[number]

    def Say(self, text: str) -> str:
        return text

    def Divide(self, a: int, b: int) -> int:
        if a < 0:
            raise Denied("negative")
        return a // b

    def Again(self, _holder: Any, _depth: int) -> int:
        return 0

    def Shape(self) -> None: ...


class Denied(Exception):
    hresult = 0x80070005


@pytest.mark.rule("R11.11", "R14.15")
def test_r11_08_an_exception_has_its_text(lib: Any) -> None:
    """Its own `hresult` first, else the table; native code reads the text on the thread that called."""
    with released(lib):
        probe, callee = make(lib, "Holder", "IProbe"), Callee()
        assert probe.Supports(callee, IID["ICallee"]) == 0
        assert probe.Supports(callee, IID["IMissing"]) == 1
        assert probe.Divide(callee, -1, 1) == (callgate.HResult(0x80070005), 0)
        text, source = probe.Description()
        assert text == "negative"
        assert source == __name__
        assert probe.Divide(callee, 1, 0)[0] == callgate.HResult(0x80020012)
        assert probe.Description()[0] == "integer division or modulo by zero"
        assert probe.Description() == (None, None)
        assert probe.Laws(callee) == ""
        del probe, callee
        gc.collect()
        assert wait_until(lambda: lib.component_live() == 0)


@pytest.mark.rule("R11.11")
def test_r11_11_from_one_object_to_another(lib: Any) -> None:
    """A native object passes a failure on: what Python raised first is told by whoever is asked last."""
    with released(lib):
        holder, callee = make(lib, "Holder", "IHolder"), Callee()
        holder.Keep(callee)
        failed = _failure(holder.CallBack, 1)
        assert isinstance(failed, ValueError)
        assert failed.__cause__ is not None
        assert repr(failed.__cause__) == "ValueError('bad')"
        holder.Drop()
        del holder, failed


@pytest.mark.rule("R11.13")
def test_r11_11_a_long_text_is_cut(lib: Any) -> None:
    """A page of it crosses."""

    class Talkative(Callee):
        def Divide(self, a: int, b: int) -> int:
            raise ValueError("x" * 100_000)

    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        probe.Divide(Talkative(), 1, 1)
        assert probe.Description()[0] == "x" * 4096
        del probe
