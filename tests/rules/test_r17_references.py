"""References handed on to third processes, coming home, never arriving, and given back (R17.9 to R17.14, R17.23)."""

# mypy: disable-error-code="type-abstract, misc"

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import callgate
from callgate import errors
from callgate.com.objects import identity
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import ICalc, IKeeper
from tests.client.remoting.processes import Other, other_processes, shared_broker
from tests.client.remoting.server import Calc
from tests.component.declared import CLSID
from tests.conftest import wait_until
from tests.rules.component_faces import IShape


@pytest.fixture
def others() -> Iterator[list[Other]]:
    """Three other processes."""
    with other_processes(3) as started:
        yield started


@pytest.mark.rule("R17.12", "R17.13")
def test_r17_11_a_reference_that_was_handed_on_connects_directly(others: list[Other]) -> None:
    """Killing the process in the middle changes nothing, in either direction."""
    owner, middle, last = others
    calc, between, end = owner.get(), middle.get(), last.get()
    between.hold(calc)
    end.take_from(between)
    del between
    middle.kill()

    assert end.use(2, 3) == 5
    assert end.held() is calc
    assert calc.add(1, 1) == 2


def test_r17_13_an_object_of_this_process_comes_home_as_itself(others: list[Other]) -> None:
    """Through one process, and through two of which the first is gone by then."""
    mine = Calc()
    first, second, _ = others
    one, two = first.get(), second.get()
    one.hold(mine)
    assert one.held() is mine
    two.take_from(one)
    first.kill()

    assert two.held() is mine
    assert two.use(3, 4) == 7


def test_r17_13_one_object_has_one_proxy_by_whatever_way_it_came(others: list[Other]) -> None:
    """Directly, and by way of others: the same Python object, in this process and in those."""
    owner, left, right = others
    calc, one, two = owner.get(), left.get(), right.get()
    one.hold(calc)
    two.take_from(one)

    assert one.held() is calc
    assert two.held() is calc
    assert one.held() is two.held()
    assert calc.is_me(two.held())
    assert identity(one.held()) == identity(calc)


def test_r17_11_an_object_that_the_one_in_the_middle_passed_on_is_its_owners(others: list[Other]) -> None:
    """What this process gets from the second is the third's own object, called without the second."""
    _, middle, owner = others
    owned = owner.get()
    owned.hold_own()
    between = middle.get()
    between.take_from(owned)
    got = between.held()

    assert got is owned.held()
    assert got._host is owner.host
    middle.kill()
    assert got.add(4, 4) == 8


def test_r17_12_the_sender_may_let_go_at_once(others: list[Other]) -> None:
    """The reference in flight is a real one: the object lives although nobody else holds it."""
    owner, keeper, _ = others
    maker, end = owner.get(), keeper.get()
    made = maker.made()
    before = owner.given_out
    end.hold(made)
    callgate.release(made)
    del made
    gc.collect()

    assert owner.given_out == before
    assert end.use(5, 5) == 10


def test_r17_13_references_balance_at_the_end(others: list[Other]) -> None:
    """A hundred objects, handed on and let go of: every table is where it was."""
    owner, left, right = others
    maker, one, two = owner.get(), left.get(), right.get()
    gc.collect()
    before = owner.given_out
    for _ in range(100):
        one.hold(maker.made())
        two.take_from(one)
        assert two.use(1, 2) == 3
    one.hold(None)
    two.hold(None)
    gc.collect()
    maker.add(1, 1)
    one.add(1, 1)
    two.add(1, 1)

    assert wait_until(lambda: owner.given_out == before)


def test_r17_23_a_client_that_dies_gives_its_references_back_at_once(others: list[Other]) -> None:
    """The objects that only it held are gone; those of the others stay."""
    owner, dying, living = others
    maker, one, two = owner.get(), dying.get(), living.get()
    gc.collect()
    before = owner.given_out
    one.hold(maker.made())
    two.hold(maker.made())
    gc.collect()
    assert wait_until(lambda: owner.given_out == before + 2)
    dying.kill()

    assert wait_until(lambda: owner.given_out == before + 1, 1.0)
    assert two.use(6, 6) == 12


def test_r17_11_a_chain_of_five_processes() -> None:
    """R17.11: afterwards only the first and the last are needed."""
    with other_processes(5) as chain:
        objects = [each.get() for each in chain]
        objects[0].hold_own()
        for before, after in itertools.pairwise(objects):
            after.take_from(before)
        first = objects[0].held()
        assert all(each.held() is first for each in objects)
        for each in chain[1:-1]:
            each.kill()

        assert objects[-1].use(20, 22) == 42
        assert objects[-1].held() is first


def test_r17_13_what_arrives_after_its_owner_has_gone_says_so(others: list[Other]) -> None:
    """The receiver is told, and goes on."""
    owner, middle, last = others
    between, end = middle.get(), last.get()
    between.hold(owner.get())
    owner.kill()
    with pytest.raises(errors.Error):
        end.take_from(between)

    assert end.add(1, 1) == 2
    assert between.add(1, 1) == 2


def test_r17_16_a_call_that_comes_back_is_served_while_its_caller_waits(others: list[Other]) -> None:
    """This process calls the first, which calls the second, which calls here again, on whatever thread."""
    first, second, _ = others
    threads: set[int] = set()

    class Mine(Calc):
        def add(self, a: int, b: int) -> int:
            threads.add(threading.get_ident())
            return a + b

    one, two = first.get(), second.get()
    two.hold(Mine())
    one.hold(two)

    assert one.held() is two
    assert two.use(1, 2) == 3
    assert threads == {threading.get_ident()}


@pytest.mark.rule("R18.7")
def test_r17_13_two_processes_that_have_each_opened_a_session(others: list[Other]) -> None:
    """One object has one proxy here, whether its process passed it to this one or was asked for it."""
    first, second, _ = others
    mine = Calc()
    one, two = first.get(), second.get()
    one.hold(mine)
    two.take_from(one)
    two.give_self()
    assert mine.held() is two
    assert two.held() is mine


def test_r17_23_a_peer_that_dies_takes_its_objects_along(others: list[Other]) -> None:
    """Whoever holds them here is told, at the next call or in the midst of one."""
    first, second, _ = others
    mine = Calc()
    one, two = first.get(), second.get()
    one.hold(mine)
    two.take_from(one)
    two.give_self()
    second.kill()

    with pytest.raises((errors.HostLost, errors.ObjectGone)):
        mine.held().add(1, 1)
    assert one.add(1, 1) == 2


PASSIVE = """
import sys, callgate
from tests.client.remoting.described import ICalc, IKeeper
from tests.client.remoting.server import Calc
with callgate.connect(sys.argv[1]) as broker:
    mine = Calc()
    there = broker.get_object("meeting", ICalc)
    there.hold(mine)
    export = broker.export(mine, "passive")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.rule("R18.7")
def test_r17_13_an_object_that_was_lent_before_it_was_found_by_its_name() -> None:
    """It came over the connection that its program opened, and then by its name: the same proxy."""
    mine = Calc()
    with (
        shared_broker("meeting") as address,
        callgate.connect(address) as broker,
        broker.export(mine, "meeting"),
        subprocess.Popen(
            [sys.executable, "-c", PASSIVE, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        lent = mine.held()
        assert lent.add(1, 2) == 3
        assert callgate.info(lent).process == other.pid
        assert broker.get_object("passive", ICalc) is lent
        other.communicate()


def test_r17_14_a_reference_that_did_not_leave_is_given_back(others: list[Other]) -> None:
    """A later argument is refused: the owner does not wait for a claim that cannot come."""
    owner, end, _ = others
    made, last = owner.get().made(), end.get()
    with pytest.raises(errors.InvalidCastError):
        last.bounce(made, "not a number")

    assert owner.host.system(HostFunction.INFO)["handed"] == 0
    assert made.add(1, 1) == 2


def test_r17_11_what_nobody_else_can_reach_is_called_by_way_of_its_process(others: list[Other], component: str) -> None:
    """An object of native code in this process: given to another process, got by another, and home again as itself."""
    widget = callgate.create(CLSID["Widget"], IShape, library=component, isolation="none")
    mine = Calc()
    mine.put(widget)
    first, second = others[0].get(IKeeper), others[1].get(IKeeper)
    first.put(widget)
    second.take_over(mine)

    assert first.area() == second.area() == 4.0
    widget.Scale(2.0)
    assert first.area() == second.area() == 16.0
    assert first.taken() is widget
    assert second.taken() is widget
    second.take_over(first)
    assert second.area() == 16.0
