"""Interfaces that the tests of declarations share, and how they declare more of them."""

# mypy: disable-error-code="misc, valid-type, type-abstract, abstract, no-redef, attr-defined, untyped-decorator"
# Types are values here.
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import re
from typing import Any, Protocol, TypeVar

import pytest

import callgate
from callgate import (
    BStr,
    IDispatch,
    IUnknown,
    Out,
    Variant,
    f8,
    i4,
    interface,
    struct,
    u4,
)
from callgate.com.declared import Declared, declared_of
from callgate_protocol.interfaces import method_places
from callgate_protocol.model import (
    Function,
    c_name,
)

T = TypeVar("T")


@struct
class Point:
    x: i4
    y: i4


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}")
class IPlayer(IUnknown, Protocol):
    """Mentions what stands further below."""

    def Open(self, path: BStr) -> None: ...
    def Duration(self) -> f8: ...
    def Advise(self, sink: IPlayerEvents) -> u4: ...
    def Next(self) -> IPlayer | None: ...


@interface("{3ca6a62e-7e5c-4e0c-9b0d-1d7b6f5b0c11}")
class IPlayerEvents(IUnknown, Protocol):
    def OnProgress(self, percent: i4) -> None: ...
    def Source(self) -> IPlayer: ...


@interface("3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C13")
class IRecorder(IPlayer, Protocol):
    def Record(self, at: Point) -> tuple[i4, Out[Point]]: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C14}", dual=True)
class ICalc(IDispatch, Protocol):
    def Add(self, a: i4, b: i4) -> i4: ...
    @property
    def Memory(self) -> Variant: ...
    @Memory.setter
    def Memory(self, value: Variant) -> None: ...


def slots(declared: Declared) -> dict[str, int]:
    """Slots by `interface.method`."""
    return {f"{place.interface.name}.{place.method.name}": place.slot for place in method_places(declared.library)}


def method(cls: Any, key: str) -> Function:
    return declared_of(cls).methods[key].function


def spelled(function: Function) -> list[str]:
    """The types of the parameters, the result first."""
    return [c_name(each.type) for each in (function.result, *function.parameters)]


_NUMBER = iter(range(1, 10_000))


def fresh() -> str:
    """An IID that nobody has yet."""
    return f"{{5B0C0000-7E5C-4E0C-9B0D-1D7B6F5B{next(_NUMBER):04X}}}"


def declare(cls: Any, **shape: Any) -> Any:
    return interface(fresh(), **shape)(cls)


def refusal(annotation: Any, result: Any = None, rule: str = "", **shape: Any) -> str:
    """The message for a method with one parameter of that type; it names the method and the rule."""
    base: Any = IDispatch if shape.keys() & {"dual", "dispatch"} else IUnknown

    class IRefused(base, Protocol):
        def Method(self, p: Any) -> None: ...

    IRefused.Method.__annotations__ = {"p": annotation, "return": result}
    with pytest.raises(callgate.MarshalDirectiveError) as caught:
        declare(IRefused, **shape)
    text = str(caught.value)
    assert "IRefused.Method" in text
    assert rule in re.findall(r"R\d+\.\d+", text), text
    return text


def accepted(annotation: Any, result: Any = None, **shape: Any) -> Function:
    """The opposite: the method, as the model has it."""
    base: Any = IDispatch if shape.keys() & {"dual", "dispatch"} else IUnknown

    class IAccepted(base, Protocol):
        def Method(self, p: Any) -> None: ...

    IAccepted.Method.__annotations__ = {"p": annotation, "return": result}
    return declared_of(declare(IAccepted, **shape)).methods["Method"].function
