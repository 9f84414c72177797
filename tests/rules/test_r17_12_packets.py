"""R17.6, R17.12 to R17.14: references as bytes: several of one object, used and unused, of Python and native ones."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import IUnknown, Lib, errors
from callgate.host import Host
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction
from tests.client.remoting.described import ICalc, IKeeper
from tests.client.remoting.processes import Other, other_processes
from tests.component.declared import CLSID, IDL, IID
from tests.conftest import wait_until

from .component_faces import IShape


@pytest.fixture(scope="module")
def others() -> Iterator[list[Other]]:
    """Three other processes; the last one owns Python objects."""
    with other_processes(3) as started:
        yield started


@pytest.fixture(scope="module")
def native(component: str) -> Iterator[Lib]:
    with callgate.load(component, IDL) as lib:
        yield lib


class Owner:
    """A process that has objects, Python or native ones, and what it counts of them."""

    def __init__(self, kind: str, native: Lib, others: list[Other]) -> None:
        self.native = kind == "native"
        self._lib = native
        self._python: Any = others[2].get(IKeeper)
        host = binding_of(native).host if self.native else others[2].host
        assert host is not None
        self.host: Host = host

    def shape(self) -> Any:
        """A new object."""
        return self._lib.component_create(CLSID["Widget"], IID["IShape"]) if self.native else self._python.shape()

    def counts(self) -> tuple[int, int]:
        """Objects that others hold, and native ones that are alive."""
        info: dict[str, int] = self.host.system(HostFunction.INFO)
        return info["objects"], self._lib.component_live()


@pytest.fixture(params=["python", "native"])
def owner(request: pytest.FixtureRequest, native: Lib, others: list[Other]) -> Iterator[Owner]:
    """Afterwards it holds what it held before."""
    made = Owner(request.param, native, others)
    gc.collect()
    before = made.counts()
    yield made
    gc.collect()
    assert wait_until(lambda: made.counts() == before), (made.counts(), before)


@pytest.mark.rule("R17.6", "R17.13")
def test_r17_12_one_object_in_two_packets(owner: Owner, others: list[Other]) -> None:
    """Two other processes take them: both have the object, and its maker may let go in between."""
    shape = owner.shape()
    packets = [callgate.marshal(shape, IShape) for _ in range(2)]
    keepers = [each.get(IKeeper) for each in others[:2]]
    keepers[0].unpack(packets[0].hex())
    callgate.final_release(shape)
    keepers[1].unpack(packets[1].hex())
    areas = {each.area() for each in keepers}
    assert areas == {4.0 if owner.native else 12.5}
    assert keepers[0].taken() is keepers[1].taken()
    for packet in packets:
        with pytest.raises(errors.ObjectGone):
            callgate.unmarshal(packet, IShape)
    for keeper in keepers:
        keeper.put(None)


@pytest.mark.rule("R17.13")
def test_r17_12_two_packets_for_one_process(owner: Owner, others: list[Other]) -> None:
    """The second adds to the reference that it has: one proxy, and all of it is given back."""
    shape = owner.shape()
    packets = [callgate.marshal(shape, IShape) for _ in range(2)]
    keeper: Any = others[0].get(IKeeper)
    for packet in packets:
        keeper.unpack(packet.hex())
    assert keeper.taken() is shape
    third: Any = callgate.unmarshal(callgate.marshal(shape, IShape), IShape)
    assert third is shape
    keeper.put(None)
    callgate.final_release(shape)


@pytest.mark.rule("R17.6")
@pytest.mark.parametrize("purpose", ["normal", "strong", "weak"])
def test_r17_14_an_unused_packet_is_given_back(owner: Owner, purpose: str) -> None:
    """`release_marshal_data` ends what it held and what it was good for; again it does nothing."""
    handed = owner.host.system(HostFunction.INFO).get("handed", 0)
    shape = owner.shape()
    data = callgate.marshal(shape, IShape, purpose)
    kept = callgate.marshal(shape, IShape, "weak")
    callgate.release_marshal_data(data)
    assert owner.host.system(HostFunction.INFO).get("handed", 0) == handed
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(data, IShape)
    callgate.release_marshal_data(data)
    found: Any = callgate.unmarshal(kept, IUnknown)
    assert found is shape
    callgate.release_marshal_data(kept)
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(kept, IUnknown)
    callgate.final_release(shape)


@pytest.mark.rule("R17.6")
@pytest.mark.parametrize(("purpose", "kept"), [("normal", 1), ("strong", 1), ("weak", 0)])
def test_r17_14_what_only_a_packet_holds_goes_with_it(owner: Owner, purpose: str, kept: int) -> None:
    """The object is alive by it alone, or not at all."""
    before = owner.counts()
    shape = owner.shape()
    data = callgate.marshal(shape, IShape, purpose)
    callgate.final_release(shape)
    held = before[0] + kept, before[1] + kept * owner.native
    assert wait_until(lambda: owner.counts() == held)
    callgate.release_marshal_data(data)
    assert wait_until(lambda: owner.counts() == before)


def test_r17_23_the_references_of_a_killed_client_are_gone_in_100_ms(owner: Owner) -> None:
    """Five clients are killed one after the other: a busy machine may be late for some of them, and not for all."""
    before = owner.counts()[0]
    with other_processes(5) as clients:
        for client in clients:
            keeper, calc = client.get(IKeeper), client.get(ICalc)
            for _ in range(100):
                keeper.put(owner.shape())
                calc.keep_held()
        gc.collect()
        assert wait_until(lambda: owner.counts()[0] == before + 500)
        times = []
        for left, client in zip(range(400, -1, -100), clients, strict=True):
            killed = time.monotonic()
            client.process.kill()
            assert wait_until(lambda left=left: owner.counts()[0] == before + left, 5)  # type: ignore[misc]
            times.append(time.monotonic() - killed)
        assert min(times) < 0.1, times
