"""R14.17, R14.18: native code calls the class interface of a Python class early bound (`tests/native/classface.c`)."""

# mypy: disable-error-code="misc, valid-type, empty-body"

from __future__ import annotations

import re
import uuid
from typing import Any, Generic, TypeVar

import pytest

import callgate
from callgate import class_interface, export_idl, i4
from callgate.com.classes import class_interface_of, default_interface
from callgate.com.implemented import class_interfaces
from tests.component.declared import IDL

from .com import probed
from .conftest import Loader

DECLARED = """
    HRESULT answers(IUnknown *known, GUID wanted);
    [throws] HRESULT add_early(IUnknown *known, GUID wanted, int a, int b, [out, retval] int *sum);
    [throws] HRESULT set_early(IUnknown *known, GUID wanted, int value, [out, retval] int *now);
    [throws] HRESULT object_early(IUnknown *known, GUID wanted, [out] BSTR *text, [out] VARIANT_BOOL *same,
                                  [out] int *hashed, [out] HRESULT *type);
"""
NO_INTERFACE, NOT_IMPLEMENTED = 0x80004002, 0x80004001
METHOD, GET = 1, 2
OBJECT = uuid.UUID("65074F7F-63C0-304E-AF0A-D51741CB4A8D")
T = TypeVar("T")


@class_interface("dual")
class Machine:
    def add(self, a: i4, b: i4) -> i4:
        if a == b == 0:
            raise ZeroDivisionError("nothing to add")
        return a + b

    @property
    def level(self) -> i4:
        level: int = self.__dict__.get("_level", 0)
        return level

    @level.setter
    def level(self, value: i4) -> None:
        self.__dict__["_level"] = value

    def __repr__(self) -> str:
        return "a machine"

    def __hash__(self) -> int:
        return 1234

    def __eq__(self, other: object) -> bool:
        return self is other


class Below(Machine):
    """Its own class interface is called by name only; that of its base goes on by slot."""

    def add(self, a: i4, b: i4) -> i4:
        return 10 * super().add(a, b)

    def more(self) -> i4:
        return 5


@class_interface("none")
class Closed:
    def add(self, a: i4, b: i4) -> i4:
        return a + b


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> callgate.Lib:
    return load_both("classface", DECLARED)


def iid_of(cls: type[Any]) -> uuid.UUID:
    """As a native caller finds it: in the IDL that describes the class."""
    text = export_idl(cls, class_interface="dual")
    found = re.search(rf"uuid\(([0-9A-F-]{{36}})\)[^\]]*\]\s*interface _{cls.__name__} ", text)
    assert found is not None
    return uuid.UUID(found[1])


def test_r14_17_members_have_slots_in_the_order_of_the_class(lib: callgate.Lib) -> None:
    machine, iid = Machine(), iid_of(Machine)
    assert lib.answers(machine, iid) == 0
    assert lib.add_early(machine, iid, 2, 3) == 5
    assert lib.set_early(machine, iid, 7) == 7
    assert machine.level == 7


@pytest.mark.rule("R14.20", "R11.8")
def test_r14_17_a_member_that_fails_is_its_code(lib: callgate.Lib) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        lib.add_early(Machine(), iid_of(Machine), 0, 0)
    assert caught.value.hresult == 0x80020012  # type: ignore[attr-defined]  # it is a ComError too


def test_r14_17_they_begin_with_those_of_every_object(lib: callgate.Lib) -> None:
    found = lib.object_early(Machine(), iid_of(Machine))
    text, same, hashed, kind = tuple(found)[-4:]
    assert (text, same, hashed, int(kind) & 0xFFFFFFFF) == ("a machine", True, 1234, NOT_IMPLEMENTED)


def test_r14_17_bases_go_on_with_theirs(lib: callgate.Lib) -> None:
    below = Below()
    assert lib.add_early(below, iid_of(Machine), 2, 3) == 50
    assert class_interface_of(Below) == "dispatch"
    assert lib.answers(below, iid_of(Below)) & 0xFFFFFFFF == NO_INTERFACE  # it was not said of that class


def test_r14_17_none_refuses_the_iid_of_the_class(lib: callgate.Lib) -> None:
    assert lib.answers(Closed(), uuid.uuid4()) & 0xFFFFFFFF == NO_INTERFACE
    assert class_interfaces(Closed) == []


@pytest.mark.rule("R14.21", "R14.24")
def test_r14_17_the_same_members_by_name(load_both: Loader) -> None:
    """With the numbers that its IDL says, and coerced to the types of its members."""
    with probed(load_both("component", IDL)) as probe:
        machine = Machine()
        assert probe.Dispid(machine, "add") == (0, 0x60020004)
        assert probe.Dispid(machine, "Level") == (0, 0x60020005)
        assert probe.Invoke(machine, 0x60020004, METHOD, ["5", 1])[:2] == (0, 6)
        assert probe.Invoke(machine, 0, GET, [])[:2] == (0, "a machine")
        assert probe.Invoke(machine, 0x60020003, METHOD, [])[:2] == (0, "Machine")
        assert probe.Laws(machine) == ""


def test_r14_18_it_stands_for_the_object() -> None:
    assert class_interface_of(Machine) == "dual"
    assert default_interface(Machine) is None
    assert [each.name for each in class_interfaces(Machine)] == ["_Machine"]


@pytest.mark.rule("R14.19", "R19.48")
def test_r14_17_what_cannot_have_slots_is_refused_by_name() -> None:
    class Generically(Generic[T]):
        def f(self) -> i4: ...

    with pytest.raises(callgate.DeclarationError, match=r"Generically has no class interface.*generic.*R14\.19"):
        class_interface("dual")(Generically)

    @callgate.com_visible(False)
    @class_interface("dual")
    class Hidden:
        def f(self) -> i4: ...

    assert class_interfaces(Hidden) == []

    class Untyped:
        def f(self, value) -> i4: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - that is the fault

    with pytest.raises(callgate.DeclarationError, match=r"_Untyped\.f.*value"):
        class_interface("dual")(Untyped)
