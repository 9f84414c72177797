"""R14.1, R2.9: objects of other binary shapes, which their declaration tells (`tests/native/component/odd.cpp`)."""

from __future__ import annotations

import platform
import subprocess
import sys
import uuid
from typing import Any

import pytest

import callgate
from tests.component.declared import CLSID, IDL, IID

from .conftest import Loader

FACTORY = "[throws] HRESULT component_create(const GUID *clsid, const IID *iid, [out, retval{}] {} **object);"
EXTENTS = ("width", "height", "depth")


def load_one(load_both: Loader, interface: str) -> Any:
    """The component with a factory of one interface: what a factory of such a family looks like."""
    return load_both("component", declared_for(interface))


def declared_for(interface: str) -> str:
    """The declarations of the component with such a factory."""
    written = FACTORY.format(", iid_is(iid)", "void")
    assert written in IDL
    return IDL.replace(written, "") + FACTORY.format("", interface)


def turned(guid: uuid.UUID) -> uuid.UUID:
    """The GUID whose bytes are those of another one, every number big-endian."""
    return uuid.UUID(bytes_le=guid.bytes)


@pytest.mark.parametrize(("name", "interface"), [("Big", "IBig"), ("Slots", "ISlots"), ("Shifted", "IShifted")])
def test_r14_01_shapes_of_other_families(load_both: Loader, name: str, interface: str) -> None:
    """Big-endian IIDs; slots of destructors behind Release; a vtable that is not at the object's start."""
    lib = load_one(load_both, interface)
    iid = turned(IID[interface]) if name == "Big" else IID[interface]
    with lib.component_create(CLSID[name], iid) as thing:
        assert thing.Twice(21) == 42
        assert callgate.query(thing, interface) is thing
        number = lib.component_last()
    assert lib.component_alive(number) == 0


@pytest.mark.parametrize("name", ["After", "Before"])
def test_r14_01_results_through_a_hidden_pointer(load_both: Loader, name: str) -> None:
    lib = load_one(load_both, f"I{name}")
    with lib.component_create(CLSID[name], IID[f"I{name}"]) as thing:
        box = thing.Measure(2.5)
        assert [getattr(box, each) for each in EXTENTS] == [2.5, 5.0, 7.5]
        if name == "After":  # also one that C would return in a register
            place = thing.Place()
            assert (place.x, place.y) == (5, 6)


class Callee:
    def Step(self, number: int) -> int:  # noqa: N802 - COM's name
        return number * 10


@pytest.mark.rule("R2.9")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="ms_abi is a convention of x86-64")
def test_r14_01_methods_that_are_called_as_on_windows(load_both: Loader) -> None:
    lib = load_one(load_both, "IMicrosoft")
    with lib.component_create(CLSID["Microsoft"], IID["IMicrosoft"]) as thing:
        assert thing.Mix(1, 2.0, 3, 4.0, 5) == 54321.0
        extent = callgate.types(lib).Extent
        shifted = thing.Shift(extent(width=1.0, height=2.0, depth=3.0), 0.5)
        assert [getattr(shifted, each) for each in EXTENTS] == [1.5, 2.5, 3.5]
        assert thing.Each(Callee(), 4) == 60  # which calls an object with the convention of this platform


LACKING = """
import ctypes, os, sys, callgate
from tests.component.declared import CLSID, IID
from tests.rules.test_r14_01_shapes import declared_for

path, way, lack = sys.argv[1:]
if lack == "machine":
    ctypes.CDLL(None).personality(0x0008)  # PER_LINUX32: what the kernel then calls this machine has no such convention
    if os.uname().machine == "x86_64":
        sys.exit()
else:
    from callgate_native_host import backend
    backend._CONVENTIONS.update({machine: 77 for machine in backend._CONVENTIONS})  # a number that libffi does not know
options = {} if way == "host" else {"isolation": "none"}
with callgate.load(path, declared_for("IMicrosoft"), **options) as lib:
    before = lib.component_last()
    try:
        lib.component_create(CLSID["Microsoft"], IID["IMicrosoft"])
    except callgate.NotSupportedError as error:
        print(error)
    print(lib.component_last() - before, lib.component_live())
with callgate.load(path, declared_for("IShape"), **options) as lib:
    print(lib.component_create(CLSID["Widget"], IID["IShape"]).Area())
"""


@pytest.mark.rule("R2.9")
@pytest.mark.parametrize(("way", "lack"), [("host", "machine"), ("here", "machine"), ("here", "libffi")])
def test_r14_01_a_convention_that_is_not_there(component: str, way: str, lack: str) -> None:
    """It is refused by its name before native code is entered, and everything else goes on."""
    command = [sys.executable, "-c", LACKING, component, way, lack]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    if not said:
        pytest.skip("this kernel has one name for the machine")
    assert "functions of the convention ms_abi cannot be called: libffi does not know it on" in said[0]
    assert said[1:] == ["0 0", "4.0"]


SINK = """
typedef struct Extent { double width; double height; double depth; } Extent;
[object, uuid(00000040-CA11-4A7E-8000-C0DEC0DEC0DE), local, hidden_result(after), extra_slots(2)]
interface IMeasure : IUnknown { Extent Measure(double scale); };
double measured(IMeasure *object, double scale);
"""


def test_r14_14_clients_objects_have_the_shape_too(load_both: Loader) -> None:
    """Native code finds the slots and the hidden result of a Python object where its declaration has them."""
    lib = load_both("shapes", SINK)
    extent = callgate.types(lib).Extent

    class Measure:
        def Measure(self, scale: float) -> Any:  # noqa: N802 - COM's name
            return extent(width=scale, height=2 * scale, depth=3 * scale)

    assert lib.measured(Measure(), 2.0) == 2.0 + 10 * 4.0 + 100 * 6.0
