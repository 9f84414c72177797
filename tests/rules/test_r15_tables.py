"""R15, what is decided without threads: apartments, placement, admission, message filters, call objects."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from callgate_protocol.admission import (
    Admission,
    Arriving,
    CallType,
    Category,
    Waiting,
    admits,
    call_type,
    may_call_out,
)
from callgate_protocol.apartments import MTA, NEUTRAL, Apartment, Apartments, Kind, kind_of
from callgate_protocol.callobjects import CallObject, check_asynchronous
from callgate_protocol.crossings import Pledges, Registrations, check_here
from callgate_protocol.errors import Fault
from callgate_protocol.messagefilter import Attempt, Outgoing, Step, Verdict, settle
from callgate_protocol.placement import (
    Access,
    Creator,
    Home,
    ThreadingModel,
    creator_of,
    hops,
    one_model,
    place,
)
from callgate_protocol.rpccodes import Code

MAIN, OTHER, HOST = Apartment(Kind.STA, 1), Apartment(Kind.STA, 2), Apartment(Kind.STA, 3)
MINE, STRANGE = b"mine", b"strange"


def apartment_of(home: Home, creator: Apartment, main: Apartment) -> Apartment:
    """The apartment that a cell names, for this creator and this main STA."""
    cells = {Home.MAIN_STA: main, Home.THIS_STA: creator, Home.HOST_STA: HOST, Home.MTA: MTA, Home.NEUTRAL: NEUTRAL}
    return cells[home]


def code_of(action: Callable[[], object]) -> Code:
    """The code that an action is refused with."""
    with pytest.raises(Fault) as caught:
        action()
    assert caught.value.name == "ComError"
    code = caught.value.details["hresult"]
    assert isinstance(code, int)
    assert code < 0
    return Code(code + (1 << 32))


# -- R15.2, R15.3: apartments and their threads -----------------------------------------------------------------------


def test_r15_02_a_process_has_one_mta_and_many_stas() -> None:
    apartments = Apartments()
    for thread, kind in enumerate((Kind.MTA, Kind.STA, Kind.MTA, Kind.STA)):
        assert apartments.initialise(thread, kind) is Code.S_OK

    assert [apartments.of(thread) for thread in range(4)] == [MTA, MAIN, MTA, OTHER]
    assert apartments.main == MAIN
    assert apartments.alive == {MTA, MAIN, OTHER}


def test_r15_03_mta_again_and_then_sta() -> None:
    apartments = Apartments()

    answers = [apartments.initialise(1, kind) for kind in (Kind.MTA, Kind.MTA, Kind.STA)]

    assert answers == [Code.S_OK, Code.S_FALSE, Code.RPC_E_CHANGED_MODE]


def test_r15_03_every_success_is_balanced() -> None:
    """S_FALSE counts; the change of mode that was refused does not."""
    apartments = Apartments()
    for kind in (Kind.STA, Kind.STA, Kind.MTA):
        apartments.initialise(1, kind)

    assert not apartments.uninitialise(1)
    assert apartments.of(1) == MAIN
    assert apartments.uninitialise(1)
    assert apartments.leave(1) == MAIN
    assert apartments.initialise(1, Kind.MTA) is Code.S_OK


def test_r15_03_a_thread_without_apartment() -> None:
    apartments = Apartments()
    assert code_of(lambda: apartments.of(1)) is Code.CO_E_NOTINITIALIZED

    apartments.initialise(2, Kind.STA)
    assert code_of(lambda: apartments.of(1)) is Code.CO_E_NOTINITIALIZED

    apartments.initialise(3, Kind.MTA)
    assert apartments.of(1) == MTA
    assert not apartments.known(1)


def test_r15_03_an_apartment_ends_with_its_last_thread() -> None:
    apartments = Apartments()
    for thread in (1, 2):
        apartments.initialise(thread, Kind.MTA)

    assert apartments.leave(1) is None
    assert apartments.leave(2) == MTA
    assert apartments.leave(2) is None
    assert not apartments.alive


def test_r15_02_the_main_sta_is_the_first_one_that_lives() -> None:
    apartments = Apartments()
    apartments.initialise(1, Kind.STA)
    apartments.leave(1)
    apartments.initialise(2, Kind.STA)

    assert apartments.main == OTHER


def test_r15_04_the_words_for_an_apartment() -> None:
    assert [kind_of(word) for word in ("sta", "mta")] == [Kind.STA, Kind.MTA]
    with pytest.raises(ValueError, match='"sta" or "mta", not \'neutral\''):
        kind_of("neutral")


# -- R15.5 to R15.7: placement ----------------------------------------------------------------------------------------

TABLE = """
main STA       | main direct | main direct   | mta proxy    | main direct | nta light
other STA      | main proxy  | this direct   | mta proxy    | this direct | nta light
MTA            | main proxy  | host proxy    | mta direct   | mta direct  | nta light
NTA on STA     | main crossing | this crossing | mta proxy  | nta direct  | nta direct
NTA on MTA     | main proxy  | host proxy    | mta crossing | nta direct  | nta direct
"""
HOMES = {"main": Home.MAIN_STA, "this": Home.THIS_STA, "host": Home.HOST_STA, "mta": Home.MTA, "nta": Home.NEUTRAL}
CELLS = [
    (creator, model, *cell.split())
    for creator, line in zip(Creator, TABLE.strip().splitlines(), strict=True)
    for model, cell in zip(ThreadingModel, line.split("|")[1:], strict=True)
]


@pytest.mark.parametrize(("creator", "model", "home", "access"), CELLS)
def test_r15_07_a_cell(creator: Creator, model: ThreadingModel, home: str, access: str) -> None:
    placement = place(creator, model)

    assert placement.home is HOMES[home]
    assert placement.access is Access[access.upper()]


@pytest.mark.rule("R15.6")
def test_r15_07_direct_is_what_costs_no_hop() -> None:
    """The access column follows from where creator and object are, wherever the two apartments are known."""
    for creator, (here, main) in {
        Creator.MAIN_STA: (MAIN, MAIN),
        Creator.STA: (OTHER, MAIN),
        Creator.MTA: (MTA, MAIN),
    }.items():
        for model in ThreadingModel:
            placement = place(creator, model)
            home = apartment_of(placement.home, here, main)
            assert hops(here, home) == (placement.access is Access.PROXY), (creator, model)


def test_r15_07_who_creates() -> None:
    rows = [(MAIN, False), (OTHER, False), (MTA, False), (OTHER, True), (MTA, True)]

    assert [creator_of(each, MAIN, neutral=neutral) for each, neutral in rows] == list(Creator)


@pytest.mark.parametrize(
    ("text", "model"),
    [("", "SINGLE"), ("none", "SINGLE"), ("apartment", "APARTMENT"), ("Free", "FREE"), ("BOTH", "BOTH")],
)
def test_r15_07_names_of_models(text: str, model: str) -> None:
    assert ThreadingModel.named(text, "acme.Player") is ThreadingModel[model]


def test_r15_07_a_bad_threading_model_is_refused() -> None:
    assert code_of(lambda: ThreadingModel.named("Rental", "acme.Player")) is Code.REGDB_E_BADTHREADINGMODEL
    with pytest.raises(Fault, match=r"acme.Player has the threading model 'Rental'; it is one of Single, Apartment"):
        ThreadingModel.named("Rental", "acme.Player")


def test_r15_07_classes_of_a_library_have_one_model() -> None:
    assert one_model("libacme.so", [ThreadingModel.FREE, ThreadingModel.FREE]) is ThreadingModel.FREE
    assert one_model("libacme.so", []) is ThreadingModel.SINGLE
    assert code_of(lambda: one_model("libacme.so", ThreadingModel)) is Code.REGDB_E_BADTHREADINGMODEL


@pytest.mark.parametrize(("creator", "here"), [(Creator.MAIN_STA, MAIN), (Creator.STA, OTHER), (Creator.MTA, MTA)])
def test_r15_05_a_managed_server_is_made_in_its_callers_apartment(creator: Creator, here: Apartment) -> None:
    placement = place(creator, ThreadingModel.BOTH)

    assert apartment_of(placement.home, here, MAIN) == here
    assert placement.access is Access.DIRECT


@pytest.mark.parametrize(
    ("client", "server", "cost"),
    [(MTA, MTA, 0), (MTA, MAIN, 1), (MAIN, MTA, 1), (MAIN, MAIN, 0), (MAIN, OTHER, 1), (OTHER, NEUTRAL, 0)],
)
def test_r15_06_hops_of_a_call(client: Apartment, server: Apartment, cost: int) -> None:
    assert hops(client, server) == cost


# -- R15.14, R15.16, R17.16: admission --------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "com"), list(product(Kind, (True, False))))
def test_r15_14_an_idle_thread_serves_everything(kind: Kind, com: bool) -> None:
    assert admits(Waiting(kind), Arriving(STRANGE, com)) is Admission.SERVE


@pytest.mark.parametrize(("kind", "com"), list(product(Kind, (True, False))))
def test_r15_14_what_belongs_to_the_call_is_served_everywhere(kind: Kind, com: bool) -> None:
    """Or A -> B -> A would wait for ever."""
    assert admits(Waiting(kind, MINE, com), Arriving(MINE, com)) is Admission.SERVE


@pytest.mark.parametrize(
    ("kind", "waits_for_com", "com", "admission"),
    [
        (Kind.STA, True, True, Admission.SERVE),
        (Kind.STA, True, False, Admission.PARK),
        (Kind.STA, False, True, Admission.PARK),
        (Kind.STA, False, False, Admission.PARK),
        (Kind.MTA, True, True, Admission.PARK),
        (Kind.NEUTRAL, True, True, Admission.PARK),
    ],
)
def test_r15_14_strangers_come_in_to_a_com_sta_only(
    kind: Kind, waits_for_com: bool, com: bool, admission: Admission
) -> None:
    assert admits(Waiting(kind, MINE, waits_for_com), Arriving(STRANGE, com)) is admission


def test_r15_14_a_call_of_no_causality_is_a_stranger() -> None:
    assert admits(Waiting(Kind.MTA, MINE), Arriving(None)) is Admission.PARK


@pytest.mark.parametrize("causality", [None, MINE, STRANGE])
def test_r15_15_a_filter_is_asked_about_every_call(causality: bytes | None) -> None:
    for waiting in (None, MINE):
        assert admits(Waiting(Kind.STA, waiting, filtered=True), Arriving(causality)) is Admission.ASK
    assert admits(Waiting(Kind.STA, None, filtered=True), Arriving(causality, com=False)) is Admission.SERVE


@pytest.mark.parametrize(
    ("waiting", "arriving", "expected"),
    [
        (None, Arriving(STRANGE), CallType.TOPLEVEL),
        (MINE, Arriving(MINE), CallType.NESTED),
        (MINE, Arriving(STRANGE), CallType.TOPLEVEL_CALLPENDING),
        (None, Arriving(STRANGE, category=Category.NOTIFICATION), CallType.ASYNC),
        (MINE, Arriving(STRANGE, category=Category.NOTIFICATION), CallType.ASYNC_CALLPENDING),
    ],
)
def test_r15_15_call_types(waiting: bytes | None, arriving: Arriving, expected: CallType) -> None:
    assert call_type(Waiting(Kind.STA, waiting), arriving) is expected


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        ((), Code.S_OK),
        ((Category.SYNCHRONOUS,), Code.S_OK),
        ((Category.NOTIFICATION,), Code.RPC_E_CANTCALLOUT_INASYNCCALL),
        ((Category.INPUT_SYNCHRONISED,), Code.RPC_E_CANTCALLOUT_ININPUTSYNCCALL),
        ((Category.NOTIFICATION, Category.SYNCHRONOUS), Code.S_OK),
    ],
)
def test_r15_16_calling_out(serving: tuple[Category, ...], expected: Code) -> None:
    assert may_call_out(serving) is expected
    assert may_call_out(serving, category=Category.NOTIFICATION) is Code.S_OK
    assert may_call_out(serving, in_filter=True) is Code.RPC_E_CANTCALLOUT_INEXTERNALCALL


# -- R15.15: message filters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.HANDLED, Code.S_OK),
        (Verdict.REJECTED, Code.RPC_E_SERVERCALL_REJECTED),
        (Verdict.RETRY_LATER, Code.RPC_E_SERVERCALL_RETRYLATER),
        (77, Code.RPC_E_SERVERCALL_REJECTED),
    ],
)
def test_r15_15_what_a_filter_answers(verdict: int, code: Code) -> None:
    assert settle(Arriving(), verdict) is code
    for category in (Category.NOTIFICATION, Category.INPUT_SYNCHRONISED):
        assert settle(Arriving(category=category), verdict) is Code.S_OK


@pytest.mark.parametrize(("answer", "pause"), [(0, 0), (99, 0), (100, 100), (250, 250)])
def test_r15_15_a_refused_call_is_tried_again(answer: int, pause: int) -> None:
    call = Outgoing(filtered=True)
    for _ in range(2):
        assert call.refused(Code.RPC_E_SERVERCALL_RETRYLATER) is None
        assert call.retry(answer) == Step(Code.S_OK, pause)
        call.again()
    call.answered()

    assert (call.refusals, call.state) == (2, Attempt.OVER)


def test_r15_15_a_refused_call_is_given_up() -> None:
    call = Outgoing(filtered=True)
    call.refused(Code.RPC_E_SERVERCALL_REJECTED)

    assert call.retry(-1).code is Code.RPC_E_CALL_REJECTED


@pytest.mark.parametrize(("filtered", "remote"), [(False, False), (True, True)])
def test_r15_15_without_a_filter_refused_calls_fail_at_once(filtered: bool, remote: bool) -> None:
    """And so do calls to another machine."""
    call = Outgoing(filtered=filtered, remote=remote)

    assert call.refused(Code.RPC_E_SERVERCALL_RETRYLATER) == Step(Code.RPC_E_CALL_REJECTED)


@pytest.mark.parametrize(("answer", "code"), [(0, Code.RPC_E_CALL_CANCELED), (1, Code.S_OK), (2, Code.S_OK)])
def test_r15_15_messages_while_a_call_is_pending(answer: int, code: Code) -> None:
    call = Outgoing(filtered=True)

    assert call.pending(answer) is code
    assert (call.state is Attempt.OVER) == (code is not Code.S_OK)
    assert call.pending(0) is (Code.S_OK if code is not Code.S_OK else Code.RPC_E_CALL_CANCELED)


def test_r15_15_steps_out_of_turn_are_bugs() -> None:
    call = Outgoing(filtered=True)
    for step in (lambda: call.retry(0), call.again):
        with pytest.raises(ValueError, match="that is sent"):
            step()


# -- R15.18: call objects ---------------------------------------------------------------------------------------------


def test_r15_18_begin_and_finish() -> None:
    call = CallObject("IAsyncFoo.Open")
    for outcome in (1, 2):
        call.begin()
        assert call.completed(outcome)
        assert call.finish() == outcome


def test_r15_18_the_four_refused_steps() -> None:
    call = CallObject("IAsyncFoo.Open")
    assert code_of(call.finish) is Code.RPC_E_CALL_COMPLETE
    call.begin()
    assert code_of(call.begin) is Code.RPC_S_CALLPENDING
    assert code_of(call.timed_out) is Code.RPC_E_TIMEOUT
    call.release()
    assert not call.completed(1)
    assert code_of(call.finish) is Code.RPC_E_CALL_COMPLETE


def test_r15_18_a_cancelled_call_is_finished_all_the_same() -> None:
    call = CallObject("IAsyncFoo.Open")
    call.begin()
    call.cancel()
    assert call.completed(1)
    assert code_of(call.finish) is Code.RPC_E_CALL_CANCELED
    assert code_of(call.cancel) is Code.RPC_E_CALL_COMPLETE
    call.begin()
    assert call.completed(2)
    assert call.finish() == 2


def test_r15_18_none_for_dispatch_interfaces() -> None:
    check_asynchronous("IFoo", dispatch=False)
    assert code_of(lambda: check_asynchronous("IFoo", dispatch=True)) is Code.E_NOINTERFACE


# -- R15.9, R15.11, R15.12: pointers on the move ----------------------------------------------------------------------

IID = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"


def test_r15_09_a_bare_pointer_belongs_to_its_apartment() -> None:
    for here in (MAIN, NEUTRAL):
        check_here(here, MAIN, "a pointer")
    assert code_of(lambda: check_here(MAIN, OTHER, "a pointer")) is Code.RPC_E_WRONG_THREAD
    assert code_of(lambda: check_here(MTA, MAIN, "a pointer")) is Code.RPC_E_WRONG_THREAD


def test_r15_09_a_stream_is_read_once() -> None:
    streams: Pledges[str] = Pledges()
    stream = streams.marshal("pointer", IID, MAIN)

    assert streams.get_and_release(stream) == ("pointer", IID, MAIN)
    assert code_of(lambda: streams.get_and_release(stream)) is Code.CO_E_OBJNOTCONNECTED
    assert len(streams) == 0


def test_r15_11_a_cookie_serves_until_it_is_revoked() -> None:
    table: Registrations[str] = Registrations()
    first, second = table.register("one", IID, MAIN), table.register("two", IID, MTA)
    assert 0 not in (first, second)
    assert first != second

    assert [table.get(first).item for _ in range(2)] == ["one", "one"]
    assert table.revoke(first).item == "one"
    assert code_of(lambda: table.get(first)) is Code.E_INVALIDARG
    assert code_of(lambda: table.revoke(first)) is Code.E_INVALIDARG
    assert len(table) == 1
