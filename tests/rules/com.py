"""What the tests of R14 share: the component, its objects, and what must be left of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import callgate
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .conftest import Loader

__all__ = [
    "CLSID",
    "E_ABORT",
    "E_FAIL",
    "E_NOINTERFACE",
    "E_POINTER",
    "IDL",
    "IID",
    "component",
    "make",
    "probed",
    "released",
]

E_NOINTERFACE: Final = -0x7FFFBFFE
E_POINTER: Final = -0x7FFFBFFD
E_ABORT: Final = -0x7FFFBFFC
E_FAIL: Final = -0x7FFFBFFB


def component(load: Loader) -> Any:
    """The component, declared."""
    return load("component", IDL)


def make(lib: Any, name: str, interface: str = "IUnknown", *more: str) -> Any:
    """An object of one of its classes, with these interfaces."""
    made = lib.component_create(CLSID[name], IID[interface])
    for each in more:
        assert callgate.query(made, each) is made
    return made


@contextmanager
def probed(lib: Any) -> Iterator[Any]:
    """An object whose methods call objects by name. In the end native code holds nothing of this process."""
    made = lib.component_create(CLSID["Holder"], IID["IProbe"])
    yield made
    host = callgate.lib.binding_of(lib).host
    callgate.final_release(made)
    assert host is not None
    assert wait_until(lambda: not len(host.objects.lent)), "native code still holds objects"


@contextmanager
def released(lib: Any) -> Iterator[None]:
    """Afterwards as many objects of the component are alive as before, and as many references to them held."""
    gc.collect()
    before = lib.component_live(), lib.component_references(0)
    yield
    gc.collect()

    def back() -> bool:
        return (lib.component_live(), lib.component_references(0)) == before

    assert wait_until(back), f"{lib.component_live()} objects are alive, {lib.component_references(0)} references held"
