"""Custom marshallers (R19.44, R19.47), and words that belong elsewhere (R10.6, R19.27)."""

# mypy: disable-error-code="misc, valid-type"
# Types are values here.

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import Handle, In, InOut, LPStr, Out, attribute, custom, i4, library, long_

from .test_r01_typed_modes import refused
from .test_r19_typed import refusal
from .ways import TypedLoader


class Words:
    """A list of words, to native code one text."""

    def __init__(self, *words: str) -> None:
        self.words = words


class Joining:
    """Joins words with what the cookie says."""

    made: list[str] = []  # noqa: RUF012 - the test counts
    log: list[str] = []  # noqa: RUF012 - as above

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie

    @classmethod
    def get_instance(cls, cookie: str) -> Joining:
        cls.made.append(cookie)
        return cls(cookie)

    def managed_to_native(self, value: Words) -> bytes:
        self.log.append("in")
        return self.cookie.join(value.words).encode() + b"\0"

    def native_to_managed(self, native: Any) -> Words:
        self.log.append("out")
        return Words(*callgate.string(native).split(self.cookie))

    def clean_up_native(self, native: Any) -> None:
        self.log.append("clean bytes" if isinstance(native, bytes) else "clean pointer")

    def clean_up_managed(self, value: Any) -> None:
        raise AssertionError(value)

    def native_size(self) -> int:
        return -1


class Nobody:
    @staticmethod
    def get_instance(_cookie: str) -> None:
        return None


class Half:
    @classmethod
    def get_instance(cls, _cookie: str) -> Half:
        return cls()

    def managed_to_native(self, value: Any) -> Any:
        return value


Dashed = Annotated[Words, custom(Joining, "-")]


@library("libgeometry.so")
class Joined(Protocol):
    def octets(self, s: Dashed | None) -> long_: ...
    def twice(self, s: Dashed) -> Dashed: ...
    def canvas_size(self, c: i4) -> i4: ...


@pytest.fixture(scope="module")
def joined(load_typed: TypedLoader) -> Joined:
    return load_typed("geometry", Joined)


def test_r19_47_both_ways(joined: Joined) -> None:
    """The factory is asked once per cookie; every conversion is cleaned up once."""
    Joining.log.clear()

    assert joined.octets(Words("ab", "c")) == 4
    assert joined.octets(None) == -1
    assert Joining.log == ["in", "clean bytes"]
    assert joined.twice(Words("a", "b")).words == ("a", "ba", "b")
    assert Joining.log[2:] == ["in", "out", "clean pointer", "clean bytes"]
    _ = Annotated[Words, custom(Joining, "-")]
    assert Joining.made == ["-"]


def test_r19_47_a_failing_call_cleans_up(load_typed: TypedLoader) -> None:
    """An argument behind it that is refused: what was made is cleaned up all the same."""

    @library("libgeometry.so")
    class Failing(Protocol):
        def add(self, a: Dashed, b: i4) -> i4: ...

    lib = load_typed("geometry", Failing)
    Joining.log.clear()
    with pytest.raises(callgate.OutOfRange):
        lib.add(Words("x"), 1 << 40)
    assert Joining.log == ["in", "clean bytes"]


@pytest.mark.rule("R19.18", "R1.25")
def test_r19_47_references_in_classic_mode() -> None:
    """Values are not converted, nor by reference, nor in a strict library."""
    assert "this is a value" in refusal(Annotated[int, custom(Joining, "-")], rule="R19.47")
    assert "parameters and results only" in refusal(callgate.Array[Dashed], rule="R19.47")
    assert "classic mode only" in refused(Dashed, strict=True)


def test_r19_44_factories() -> None:
    """A factory that gives None, and one whose object lacks methods."""
    with pytest.raises(callgate.ArgumentError, match=r"get_instance\(''\) gave None \(R19\.44"):
        custom(Nobody)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"Half is no marshaller: it lacks native_to_managed"):
        custom(Half)


class Thing(Handle):
    pass


def test_r10_06_directions_on_handles() -> None:
    """By value they have no effect, and in a strict library they are refused; an out handle stands in the result."""
    for annotation in (In[Thing], InOut[Thing]):
        assert "no effect on a handle" in refused(annotation, strict=True)

        class Accepted(Protocol):
            def f(self, p: Any) -> None: ...

        Accepted.f.__annotations__ = {"p": annotation, "return": None}
        decorate: Any = library("lib.so")
        decorate(Accepted)
    refusal(Out[Thing], rule="R10.6")


def test_r19_27_a_delegate_is_no_interface() -> None:
    """An interface pointer belongs to COM; other unknown words are refused as well."""
    call = Callable[[i4], i4]
    assert "function pointer here" in refusal(Annotated[call, attribute("interface")], rule="R19.27")
    assert "no attribute 'sizeis'" in refusal(Annotated[LPStr, attribute("sizeis")], rule="R1.6")
