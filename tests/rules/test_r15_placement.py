"""R15 with real objects: where they live, who calls them there, what they call back. Native code says its thread."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import pytest

import callgate
from callgate import IUnknown, Lib, i4, interface
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction
from tests.component.declared import CLSID, IID
from tests.conftest import wait_until

from .component_faces import ICalculator, ICallee, IHolder, IShape
from .test_r15_python import Filter, Thread, code_of, in_new_thread


def iid(name: str) -> str:
    return f"{{{IID[name]}}}".upper()


@interface(iid("IWorker"))
class IWorker(IUnknown, Protocol):
    def Work(self, milliseconds: i4) -> i4: ...  # noqa: N802 - COM's names
    def Meet(self, callers: i4, milliseconds: i4) -> i4: ...  # noqa: N802
    def Overlap(self) -> i4: ...  # noqa: N802
    def Home(self) -> i4: ...  # noqa: N802
    def PassOn(self, other: IWorker | None, depth: i4) -> i4: ...  # noqa: N802


COUNTS = """
    int component_live(void);
    int component_last(void);
    int component_alive(int object);
"""
MODELS = ("Single", "Apartment", "Free", "Both", "Neutral")
CELLS = {
    "main": "main direct | main direct | mta proxy | main direct | neutral light",
    "other": "main proxy | this direct | mta proxy | this direct | neutral light",
    "mta": "main proxy | host proxy | mta direct | mta direct | neutral light",
}
"""R15.7 for who can create an object from Python; the two neutral rows are in test_r15_tables."""


class Trio(dict[str, Thread]):
    """The main STA, another one, and a thread of the MTA, with a library in a host of their own."""

    lib: Lib

    def create(self, who: str, model: str, kind: str = "Free") -> Any:
        return self[who].do(lambda: callgate.create(CLSID[kind], IWorker, library=self.lib, threading=model))


@pytest.fixture(scope="module")
def trio(component: str) -> Iterator[Trio]:
    with Thread("sta") as main, Thread("sta") as other, Thread("mta") as mta:
        trio = Trio(main=main, other=other, mta=mta)
        with callgate.load(component, COUNTS) as trio.lib:
            trio.create("main", "Both")  # the host's first STA is its main one
            yield trio


@pytest.mark.rule("R15.1", "R15.5", "R15.6")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("who", CELLS)
def test_r15_07_a_cell_with_its_threads(trio: Trio, who: str, model: str) -> None:
    """The thread that runs the methods, whoever calls, and what a call costs the creator."""
    home, access = CELLS[who].split("|")[MODELS.index(model)].split()
    made = trio.create(who, model)
    known = {each: callgate.info(trio.create(each, "Both")).thread for each in ("main", "other")}
    known["host"] = callgate.info(trio.create("mta", "Apartment")).thread
    known["this"] = known.get(who, 0)

    info = trio[who].do(lambda: callgate.info(made))

    ran = {trio[each].do(lambda: made.Work(0)) for each in trio}
    if home in ("mta", "neutral"):
        assert (info.apartment, info.thread) == (home, 0)
        assert not ran & set(known.values())
    else:
        assert info.apartment.startswith("sta ")
        assert ran == {info.thread} == {known[home]}
        assert made.Work(0) == info.thread
    assert info.hops == (access == "proxy")


def test_r15_06_a_foreign_sta_is_a_hop(trio: Trio) -> None:
    made = trio.create("other", "Apartment")

    assert [trio[each].do(lambda: callgate.info(made).hops) for each in ("other", "main", "mta")] == [0, 1, 1]


@pytest.mark.rule("R15.9")
def test_r15_02_an_object_that_is_bound_never_sees_another_thread(trio: Trio) -> None:
    """It answers RPC_E_WRONG_THREAD itself when it does. A proxy is for all threads."""
    made = trio.create("mta", "Apartment", "Bound")

    with ThreadPoolExecutor(8) as pool:
        threads = {each.result() for each in [pool.submit(made.Work, 1) for _ in range(100)]}

    assert threads == {made.Home()}
    assert made.Overlap() == 1


def test_r15_02_calls_of_an_object_in_the_mta_overlap(trio: Trio) -> None:
    made = trio.create("mta", "Free")

    with ThreadPoolExecutor(4) as pool:
        met = [each.result() for each in [pool.submit(made.Meet, 4, 5000) for _ in range(4)]]

    assert met == [4, 4, 4, 4]


def test_r15_09_a_pointer_into_another_apartment_is_refused(trio: Trio) -> None:
    """Native code that got it would call it on the wrong thread. In one apartment it is passed as it is."""
    one, two = trio.create("main", "Apartment", "Bound"), trio.create("main", "Apartment", "Bound")
    far, free = trio.create("other", "Apartment", "Bound"), trio.create("mta", "Free")
    assert one.PassOn(two, 6) == 6
    assert one.PassOn(free, 1) == 1

    for caller in (one, free):
        with pytest.raises(callgate.RpcError, match=r"belongs to sta \d and was used in") as caught:
            caller.PassOn(far, 1)
        assert caught.value.hresult == 0x8001010E
    assert far.Work(0) == far.Home()


def test_r15_07_a_model_that_there_is_not_is_refused(trio: Trio) -> None:
    live = trio.lib.component_live()
    with pytest.raises(callgate.ComError, match="has the threading model 'Rental'; it is one of Single") as caught:
        trio.create("mta", "Rental")
    assert caught.value.hresult == 0x80040156
    assert trio.lib.component_live() == live


@pytest.mark.rule("R15.17")
def test_r15_17_fifty_threads_activate_at_once(component: str) -> None:
    """One host, one load, and fifty objects."""
    with ThreadPoolExecutor(50) as pool:
        made = [
            each.result()
            for each in [
                pool.submit(lambda: callgate.create(CLSID["Bound"], IWorker, library=component, threading="Apartment"))
                for _ in range(50)
            ]
        ]

    assert len({(callgate.info(each).process, each.Work(0)) for each in made}) == 1
    assert len(set(map(callgate_identity, made))) == 50


def callgate_identity(proxy: Any) -> Any:
    return callgate.identity(proxy)


def test_r15_02_objects_end_on_their_thread(trio: Trio) -> None:
    """A bound object that nobody holds any more goes where it came from."""
    made = trio.create("other", "Apartment", "Bound")
    number = trio.lib.component_last()
    assert trio.lib.component_alive(number)

    callgate.release(made)

    assert wait_until(lambda: not trio.lib.component_alive(number))


# -- R15.10, R15.12, R15.18 -------------------------------------------------------------------------------------------


@interface("{0000A003-0000-0000-C000-000000000046}")
class IPlaced(IUnknown, Protocol):
    def Where(self) -> i4: ...  # noqa: N802


MAKERS = "".join(f"int32_t make_{kind}(void **made);" for kind in ("plain", "agile", "free_threaded"))


def placed(lib: Lib, factory: str) -> Any:
    return callgate.create("", IPlaced, library=lib, shape="Create", factory=factory, threading="Apartment")


@pytest.mark.parametrize("maker", ["make_agile", "make_free_threaded"])
def test_r15_10_an_agile_object_is_called_on_every_thread(compiled: Callable[[str], str], maker: str) -> None:
    """Made in an STA, and no hop from anywhere; one that is not agile stays there."""
    with Thread("sta") as a, Thread("sta") as b, Thread("mta") as m, callgate.load(compiled("agile"), MAKERS) as lib:
        plain, agile = a.do(lambda: [placed(lib, name) for name in ("make_plain", maker)])
        home = callgate.info(plain).thread
        infos = [each.do(lambda: callgate.info(agile)) for each in (a, b, m)]

        assert [each.do(plain.Where) for each in (a, b, m)] == [home] * 3
        assert home not in [each.do(agile.Where) for each in (a, b, m)]
        assert [(info.apartment, info.hops) for info in infos] == [("neutral", 0)] * 3


@pytest.mark.rule("R19.36")
def test_r15_12_an_interface_that_nobody_declared_is_refused(trio: Trio) -> None:
    """In its apartment as in others: there is nothing to call it by."""
    made = trio.create("main", "Apartment")

    with pytest.raises(LookupError, match="is not known to have to do with an interface"):
        callgate.query(made, "{0000A0F0-0000-0000-C000-000000000046}")
    with pytest.raises(AttributeError, match="has no 'Where' in the interfaces known of it"):
        made.Where()


def test_r15_18_a_call_object(trio: Trio) -> None:
    """Begun and finished, from any apartment; it is performed in the object's."""
    made = trio.create("main", "Apartment", "Bound")
    call = callgate.call_object(made.Work)
    for _ in range(2):
        call.begin(1)
        assert call.finish(10) == made.Home()


def test_r15_18_the_error_cases(trio: Trio) -> None:
    """Begun twice, finished unbegun, waited for too shortly, and finished after it was cancelled or released."""
    made = trio.create("mta", "Free")
    call = callgate.call_object(made.Work)
    assert code_of(call.finish) == 0x80010117
    call.begin(300)
    assert code_of(lambda: call.begin(1)) == 0x80010115
    assert code_of(lambda: call.finish(0.01)) == 0x8001011F
    assert call.finish(10) != 0
    call.begin(100)
    call.cancel()
    assert code_of(lambda: call.finish(10)) == 0x80010002
    call.begin(1)
    call.release()
    assert code_of(call.finish) == 0x80010117
    assert made.Work(0) != 0


def test_r15_18_no_call_objects_for_dispatch_interfaces(trio: Trio) -> None:
    calculator: Any = callgate.create(CLSID["Calculator"], ICalculator, library=trio.lib)
    with pytest.raises(callgate.InvalidCastError, match="derives from IDispatch") as caught:
        callgate.call_object(calculator.Add)
    assert caught.value.hresult == 0x80004002


@pytest.mark.parametrize(("model", "moved"), [("Free", 0), ("Apartment", 100)])
def test_r15_13_what_is_paid_for_is_counted(trio: Trio, model: str, moved: int) -> None:
    """How often the host had to change the thread; `python -m benchmarks` says what that costs."""
    made, host = trio.create("mta", model), binding_of(trio.lib).ready()
    made.Home()
    before = host.system(HostFunction.INFO)["moved"]
    for _ in range(100):
        made.Home()
    assert host.system(HostFunction.INFO)["moved"] - before == moved


# -- R15.19 -----------------------------------------------------------------------------------------------------------


def test_r15_19_a_thread_that_ends_disconnects_its_objects(trio: Trio) -> None:
    with Thread("sta") as short:
        made = short.do(lambda: callgate.create(CLSID["Bound"], IWorker, library=trio.lib, threading="Apartment"))
        assert made.Work(0) == made.Home()
    del short

    def outcome() -> int:
        try:
            made.Work(0)
        except callgate.RpcError as error:
            return int(error.hresult) & 0xFFFFFFFF
        return 0

    assert wait_until(lambda: outcome() == 0x80010108)


# -- R15.2, R15.14, R15.15: Python objects in STAs, called by native code ---------------------------------------------


class Worker:
    """A Python object with a method of IWorker, which says where it is called."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.seen: list[int] = []
        self.gate = gate

    def PassOn(self, other: Any, depth: int) -> int:  # noqa: N802
        self.seen.append(threading.get_ident())
        if self.gate is not None:
            self.gate.wait(10)
        return other.PassOn(self, depth - 1) + 1 if depth else 0


def typed(worker: Worker) -> IWorker:
    return worker  # type: ignore[return-value]


@pytest.mark.rule("R17.16")
@pytest.mark.parametrize("model", ["Free", "Apartment"])
def test_r15_14_native_code_calls_back_into_an_sta_that_waits(trio: Trio, model: str) -> None:
    """To depth 50, on the thread that made the call."""
    native, worker = trio.create("main", model), Worker()

    assert trio["main"].do(lambda: native.PassOn(typed(worker), 50)) == 50
    assert set(worker.seen) == {trio["main"].ident}


def test_r15_02_an_object_that_was_handed_out_by_an_sta_is_called_there(component: str) -> None:
    """Native code keeps it and calls it in the call of another thread."""
    with Thread("sta") as home, Thread("mta") as caller, callgate.load(component, COUNTS) as lib:
        holder, keep = holder_of(lib)
        sink = Sink()
        home.do(lambda: keep(sink))

        assert caller.do(lambda: holder.CallBack(3)) == 6
        assert set(sink.seen) == {home.ident}
        assert holder.CallFromThread(3) == 6
        assert set(sink.seen) == {home.ident}


def test_r15_15_native_callers_are_refused_by_the_filter(component: str) -> None:
    with Thread("sta") as home, Thread("mta") as caller, callgate.load(component, COUNTS) as lib:
        holder, keep = holder_of(lib)
        sink = Sink()
        home.do(lambda: keep(sink))
        home.do(lambda: callgate.register_message_filter(Filter(1)))

        assert caller.do(lambda: code_of(lambda: holder.CallBack(1))) == 0x80010001
        assert caller.do(lambda: holder.CallBack(1)) == 2


def test_r15_19_a_sink_of_a_thread_that_ended(component: str) -> None:
    with Thread("mta") as caller, callgate.load(component, COUNTS) as lib:
        holder, keep = holder_of(lib)
        sink = Sink()
        in_new_thread(callgate.sta_thread(lambda: keep(sink)))

        def outcome() -> int:
            try:
                return int(caller.do(lambda: holder.CallBack(1)))
            except callgate.RpcError as error:
                return int(error.hresult) & 0xFFFFFFFF

        assert wait_until(lambda: outcome() == 0x80010108)
        assert not sink.seen


class Sink(ICallee):
    """A Python object with ICallee."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def Step(self, number: int) -> int:  # noqa: N802
        self.seen.append(threading.get_ident())
        return 2

    def Say(self, text: str | None) -> str:  # noqa: N802
        raise NotImplementedError(text)

    def Divide(self, a: int, b: int) -> int:  # noqa: N802
        raise NotImplementedError(a, b)

    def Again(self, holder: IHolder, depth: int) -> int:  # noqa: N802
        raise NotImplementedError(holder, depth)

    def Shape(self) -> IShape:  # noqa: N802
        raise NotImplementedError


def holder_of(lib: Lib) -> tuple[Any, Callable[[Any], None]]:
    """A native object that keeps what it is given, and how a Python object is given to it."""
    holder: Any = callgate.create(CLSID["Holder"], IHolder, library=lib)
    return holder, holder.Keep


class Chain(Sink):
    """Calls on, through whichever holder chance takes, no deeper than three times."""

    depth = threading.local()

    def __init__(self, holders: list[Any]) -> None:
        super().__init__()
        self.holders = holders

    def Step(self, number: int) -> int:  # noqa: N802
        depth = getattr(self.depth, "now", 0)
        if depth < 3 and random.random() < 0.5:
            self.depth.now = depth + 1
            try:
                random.choice(self.holders).CallBack(1)
            finally:
                self.depth.now = depth
        return super().Step(number)


@pytest.mark.rule("R15.20", "R17.16")
@pytest.mark.parametrize("models", [("Apartment", "Apartment", "Free"), ("Both", "Single", "Apartment")])
def test_r15_14_chains_that_cross_do_not_wait_for_ever(component: str, models: tuple[str, ...]) -> None:
    """Three threads call three native objects, which call the Python objects of all of them, which call on."""
    threads = [Thread("sta"), Thread("sta"), Thread("mta")]
    with callgate.load(component, COUNTS) as lib:
        holders: list[Any] = []
        sinks = [Chain(holders) for _ in threads]

        def prepare(model: str, sink: Chain) -> None:
            holders.append(callgate.create(CLSID["Holder"], IHolder, library=lib, threading=model))
            holders[-1].Keep(sink)

        for thread, model, sink in zip(threads, models, sinks, strict=True):
            thread.do(partial(prepare, model, sink))

        def call(times: int) -> int:
            return sum(random.choice(holders).CallBack(2) for _ in range(times))

        under_way = [thread.start(partial(call, 150)) for thread in threads]
        assert [each.result(60) for each in under_way] == [600, 600, 600]
        assert [set(sink.seen) for sink in sinks[:2]] == [{thread.ident} for thread in threads[:2]]
        for holder in holders:
            holder.Drop()
    for thread in threads:
        thread.end()
