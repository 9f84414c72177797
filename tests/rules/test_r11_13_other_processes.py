"""R11.13: what objects of other processes tell of their failures is what they would have told here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate_protocol.error_info import ErrorInfo, read_error_info
from tests.client.remoting.processes import other_processes


@pytest.fixture(scope="module")
def calc() -> Iterator[Any]:
    """The object of another process."""
    with other_processes(1) as (other,):
        yield other.get()


def failure_of(calc: Any, what: str) -> callgate.ComError:
    with pytest.raises(callgate.ComError) as caught:
        calc.fail(what)
    return caught.value


def test_r11_13_description_source_and_help_arrive(calc: Any) -> None:
    error = failure_of(calc, "denied")
    assert error.hresult == 0x80070005
    assert (error.source, error.description, error.help_link) == ("the vault", "on denied", "vault.chm#7")
    assert isinstance(error, PermissionError)
    assert error.interface == ""  # R11.11: errors of Python have the null GUID


def test_r11_13_the_object_of_a_caller_tells_as_much(calc: Any) -> None:
    """The way back: an object of this process, called by the other one."""

    class Sink:
        def failed(self, what: str) -> None:
            error = LookupError(what)
            error.source, error.help_link = "the sink", "sink.chm"  # type: ignore[attr-defined]
            raise error

        def told(self, number: int) -> int:
            return number

    assert calc.tell_failure(Sink(), "gone").endswith("the sink, gone, sink.chm")


def test_r11_13_texts_are_bounded(calc: Any) -> None:
    """What is longer than a message may be is cut, and breaks nothing."""
    error = failure_of(calc, "endless")
    assert 1000 < len(error.description) <= 16_384
    assert error.source.endswith("server") or error.source == "__main__"
    assert calc.add(1, 2) == 3


@pytest.mark.parametrize("value", [7, None, ["x"], b"x", {"a": 1}])
def test_r11_13_what_is_no_text_is_not_told(value: Any) -> None:
    told = read_error_info({"source": value, "description": "x" * 20_000, "help_link": value, "hresult": -1})
    assert told == ErrorInfo(description="x" * 16_384)


@pytest.mark.parametrize(
    ("link", "parts"),
    [("a.chm#7", ("a.chm", 7)), ("a#b.chm", ("a#b.chm", 0)), ("", ("", 0)), ("a#99999999999", ("a#99999999999", 0))],
)
@pytest.mark.rule("R11.10")
def test_r11_13_links_are_a_file_and_a_context(link: str, parts: tuple[str, int]) -> None:
    told = ErrorInfo("", "", link)
    assert told.help == parts
    assert ErrorInfo.with_help("", "", *parts) == told
