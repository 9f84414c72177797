"""References as bytes, and what their purposes mean (R17.2, R17.3, R17.6, R17.14, R17.24)."""

# mypy: disable-error-code="type-abstract, call-overload"

from __future__ import annotations

import gc
import os
import random
from collections.abc import Iterator

import pytest

import callgate
from callgate import errors
from callgate.failures import exception_for_hr
from callgate.process import current
from callgate.remoting import exports
from callgate_protocol.channel import Channel
from callgate_protocol.codec import decode
from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import Call, from_wire
from callgate_protocol.objref import decode_objref, encode_objref
from callgate_protocol.references import ExportTable, Purpose, Reference
from callgate_protocol.rpccodes import Code
from callgate_protocol.turns import Role
from tests.client.remoting.described import ICalc, IOther, ISink
from tests.client.remoting.processes import Other, other_processes
from tests.client.remoting.server import Calc
from tests.conftest import wait_until

IID = "{7A0D6F3C-52B1-4C58-9E0B-6B3B1B2A9C01}"
REFERENCE = Reference(bytes(range(16)), 7, IID, 5, bytes(range(16, 32)), ["unix:/x"])
GOLDEN = (
    "4d454f57 01000000 3c6f0d7ab152584c9e0b6b3b1b2a9c01 00000000 05000000 "
    "0001020304050607 0700000000000000 101112131415161718191a1b1c1d1e1f"
)


@pytest.fixture(scope="module")
def others() -> Iterator[list[Other]]:
    """Two other processes."""
    with other_processes(2) as started:
        yield started


@pytest.mark.rule("R17.3")
def test_r17_02_the_bytes_of_a_reference() -> None:
    """MEOW, standard, the IID, the count, who owns which object, and how to get there."""
    data = encode_objref(REFERENCE)

    assert data[:64].hex() == GOLDEN.replace(" ", "")
    assert "000102030405060708090a0b0c0d0e0f@unix:/x".encode("utf-16-le") in data
    assert decode_objref(data) == REFERENCE


def test_r17_02_mutated_packets_are_refused_and_do_no_harm() -> None:
    """A hundred thousand of them: an error or a reference, and nothing else."""
    data = encode_objref(REFERENCE)
    dice = random.Random(17)
    for _ in range(100_000):
        mutated = bytearray(data[: dice.choice((len(data), len(data), dice.randrange(len(data) + 1)))])
        for _ in range(dice.randrange(3)):
            if mutated:
                mutated[dice.randrange(len(mutated))] = dice.randrange(256)
        try:
            decode_objref(bytes(mutated))
        except RemoteProtocolError:
            continue


@pytest.mark.parametrize("data", [b"", b"MEOW", bytes(80), b"\0" * 20_000])
def test_r17_02_what_is_no_reference_is_refused_by_its_code(data: bytes) -> None:
    """RPC_E_INVALID_OBJREF."""
    with pytest.raises(errors.ProtocolError, match="RPC_E_INVALID_OBJREF") as caught:
        callgate.unmarshal(data, ICalc)
    assert caught.value.hresult == 0x8001011D - (1 << 32)


def test_r17_06_a_normal_one_is_good_once(others: list[Other]) -> None:
    """The second follows a reference that is not connected any more."""
    data = callgate.marshal(others[0].get(), ICalc)
    calc = callgate.unmarshal(data, ICalc)

    assert calc.add(1, 2) == 3
    with pytest.raises(errors.ObjectGone) as caught:
        callgate.unmarshal(data, ICalc)
    assert caught.value.hresult == 0x800401FD - (1 << 32)


def test_r17_06_a_strong_one_keeps_its_object(others: list[Other]) -> None:
    """Any number of times, until it is withdrawn, although nobody else holds the object."""
    maker = others[0].get()
    made = maker.made()
    before = others[0].given_out
    data = callgate.marshal(made, ICalc, "strong")
    del made
    gc.collect()
    for _ in range(3):
        assert callgate.unmarshal(data, ICalc).add(2, 2) == 4
        gc.collect()
    assert others[0].given_out == before
    callgate.release_marshal_data(data)

    assert wait_until(lambda: others[0].given_out == before - 1)
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(data, ICalc)


def test_r17_06_a_weak_one_keeps_nothing(others: list[Other]) -> None:
    """It is good as long as somebody else holds the object."""
    made = others[0].get().made()
    data = callgate.marshal(made, ICalc, "weak")
    assert callgate.unmarshal(data, ICalc) is made
    callgate.release(made)
    del made
    gc.collect()

    def gone() -> bool:
        try:
            callgate.unmarshal(data, ICalc)
        except errors.ObjectGone:
            return True
        return False

    assert wait_until(gone)


def test_r17_06_an_object_of_this_process_is_itself() -> None:
    """All purposes: the reference comes home without anybody in between."""
    mine = Calc()
    strong, weak = callgate.marshal(mine, ICalc, "strong"), callgate.marshal(mine, ICalc, "weak")
    assert callgate.unmarshal(callgate.marshal(mine, ICalc), ICalc) is mine
    assert callgate.unmarshal(strong, ICalc) is callgate.unmarshal(weak, ICalc) is mine
    callgate.release_marshal_data(strong)
    del mine
    gc.collect()
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(weak, ICalc)


def test_r17_06_bad_arguments_are_refused() -> None:
    """A purpose that does not exist, an interface that the object does not have."""
    with pytest.raises(ValueError, match="normal, strong, weak"):
        callgate.marshal(Calc(), ICalc, "for ever")
    with pytest.raises(errors.InvalidCastError):
        callgate.marshal(Calc(), IOther)
    data = callgate.marshal(Calc(), ICalc, "strong")
    with pytest.raises(errors.InvalidCastError):
        callgate.unmarshal(data, ISink)
    callgate.release_marshal_data(data)


def test_r17_14_what_nobody_claims_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the claim timeout the owner holds nothing any more (a shorter one here)."""
    current().listener()
    monkeypatch.setattr(exports, "CLAIM_SECONDS", 1.0)
    monkeypatch.setattr("callgate.remoting.listener.CLAIM_SECONDS", 1.01)
    table = current().listener().servant.exports
    before = len(table)
    data = callgate.marshal(Calc(), ICalc)
    assert len(table) == before + 1

    gc.collect()
    assert wait_until(lambda: len(table) == before)
    with pytest.raises(errors.ObjectGone):
        callgate.unmarshal(data, ICalc)


def test_r17_14_claims_by_the_clock() -> None:
    """What is late goes, what is not stays; a claimed one holds nothing twice."""
    table: ExportTable[str] = ExportTable(bytes(16))
    number = table.add("object")
    early, late, kept = os.urandom(16), os.urandom(16), os.urandom(16)
    table.hand_over(number, IID, early, 10.0)
    table.hand_over(number, IID, late, 20.0)
    table.hand_over(number, IID, kept, float("inf"), Purpose.STRONG)
    assert table.expire(15.0) == []
    assert table.claim(early, b"session") is None
    assert table.claim(late, b"session") is not None
    assert table.release(number, 1, b"session") is None
    assert table.expire(1e9) == []
    assert table.withdraw(kept) == ["object"]


def test_r17_24_a_disconnected_object_is_reached_by_nobody(others: list[Other]) -> None:
    """Whoever holds it is told at its next call; the object itself goes on here."""
    mine = Calc()
    assert callgate.disconnect(mine) is False
    data = callgate.marshal(mine, ICalc, "strong")
    end = others[1].get()
    end.hold(callgate.unmarshal(data, ICalc))
    third = others[0].get()
    third.take_from(end)
    assert third.use(1, 1) == 2
    assert callgate.disconnect(mine) is True

    with pytest.raises(errors.Error):
        callgate.unmarshal(data, ICalc)
    assert mine.add(1, 1) == 2


def test_r17_24_a_locked_object_stays_for_others() -> None:
    """Although nobody holds it; each lock needs its own unlocking."""
    table = current().listener().servant.exports
    before = len(table)
    mine = Calc()
    callgate.lock_external(mine, ICalc, on=True)
    callgate.lock_external(mine, ICalc, on=True)
    callgate.lock_external(mine, ICalc, on=False)
    assert len(table) == before + 1
    callgate.lock_external(mine, ICalc, on=False)
    assert len(table) == before
    with pytest.raises(LookupError):
        callgate.lock_external(mine, ICalc, on=False)


def test_r17_22_an_object_without_lease_outlives_its_clients() -> None:
    """Only an explicit release ends it."""
    table = current().listener().servant.exports
    before = len(table)
    data = callgate.marshal(Calc(), ICalc, "strong", ping=False)
    assert data[24:28] == b"\x00\x10\x00\x00"
    with other_processes(1) as (client,):
        client.get().hold(callgate.unmarshal(data, ICalc))
        client.kill()
    gc.collect()
    assert callgate.unmarshal(data, ICalc).add(1, 1) == 2
    callgate.release_marshal_data(data)
    gc.collect()

    assert wait_until(lambda: len(table) == before)
    with pytest.raises(ValueError, match="strong"):
        callgate.marshal(Calc(), ICalc, ping=False)


def test_r17_05_the_head_of_a_call() -> None:
    """Its number, the library, the method, the time that is left and what it belongs to; the answer has errno."""
    channel = Channel(Role.CLIENT)
    number, (head,) = channel.call(3, 5, [{"at": [7, 0]}], remaining=250, causality=bytes(range(16)))
    assert from_wire(decode(head, DEFAULT_LIMITS)) == Call(number, 3, 5, [{"at": [7, 0]}], [], 250, bytes(range(16)))
    wire = decode(head, DEFAULT_LIMITS)
    for wrong in (b"", bytes(15), bytes(17), "text"):
        with pytest.raises(RemoteProtocolError, match="causality"):
            from_wire([*wire[:-1], wrong])


CODES = """
80010001 CALL_REJECTED; 80010002 CALL_CANCELED; 80010004 CANTCALLOUT_INASYNCCALL; 80010005 CANTCALLOUT_INEXTERNALCALL;
8001010D CANTCALLOUT_ININPUTSYNCCALL; 80010006 CONNECTION_TERMINATED; 80010007 SERVER_DIED; 80010008 CLIENT_DIED;
8001000B CLIENT_CANTMARSHAL_DATA; 8001000C CLIENT_CANTUNMARSHAL_DATA; 8001000D SERVER_CANTMARSHAL_DATA;
8001000E SERVER_CANTUNMARSHAL_DATA; 8001000F INVALID_DATA; 80010010 INVALID_PARAMETER; 80010012 SERVER_DIED_DNE;
80010101 OUT_OF_RESOURCES; 80010104 FAULT; 80010105 SERVERFAULT; 80010106 CHANGED_MODE; 80010107 INVALIDMETHOD;
80010108 DISCONNECTED; 80010109 RETRY; 8001010A SERVERCALL_RETRYLATER; 8001010B SERVERCALL_REJECTED;
8001010E WRONG_THREAD; 8001010F THREAD_NOT_INIT; 80010110 VERSION_MISMATCH; 80010111 INVALID_HEADER;
80010112 INVALID_EXTENSION; 80010113 INVALID_IPID; 80010114 INVALID_OBJECT; 80010117 CALL_COMPLETE; 80010119 TOO_LATE;
8001011B ACCESS_DENIED; 8001011C REMOTE_DISABLED; 8001011D INVALID_OBJREF; 8001011F TIMEOUT; 8001FFFF UNEXPECTED
"""


@pytest.mark.parametrize("line", CODES.replace("\n", " ").split(";"), ids=str.strip)
def test_r17_25_codes_of_the_channel(line: str) -> None:
    """Each has its number, its name, and an exception that says both, unsigned."""
    number, name = line.split()
    error = exception_for_hr(int(number, 16))

    assert Code[f"RPC_E_{name}"] == int(number, 16)
    assert isinstance(error, errors.ComError)
    assert error.name == f"RPC_E_{name}"
    assert f"0x{number.lower()}" in str(error)
