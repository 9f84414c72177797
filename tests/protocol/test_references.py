"""The tables of references: who counts, what a release gives back, and what a finalizer does not do."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate_protocol.codec import decode, encode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.references import ExportTable, ImportTable, Reference, read_address, read_reference
from tests.protocol.strategies import plain_values, quick

LIFE = bytes(range(16))
ONE, TWO = b"session one", b"session two"


class Proxy:
    """Anything that can be held weakly."""


def reference(number: int, times: int = 1) -> Reference:
    return Reference(LIFE, number, "", times, None, [])


# -- the owner's side --------------------------------------------------------------------------------------------


def test_numbers_are_never_used_again() -> None:
    """An object gets a new number although all before it are gone, and old numbers are known to have been."""
    table: ExportTable[str] = ExportTable(LIFE)
    first = table.add("first")
    table.remove(first)
    second = table.add("second")

    assert second > first
    assert table.get(first) is None
    assert table.knew(first)
    assert not table.knew(second + 1)
    assert not table.knew(0)
    assert len(table) == 1


def test_a_reference_says_whose_it_is() -> None:
    """What goes on the wire names this life of the owner, counts once, and needs no route."""
    table: ExportTable[str] = ExportTable(LIFE)

    assert Reference(LIFE, 1, "tree", 1, None, []) == table.send(table.add("x"), "tree", ONE)


def test_an_object_lives_until_all_that_was_sent_has_come_back() -> None:
    """Three sendings to two sessions need three to come back, in whatever portions."""
    table: ExportTable[str] = ExportTable(LIFE)
    number = table.add("x")
    for session in (ONE, ONE, TWO):
        table.send(number, "", session)

    assert table.release(number, 1, ONE) is None
    assert table.release(number, 1, TWO) is None
    assert table.get(number) == "x"
    assert table.release(number, 1, ONE) == "x"
    assert table.get(number) is None


def test_a_release_of_what_is_gone_is_no_error() -> None:
    """A late release meets nothing, because the number belongs to no other object."""
    table: ExportTable[str] = ExportTable(LIFE)
    number = table.add("x")
    table.send(number, "", ONE)
    table.remove(number)

    assert table.release(number, 1, ONE) is None


@pytest.mark.parametrize("count", [-1, 0, 2, 1 << 40])
@pytest.mark.parametrize("session", [ONE, TWO])
def test_nobody_gives_back_what_was_not_sent(session: bytes, count: int) -> None:
    """Counts that are not positive or exceed what the session holds end in RemoteProtocolError and release nothing."""
    table: ExportTable[str] = ExportTable(LIFE)
    number = table.add("x")
    table.send(number, "", ONE)

    with pytest.raises(RemoteProtocolError):
        table.release(number, count, session)
    assert table.get(number) == "x"


def test_an_object_that_was_never_sent_cannot_be_released() -> None:
    """Guessing the number of an object that no session holds yet does not end its life."""
    table: ExportTable[str] = ExportTable(LIFE)
    number = table.add("x")
    for count in (0, 1):
        with pytest.raises(RemoteProtocolError):
            table.release(number, count, ONE)
    assert table.get(number) == "x"


def test_a_session_that_ends_gives_everything_back() -> None:
    """Objects that only it held are returned once; those that others hold live on."""
    table: ExportTable[str] = ExportTable(LIFE)
    own, shared, others, unsent = (table.add(name) for name in ("own", "shared", "others", "unsent"))
    for number, session in ((own, ONE), (own, ONE), (shared, ONE), (shared, TWO), (others, TWO)):
        table.send(number, "", session)

    assert table.drop_session(ONE) == ["own"]
    assert table.drop_session(ONE) == []
    assert [table.get(shared), table.get(others)] == ["shared", "others"]
    assert sorted(table.drop_session(TWO)) == ["others", "shared"]
    assert table.get(unsent) == "unsent"


# -- the holder's side -------------------------------------------------------------------------------------------


def test_one_object_has_one_proxy() -> None:
    """The same reference gives the same proxy, and each receipt counts."""
    table: ImportTable[Proxy] = ImportTable()
    proxy = table.receive(reference(5), Proxy)

    assert proxy is table.receive(reference(5, times=2), Proxy)
    assert proxy is table.get(5)
    assert len(table) == 1
    del proxy
    assert table.take_releases() == [[5, 3]]
    assert table.take_releases() == []
    assert len(table) == 0


def test_a_living_proxy_is_not_released() -> None:
    """Nothing is given back while somebody holds the proxy."""
    table: ImportTable[Proxy] = ImportTable()
    proxy = table.receive(reference(5), Proxy)

    assert table.take_releases() == []
    assert table.get(5) is proxy


def test_a_finalizer_only_enqueues() -> None:
    """When a proxy is collected the table keeps its entry until somebody asks for the releases."""
    table: ImportTable[Proxy] = ImportTable()
    proxy = table.receive(reference(5), Proxy)
    before = len(table)
    del proxy

    assert len(table) == before
    assert len(table.collected) == 1
    assert table.get(5) is None
    assert table.take_releases() == [[5, 1]]


def test_a_proxy_in_a_cycle_is_collected_too() -> None:
    """What the garbage collector finds is given back like what dies at once."""
    table: ImportTable[Any] = ImportTable()
    proxy = table.receive(reference(5), Proxy)
    proxy.itself = proxy
    del proxy
    gc.collect()

    assert table.take_releases() == [[5, 1]]


def test_a_late_release_does_not_take_the_new_proxy_along() -> None:
    """A reference received again before the old proxy's release was sent: only the old counts go back."""
    table: ImportTable[Proxy] = ImportTable()
    first = table.receive(reference(5, times=2), Proxy)
    del first
    again = table.receive(reference(5), Proxy)

    assert table.take_releases() == [[5, 2]]
    assert table.get(5) is again
    del again
    assert table.take_releases() == [[5, 1]]


@quick(100)
@given(st.lists(st.tuples(st.sampled_from(["send", "drop", "flush"]), st.integers(1, 3)), max_size=30))
def test_what_was_sent_comes_back_exactly(steps: list[tuple[str, int]]) -> None:
    """However sendings, collections and releases follow each other, in the end the owner has no object left."""
    owner: ExportTable[int] = ExportTable(LIFE)
    holder: ImportTable[Proxy] = ImportTable()
    held: dict[int, Proxy] = {}
    numbers = {index: owner.add(index) for index in (1, 2, 3)}
    ever = set()

    def flush() -> None:
        for number, count in holder.take_releases():
            owner.release(number, count, ONE)

    for step, index in steps:
        if step == "send" and owner.get(numbers[index]) is not None:
            held[index] = holder.receive(owner.send(numbers[index], "", ONE), Proxy)
            ever.add(index)
        elif step == "drop":
            held.pop(index, None)
        elif step == "flush":
            flush()
        for living in held:
            assert owner.get(numbers[living]) == living
    held.clear()
    flush()
    assert len(owner) == 3 - len(ever)
    assert len(holder) == 0


# -- on the wire -------------------------------------------------------------------------------------------------


def test_a_reference_survives_the_wire() -> None:
    """The six fields and the offset are read as they were written."""
    sent = Reference(LIFE, 7, "tree", 2, b"token", ["ipc:///r/link"])

    assert (sent, 16) == read_reference(decode(encode({"ref": list(sent), "offset": 16}), DEFAULT_LIMITS))
    assert (sent, 0) == read_reference({"ref": list(sent)})


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        {},
        {"ref": None},
        {"ref": [LIFE, 1, "", 1, None]},
        {"ref": [LIFE[:15], 1, "", 1, None, []]},
        {"ref": [LIFE.decode(), 1, "", 1, None, []]},
        {"ref": [LIFE, 0, "", 1, None, []]},
        {"ref": [LIFE, True, "", 1, None, []]},
        {"ref": [LIFE, 1, b"", 1, None, []]},
        {"ref": [LIFE, 1, "", 0, None, []]},
        {"ref": [LIFE, 1, "", 1.0, None, []]},
        {"ref": [LIFE, 1, "", 1, "token", []]},
        {"ref": [LIFE, 1, "", 1, None, None]},
        {"ref": [LIFE, 1, "", 1, None, []], "offset": None},
    ],
)
def test_a_malformed_reference_is_refused(wire: Any) -> None:
    """Each field that does not hold what it must ends in RemoteProtocolError."""
    with pytest.raises(RemoteProtocolError):
        read_reference(wire)


@pytest.mark.parametrize("wire", [None, [1, 2], {}, {"at": 5}, {"at": [5]}, {"at": [5, True]}, {"at": [None, 0]}])
def test_a_malformed_address_is_refused(wire: Any) -> None:
    """An address is an object number and an offset, nothing else."""
    assert read_address({"at": [5, -8]}) == (5, -8)
    with pytest.raises(RemoteProtocolError):
        read_address(wire)


@quick(100)
@given(plain_values)
def test_noise_is_no_reference_and_no_address(wire: Any) -> None:
    """Any plain value gives RemoteProtocolError or a reading, never another exception."""
    for read in (read_reference, read_address):
        try:
            read(wire)
        except RemoteProtocolError:
            continue
