"""What Python classes say about themselves: interfaces, visible members, coclasses (R14.11, R14.16 to R14.19)."""

# mypy: disable-error-code="misc, valid-type, type-abstract, abstract"
# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

import pytest

import callgate
from callgate import IUnknown, class_interface, coclass, com_visible, export_idl, i4, interface
from callgate.com.classes import (
    class_by_clsid,
    class_interface_of,
    declared_interfaces,
    default_interface,
    is_visible,
    visible_members,
    words_of,
)
from callgate.com.declared import declared_of
from callgate_protocol.forms import InterfacePointer
from callgate_protocol.marshal import resolve

T = TypeVar("T")


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0D01}")
class ICalc(IUnknown, Protocol):
    def Add(self, a: i4, b: i4) -> i4: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0D02}")
class IBetterCalc(ICalc, Protocol):
    def Multiply(self, a: i4, b: i4) -> i4: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0D03}")
class INamed(IUnknown, Protocol):
    def Name(self) -> str: ...


@interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0D04}")
class ICalcEvents(IUnknown, Protocol):
    def OnResult(self, value: i4) -> None: ...


class Both(INamed, IBetterCalc):
    """Not decorated: its class interface stands for it."""

    limit = 3

    def Name(self) -> str:
        return "both"

    def Add(self, a: int, b: int) -> int:
        return a + b

    def Multiply(self, a: int, b: int) -> int:
        return a * b

    @property
    def size(self) -> int:
        return 1

    @staticmethod
    def helper() -> None: ...

    @com_visible(False)
    def secret(self) -> None: ...

    def _private(self) -> None: ...


class Derived(Both):
    def more(self) -> None: ...


def names(cls: Any) -> list[str]:
    return [each.name for each in declared_interfaces(cls)]


def test_r14_18_declared_order_is_that_of_the_bases() -> None:
    """Bases of interfaces are answered with them and are no interfaces of the class's own."""
    assert names(Both) == ["INamed", "IBetterCalc"]
    assert names(Derived) == ["INamed", "IBetterCalc"]
    assert names(int) == []


def test_r14_18_three_configurations() -> None:
    """What is said, else the first interface when there is no class interface, else the class interface."""

    @class_interface("none")
    class Without(INamed, ICalc): ...

    @class_interface(ICalc)
    class Chosen(INamed, ICalc): ...

    assert default_interface(Both) is None
    assert default_interface(Without) is declared_of(INamed)
    assert default_interface(Chosen) is declared_of(ICalc)
    assert (class_interface_of(Both), class_interface_of(Without), class_interface_of(Chosen)) == (
        "dispatch",
        "none",
        "none",
    )


def test_r14_17_words_are_not_inherited() -> None:
    """A class says for itself how it is called; something else than the four is refused."""

    class Below(Chosen): ...

    assert class_interface_of(Below) == "dispatch"
    with pytest.raises(callgate.DeclarationError, match=r"'dual', 'none' or an interface, not 'early'.*R14\.17"):
        class_interface("early")
    with pytest.raises(callgate.DeclarationError, match=r"ICalc is no class of objects"):
        class_interface("none")(ICalc)


@class_interface("none")
class Chosen(ICalc): ...


def test_r14_16_what_is_visible() -> None:
    """Public methods and properties, those of the base first; no static methods, constants or hidden ones."""
    assert visible_members(Derived) == {
        "Name": "method",
        "Add": "method",
        "Multiply": "method",
        "size": "property",
        "more": "method",
    }

    @com_visible(False)
    class Hidden(ICalc):
        def Add(self, a: int, b: int) -> int:
            return a + b

    class _Private: ...

    assert (is_visible(Both), is_visible(Hidden), is_visible(_Private)) == (True, False, False)
    assert class_interface_of(Hidden) == "none"
    assert visible_members(Hidden) == {}
    assert names(Hidden) == ["ICalc"]


def test_r14_19_generic_classes() -> None:
    """They have the interfaces that they derive from, and no class interface; neither have classes below them."""

    class My(ICalc, Generic[T]):
        def Add(self, a: int, b: int) -> int:
            return a + b

    class Numbers(My[int]): ...

    for cls in (My, Numbers):
        assert names(cls) == ["ICalc"]
        assert class_interface_of(cls) == "none"
        assert default_interface(cls) is declared_of(ICalc)


def test_r14_11_a_class_stands_for_its_default_interface() -> None:
    """In a signature it is that interface's pointer."""

    @coclass("{3ca6a62e-7e5c-4e0c-9b0d-1d7b6f5b0dc1}", default=ICalc, sources=[ICalcEvents])
    class Calc(INamed, ICalc): ...

    class IUses(IUnknown, Protocol):
        def SetCalc(self, calc: Any) -> None: ...

    IUses.SetCalc.__annotations__ = {"calc": Calc, "return": None}
    declared = declared_of(interface("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0D05}")(IUses))
    signature = resolve(declared.library, declared.methods["SetCalc"].function)
    assert signature.parameters[0].form == InterfacePointer("ICalc", clsid=words_of(Calc).clsid)
    assert [each.name for each in declared.library.coclasses] == ["Calc"]
    assert "HRESULT SetCalc([in] ICalc *calc);" in export_idl(IUses, plain=True)
    assert class_by_clsid("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0DC1}") is Calc
    assert words_of(Calc).sources == (declared_of(ICalcEvents),)
    assert default_interface(Calc) is declared_of(ICalc)


def test_r14_11_what_is_no_coclass() -> None:
    """It needs a CLSID of its own, and an interface."""

    class Plain: ...

    class Other(ICalc): ...

    class Third(ICalc): ...

    with pytest.raises(callgate.DeclarationError, match=r"Plain has no interface.*default=.*R14\.11"):
        coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0DC2}")(Plain)
    with pytest.raises(callgate.DeclarationError, match=r"'x' is no GUID"):
        coclass("x")(Other)
    coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0DC3}")(Other)
    with pytest.raises(callgate.DeclarationError, match=r"Third and .*Other have one CLSID"):
        coclass("{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0DC3}")(Third)
