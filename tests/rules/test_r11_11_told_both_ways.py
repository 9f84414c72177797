"""R11.10, R11.11, R11.13, R14.20: errors that tell more than their number, both ways (`faulty.cpp`, `probe.cpp`)."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from typing import Any, Final

import pytest

import callgate
from callgate.failures import exception_for_hr

from .com import E_ABORT, E_FAIL, IID, component, make, released
from .conftest import Loader

FAULTY: Final = "{" + str(IID["IFaulty"]).upper() + "}"
DIVIDED_BY_ZERO: Final = 0x80020012 - (1 << 32)


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return component(load_both)


def failure_of(call: Any, *arguments: Any) -> callgate.ComError:
    with pytest.raises(callgate.ComError) as caught:
        call(*arguments)
    return caught.value


def test_r11_10_what_the_object_says_of_its_failure(lib: Any) -> None:
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        error = failure_of(faulty.FailWith, E_ABORT, "the disk is full", "help.chm", 42)
        assert error.hresult == E_ABORT  # the code that came back, whatever the object says
        assert (error.description, error.source) == ("the disk is full", "component.Faulty")
        assert (error.help_link, error.interface) == ("help.chm#42", FAULTY)
        assert "Fail" in error.method
        assert "the disk is full" in str(error)
        assert error.__cause__ is None
        del faulty, error


@pytest.mark.parametrize(
    ("help_file", "context", "link"),
    [("help.chm", 0, "help.chm"), ("", 42, ""), (None, 0, ""), ("é.hlp", 7, "é.hlp#7")],
)
def test_r11_10_help_is_a_file_and_a_context(lib: Any, help_file: str | None, context: int, link: str) -> None:
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        assert failure_of(faulty.FailWith, E_FAIL, "x", help_file, context).help_link == link
        del faulty


def test_r11_10_an_old_error_is_not_told_again(lib: Any) -> None:
    """Neither after it was told, nor after a call that left one and succeeded, nor by an object that has none."""
    with released(lib):
        faulty, plain = make(lib, "Faulty", "IFaulty"), make(lib, "Holder", "IProbe")
        assert failure_of(faulty.Fail, E_FAIL, 1).description == "the disk is full"
        assert failure_of(faulty.Fail, E_FAIL, 0).description == ""
        faulty.Fail(0, 1)
        assert failure_of(faulty.Fail, E_FAIL, 0).description == ""
        faulty.Fail(0, 1)
        error = failure_of(plain.Items, make(lib, "Faulty", "IFaulty"))
        assert (error.description, error.source) == ("", "")
        assert plain.Description()[0] == "the disk is full"  # it was not this object's to take away
        del faulty, plain, error


def test_r11_10_an_interface_without_errors(lib: Any) -> None:
    """ISupportErrorInfo says no: what the object left is taken away and not told."""
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        faulty.Support(0)
        error = failure_of(faulty.Fail, E_FAIL, 1)
        assert (error.description, error.source, error.interface) == ("", "", "")
        faulty.Support(1)
        assert failure_of(faulty.Fail, E_FAIL, 0).description == ""
        del faulty, error


def test_r11_10_a_description_of_any_length(lib: Any) -> None:
    with released(lib):
        faulty = make(lib, "Faulty", "IFaulty")
        assert failure_of(faulty.FailWith, E_FAIL, "\ud83d\ude00" * 3 + "x" * 100_000, None, 0).description[-1] == "x"
        assert failure_of(faulty.FailWith, E_FAIL, None, None, 0).description == ""
        del faulty


# -- what native code is told ------------------------------------------------------------------------------------------


class NoAccess(Exception):
    hresult = 0x80070005
    source = "the vault"
    help_link = "vault.chm#7"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


class Callee:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def Step(self, number: int) -> int:
        if self.error is not None:
            raise self.error
        return number

    def Say(self, text: str) -> str:
        if self.error is not None:
            raise self.error
        return text

    def Divide(self, a: int, b: int) -> int:
        return a // b

    def Again(self, holder: Any, depth: int) -> int:
        raise NotImplementedError

    def Shape(self) -> Any:
        raise NotImplementedError


@pytest.mark.rule("R11.8", "R14.20")
def test_r11_11_native_code_reads_what_python_raised(lib: Any) -> None:
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert probe.Divide(Callee(), 1, 0) == (DIVIDED_BY_ZERO, 0)
        text, source = probe.Description()
        assert (text, source) == ("integer division or modulo by zero", "builtins")
        assert probe.Description() == (None, None)  # reading takes it away
        assert probe.Divide(Callee(), 6, 2) == (0, 3)
        del probe


@pytest.mark.rule("R11.8")
def test_r11_11_an_exception_says_its_code_and_source(lib: Any) -> None:
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        error = failure_of(probe.Say, Callee(NoAccess("no")), "x")
        assert error.hresult == 0x80070005
        assert probe.Description() == ("no", "the vault")
        del probe, error


@pytest.mark.rule("R14.15")
def test_r11_11_every_object_has_errors_for_its_interfaces(lib: Any) -> None:
    with released(lib):
        probe, callee = make(lib, "Holder", "IProbe"), Callee()
        assert probe.Divide(callee, 4, 2) == (0, 2)
        assert probe.Supports(callee, IID["IUnknown"]) == 0
        assert probe.Supports(callee, IID["IDispatch"]) == 0
        assert probe.Supports(callee, IID["IMissing"]) == 1
        assert probe.Laws(callee) == ""
        del probe


@pytest.mark.rule("R14.20")
def test_r11_11_the_exception_is_the_cause_when_native_code_passes_the_code_on(lib: Any) -> None:
    with released(lib):
        probe, raised = make(lib, "Holder", "IProbe"), KeyError("gone")
        error = failure_of(probe.Say, Callee(raised), "x")
        assert isinstance(error, KeyError)
        assert error.__cause__ is raised
        assert probe.Say(Callee(), "y") == "y"
        assert failure_of(probe.Items, None).__cause__ is None  # of a later call it is not
        raised.__traceback__ = None
        del probe, error


@pytest.mark.rule("R14.20")
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_r14_20_what_is_no_exception_is_told_and_raised(lib: Any, error: BaseException) -> None:
    """Native code gets a code and goes on; the call that it ran for raises the same object."""
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        with pytest.raises(type(error)) as caught:
            probe.Say(Callee(error), "x")
        assert caught.value is error
        assert error.__cause__ is None
        assert probe.Description()[1] == "builtins"
        assert probe.Say(Callee(), "y") == "y"
        error.__traceback__ = None
        del probe, caught


def test_r14_20_an_exception_without_a_text(lib: Any) -> None:
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert failure_of(probe.Say, Callee(Unspeakable()), "x").hresult == 0x80131500
        assert "cannot be had" in probe.Description()[0]
        del probe


def test_r14_20_a_result_that_does_not_fit_is_told_and_raised(lib: Any) -> None:
    class Wrong(Callee):
        def Say(self, text: str) -> Any:
            return 7

    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        with pytest.raises(callgate.InvalidCastError, match="Say"):
            probe.Say(Wrong(), "x")
        assert "Say" in probe.Description()[0]
        del probe


def test_r11_11_a_thread_of_the_library(lib: Any) -> None:
    """Its error is its own; nobody waits for it here."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder", "IProbe")
        holder.Keep(Callee(ValueError("bad")))
        assert failure_of(holder.CallFromThread, 1).hresult == 0x80070057
        holder.Drop()
        assert holder.Description() == (None, None)
        del holder


def test_r11_16_a_code_alone_tells_nothing_of_the_thread(lib: Any) -> None:
    with released(lib):
        probe = make(lib, "Holder", "IProbe")
        assert probe.Divide(Callee(), 1, 0)[0] == DIVIDED_BY_ZERO
        error = exception_for_hr(DIVIDED_BY_ZERO)
        assert error is not None
        assert not error.description
        assert probe.Description()[1] == "builtins"  # it was left for native code
        del probe
