"""R8.9, R8.3: pointers that an object of this process exchanges for native code (`tests/native/exchange.c`)."""

# ruff: noqa: N802 - the names of methods are COM's

from __future__ import annotations

import gc
from typing import Any

import pytest

from callgate import Lib
from tests.conftest import wait_until

from .conftest import Loader

IDL = """
    [object, uuid(5D0F0E9C-3C5B-4C55-9D53-2F1B0A6C7E01)]
    interface IExchanger : IUnknown {
        HRESULT Exchange([in, out] IUnknown **object);
    };
    [throws] HRESULT exchange(IExchanger *exchanger, [out, retval] int32_t *held);
    [throws] HRESULT object_at(int32_t index, [out, retval] IUnknown **object);
    int32_t count_of(int32_t index);
    void let_go(void);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("exchange", IDL)


class Exchanger:
    def __init__(self, instead: Any) -> None:
        self._instead = instead

    def Exchange(self, given: Any) -> Any:
        return self._instead(given)


def counts(lib: Lib, first: int, second: int) -> bool:
    """Whether native code counts so many references to its two objects, when nothing is under way any more."""
    gc.collect()
    return wait_until(lambda: (lib.count_of(0), lib.count_of(1)) == (first, second))


def test_r08_09_what_is_replaced_is_released(lib: Lib) -> None:
    """The slot's reference to the old object is given back, and it has one to the new one."""
    others = [lib.object_at(1)]
    assert lib.exchange(Exchanger(lambda _given: others[0])) == 1
    assert counts(lib, 0, 2)
    lib.let_go()
    others.clear()
    assert counts(lib, 0, 0)


def test_r08_09_the_same_object_is_held_as_before(lib: Lib) -> None:
    assert lib.exchange(Exchanger(lambda given: given)) == 0
    assert counts(lib, 1, 0)
    lib.let_go()
    assert counts(lib, 0, 0)


def test_r08_09_nothing_instead(lib: Lib) -> None:
    assert lib.exchange(Exchanger(lambda _given: None)) == -1
    assert counts(lib, 0, 0)


def test_r08_09_an_object_of_this_process_instead(lib: Lib) -> None:
    """It is the slot's until that lets it go."""
    assert lib.exchange(Exchanger(lambda _given: Exchanger(None))) == -1
    assert counts(lib, 0, 0)
    lib.let_go()


@pytest.mark.rule("R8.7")
def test_r08_09_a_failure_has_nothing_in_it(lib: Lib) -> None:
    """The old object is not leaked by that."""

    def fail(_given: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="0x80070057") as caught:
        lib.exchange(Exchanger(fail))
    assert repr(caught.value.__cause__) == "ValueError('no')"
    del caught
    lib.let_go()
    assert counts(lib, 0, 0)
