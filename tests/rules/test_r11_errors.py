"""R11: errno, HRESULTs, and the exceptions that they are."""

from __future__ import annotations

import errno
import pickle
import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest

import callgate
from callgate import failures
from callgate.failures import ROWS

from .conftest import Loader

PROTOTYPES = """
    [throws] HRESULT fail_with(HRESULT code);
    [throws] HRESULT add(int a, int b, [out, retval] int *sum);
    [throws] HRESULT divide(int a, int b, [out] int *rest, [out, retval] int *quotient);
    int set_errno(int value);
    int sleep_and_fail(int value, int ms);
    typedef [throws] HRESULT (*ask)(int question, [out] int *note, [out, retval] int *answer);
    HRESULT call_ask(ask f, int question);
    int noted(void);
    int answered(void);
"""
KEPT = """
    HRESULT fail_with(HRESULT code);
    HRESULT add(int a, int b, [out] int *sum);
    HRESULT divide(int a, int b, [out] int *rest, [out, retval] int *quotient);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Any:
    return load_both("failing", PROTOTYPES)


@pytest.fixture(scope="module")
def kept(load_both: Loader) -> Any:
    """The same functions with their HRESULT in sight."""
    return load_both("failing", KEPT)


def test_r11_01_errno_is_cleared_before_the_call(lib: Any) -> None:
    """A call that sets nothing reads 0, not what the call before it left."""
    lib.set_errno(errno.ENOENT)
    assert callgate.get_last_error(lib) == errno.ENOENT
    assert lib.set_errno(0) == 0
    assert callgate.get_last_error(lib) == 0


def test_r11_01_errno_is_the_threads_own(lib: Any) -> None:
    """What another thread's call sets meanwhile is not seen here."""
    lib.set_errno(errno.EIO)
    seen: list[int] = []

    def other() -> None:
        lib.sleep_and_fail(errno.EPIPE, 20)
        seen.append(callgate.get_last_error(lib))

    thread = threading.Thread(target=other)
    thread.start()
    lib.set_errno(errno.ENOENT)
    thread.join()
    assert (seen, callgate.get_last_error(lib)) == ([errno.EPIPE], errno.ENOENT)


def test_r11_02_errno_becomes_its_oserror(lib: Any) -> None:
    """ENOENT is a FileNotFoundError, EACCES a PermissionError; the message names the library."""
    lib.set_errno(errno.ENOENT)
    with pytest.raises(FileNotFoundError, match="failing") as caught:
        callgate.raise_last_error(lib)
    assert caught.value.errno == errno.ENOENT
    lib.set_errno(errno.EACCES)
    with pytest.raises(PermissionError):
        callgate.raise_last_error(lib)
    lib.set_errno(0)
    with pytest.raises(OSError, match="set no errno"):
        callgate.raise_last_error(lib)


def test_r11_03_what_a_code_is() -> None:
    """Both forms are equal, S_FALSE is no failure, the parts are where Windows has them, and it prints in hex."""
    assert callgate.hresult(0x80004005) == callgate.hresult(-2147467259) == 0x80004005
    assert callgate.hresult(0x80004005) == -2147467259
    assert not callgate.hresult(0x80004005) != 0x80004005  # noqa: SIM202 - what `!=` says is what is tested
    assert callgate.hresult(0x80004005) != 0x80004004
    assert not callgate.hresult(1).failed
    code = callgate.hresult(0x80070057)
    assert (code.failed, code.facility, code.code) == (True, 7, 0x57)
    assert str(code) == "HResult(0x80070057: E_INVALIDARG)"
    assert str(callgate.hresult(0x80040200)) == "HResult(0x80040200)"
    with pytest.raises(OverflowError):
        callgate.hresult(1 << 32)


def test_r11_06_the_same_export_both_ways(lib: Any, kept: Any) -> None:
    """With [throws] the code is gone from the result, without it stands there."""
    assert lib.add(2, 3) == 5
    assert kept.add(2, 3) == (0, 5)
    with pytest.raises(callgate.ArgumentError) as caught:
        lib.add(-1, 3)
    assert caught.value.hresult == 0x80070057
    assert kept.add(-1, 3) == (callgate.hresult(0x80070057), 0)
    assert lib.fail_with(0) is None


@pytest.mark.rule("R1.20", "R11.4")
def test_r11_06_retval_stands_first(lib: Any, kept: Any) -> None:
    """The [retval] is last for C and first for Python; a success other than S_OK is lost with the HRESULT."""
    assert lib.divide(17, 5) == (3, 2)
    assert kept.divide(17, 5) == (1, 3, 2)


@pytest.mark.rule("R11.3")
def test_r11_06_success_is_not_zero(lib: Any) -> None:
    """S_FALSE and other positive codes are successes."""
    assert lib.fail_with(1) is None
    assert lib.fail_with(0x7FFFFFFF) is None


@pytest.mark.parametrize(
    ("prototype", "problem"),
    [
        ("[throws] int set_errno(int value);", r"\[throws\] belongs to an HRESULT, not to int"),
        ("HRESULT divide(int a, int b, [out, retval] int *rest, [out] int *q);", r"\[retval\] belongs to the last"),
        ("HRESULT add(int a, int b, [retval] int sum);", r"\[retval\] needs \[out, retval\]"),
        ("HRESULT add(int a, int b, [in, out, retval] int *sum);", r"\[retval\] needs \[out, retval\]"),
    ],
)
def test_r01_20_misplaced_words_are_refused(load_both: Loader, prototype: str, problem: str) -> None:
    """[retval] and [throws] only where they mean something."""
    with pytest.raises(callgate.MarshalDirectiveError, match=problem):
        getattr(load_both("failing", prototype), prototype.partition("(")[0].split()[-1])(1, 2, 3)


def test_r11_07_unlisted_codes_are_comerrors(lib: Any) -> None:
    """A private code is a plain ComError that carries it, and names the function."""
    with pytest.raises(callgate.ComError, match=r"fail_with of .*failing.* failed with 0x80040200") as caught:
        lib.fail_with(0x80040200)
    error = caught.value
    assert type(error) is callgate.ComError
    assert error.hresult == 0x80040200
    assert (error.source, error.description, error.help_link) == ("", "", "")
    assert error.method.startswith("fail_with")


@pytest.mark.rule("R1.15")
def test_r11_07_no_out_is_delivered(lib: Any) -> None:
    """A failure raises the class of its code; a Box keeps what it had."""
    box = callgate.Box(5)
    with pytest.raises(ZeroDivisionError) as caught:
        lib.divide(1, 0)
    assert isinstance(caught.value, callgate.ComError)
    assert box.value == 5


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_r11_09_coming_in(row: failures.Row) -> None:
    """Each code is an exception of its class and a ComError, with the code; it pickles."""
    error = callgate.exception_for_hr(row.code)
    assert isinstance(error, row.kind)
    assert isinstance(error, callgate.ComError)
    assert error.hresult == row.code
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.hresult) == (type(error), str(error), error.hresult)
    assert row.name in str(error)


OUT = [
    (NotImplementedError(), 0x80004001),
    (callgate.InvalidCastError(), 0x80004002),
    (callgate.NullReferenceError(), 0x80004003),
    (callgate.ComError(), 0x80004005),
    (FileNotFoundError(), 0x80070002),
    (NotADirectoryError(), 0x80131620),
    (PermissionError(), 0x80070005),
    (ImportError(), 0x8007000B),
    (ModuleNotFoundError(), 0x8007000B),
    (MemoryError(), 0x8007000E),
    (EOFError(), 0x80070026),
    (callgate.ArgumentError(), 0x80070057),
    (ValueError(), 0x80070057),
    (UnicodeDecodeError("utf-8", b"", 0, 1, ""), 0x80070057),
    (OSError(errno.ENAMETOOLONG, ""), 0x800700CE),
    (ArithmeticError(), 0x80070216),
    (RecursionError(), 0x800703E9),
    (TypeError(), 0x8002000E),
    (ZeroDivisionError(), 0x80020012),
    (Exception(), 0x80131500),
    (StopIteration(), 0x80131500),
    (SystemError(), 0x80131501),
    (TimeoutError(), 0x80131505),
    (IndexError(), 0x80131508),
    (RuntimeError(), 0x80131509),
    (callgate.SerializationError(), 0x8013150C),
    (AttributeError(), 0x80131511),
    (callgate.NotSupportedError(), 0x80131515),
    (OverflowError(), 0x80131516),
    (callgate.OutOfRange(), 0x80131516),
    (callgate.RankError(), 0x80131517),
    (InterruptedError(), 0x80131519),
    (callgate.TypeLoadError(), 0x80131522),
    (callgate.EntryPointNotFoundError(), 0x80131523),
    (callgate.DllNotFoundError(), 0x80131524),
    (callgate.InvalidOleVariantTypeError(), 0x80131531),
    (callgate.SafeArrayTypeMismatchError(), 0x80131533),
    (callgate.SafeArrayRankMismatchError(), 0x80131538),
    (callgate.MarshalDirectiveError(), 0x80131535),
    (CancelledError(), 0x8013153B),
    (KeyError(), 0x80131577),
    (OSError(), 0x80131620),
    (callgate.ObjectGone(), 0x80131622),
]


@pytest.mark.parametrize(("error", "code"), OUT, ids=lambda value: type(value).__name__)
def test_r11_09_going_out(error: Exception, code: int) -> None:
    """Each class has its code, and a class derived from it has the same."""
    assert callgate.hr_for_exception(error) == code
    derived = type("Derived", (type(error),), {"__init__": lambda *_: None})
    if not isinstance(error, OSError) or error.errno is None:
        assert callgate.hr_for_exception(derived()) == code


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x80030003, FileNotFoundError),
        (0x800A004C, FileNotFoundError),
        (0x800A0035, FileNotFoundError),
        (0x8007007E, FileNotFoundError),
        (0x800705B4, TimeoutError),
        (0x80131018, callgate.ComError),
        (0x80131621, callgate.ComError),
    ],
)
def test_r11_09_other_codes_that_come_in(code: int, kind: type[Exception]) -> None:
    """Aliases of other systems, and classes of their own below ComError."""
    assert isinstance(callgate.exception_for_hr(code), kind)
    assert type(callgate.exception_for_hr(0x80131621)).__name__ == "FileLoadError"


class NoAccess(Exception):
    hresult = 0x80070005


@pytest.mark.rule("R8.7")
def test_r11_08_a_callbacks_exception_is_its_code(lib: Any) -> None:
    """Native code gets the exception's own code, else that of its class, never a success; outs are zero then."""
    asked: list[int] = []

    def refuse(question: int) -> tuple[int, int]:
        asked.append(question)
        raise errors.pop()

    errors = [NoAccess("no"), KeyError("k"), type("Odd", (Exception,), {"hresult": 0})()]
    for code in (0x80131500, 0x80131577, 0x80070005):
        assert lib.call_ask(refuse, 3) == callgate.hresult(code)
        assert (lib.noted(), lib.answered()) == (0, 0)
    assert asked == [3, 3, 3]


def test_r11_08_a_callback_that_succeeds(lib: Any) -> None:
    """S_OK, and the outs: the [retval] first, as the caller of a function gets it."""
    assert lib.call_ask(lambda question: (question * 2, 7), 21) == 0
    assert (lib.answered(), lib.noted()) == (42, 7)


def test_r11_14_the_transport_is_told_apart() -> None:
    """By the facility alone; the codes of RPC_S_* belong to it."""
    for code in (0x80010007, 0x80010105, 0x800706BA, 0x800706BE):
        error = callgate.exception_for_hr(code)
        assert isinstance(error, callgate.RpcError)
        assert not error.from_transport
    assert type(callgate.exception_for_hr(0x80004005)) is callgate.ComError
    assert not isinstance(callgate.exception_for_hr(0x80070005), callgate.RpcError)


def test_r11_14_lost_hosts_have_a_code() -> None:
    """What callgate itself raises carries the code of the transport that COM would have given."""
    assert callgate.HostLost("gone").hresult == 0x80010007
    assert callgate.HostCrashed("crashed").hresult == 0x80010105
    assert callgate.BrokerLost("gone").hresult == 0x800706BA


def test_r11_15_codes_of_ones_own() -> None:
    """They begin at 0x0200; unknown ones are failures like any other."""
    assert callgate.custom_hresult(0x300) == 0x80040300
    assert type(callgate.exception_for_hr(0x80040300)) is callgate.ComError
    for code in (0x1FF, -1, 0x10000):
        with pytest.raises(ValueError, match=r"R11\.15"):
            callgate.custom_hresult(code)


def test_r11_16_helpers() -> None:
    """A success does nothing, a failure raises."""
    callgate.throw_for_hr(1)
    assert callgate.exception_for_hr(0) is None
    with pytest.raises(NotImplementedError):
        callgate.throw_for_hr(0x80004001)
    assert callgate.hr_for_exception(callgate.ComError("x", hresult=0x80040200)) == 0x80040200


def test_r11_09_every_error_of_callgate_has_a_code() -> None:
    """The exceptions of this package carry a failing code, each its own kind's."""
    for name in callgate.errors.__all__:
        kind = getattr(callgate.errors, name)
        if not issubclass(kind, Warning):
            assert callgate.hresult(kind("x").hresult).failed, name
    assert callgate.ArgumentError("x").hresult == 0x80070057
