"""Native code calls the client: on the channel of the call, from threads of its own, and too late."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest

from callgate_protocol.errors import Fault
from callgate_protocol.messages import Callback, Notice, Raise, Return
from callgate_protocol.slots import Phase, read_slots
from callgate_protocol.system import HostFunction
from tests.conftest import wait_until

from .declared import delegate, function, library
from .gallery import GALLERY
from .rig import Answer, ClientSession, Library, RunningHost

ONE = {"delegate": 1}


def with_delegate(gallery: Library, name: str, *arguments: Any, answer: Answer, **more: Any) -> Any:
    return gallery(name, *arguments, delegates={1: answer}, **more)


def stale(gallery: Library, name: str, *arguments: Any) -> None:
    """R9.6: the call in which a stale pointer is called raises."""
    with pytest.raises(Fault, match="given for an earlier call only") as caught:
        gallery(name, *arguments)
    assert caught.value.name == "CallbackOnCollectedDelegateError"


def ints(*values: int) -> bytes:
    return struct.pack(f"{len(values)}i", *values)


# name, arguments, what the delegate must be given, what it answers, the result of the call
EXCHANGES: list[tuple[str, tuple[Any, ...], list[Any], Any, Any]] = [
    ("apply", (ONE, 5), [5], 7, 7),
    ("apply_with", (ONE, {"context": 9}, 5), [{"context": 9}, 5], 1, 1),
    ("apply_with", (ONE, None, 5), [None, 5], 1, 1),
    ("apply_double", (ONE, 1.5, 0.25), [1.5, 0.25], 2.5, 2.5),
    ("run", (ONE,), [], None, None),
    ("give_numbers", (ONE, 1, 3), [ints(0, 1, 2), 3], 4, 4),
    ("give_numbers", (ONE, 1, 0), [b"", 0], 4, 4),
    ("give_numbers", (ONE, -1, 3), [None, 3], 4, 4),
    ("give_counted", (ONE,), [ints(4, 5, 6), [3]], 1, 1),
    ("give_texts", (ONE,), [3, [b"one", None, b"three"]], 1, 1),
    ("give_text", (ONE, b"word"), [b"word"], 1, 1),
    ("give_text", (ONE, None), [None], 1, 1),
    ("ask_number", (ONE,), [[41]], (1, [[42]]), 1042),
    ("ask_number", (ONE,), [[41]], (1, [ints(43)]), 1043),
    ("ask_numbers", (ONE, 3), [3], (0, [ints(1, 2, 3)]), 6),
    ("ask_numbers", (ONE, 3), [3], (0, [[5]]), 5),
    ("ask_numbers", (ONE, 3), [3], (0, [None]), 0),
    ("ask_text", (ONE,), [], b"given away", 10),
    ("ask_text", (ONE,), [], None, -1),
    ("ask_text_out", (ONE,), [], (0, [[b"out"]]), 3),
    ("ask_text_out", (ONE,), [], (0, [[None]]), -1),
    ("ask_end", (ONE,), [b"12abc"], (12, [2]), 1202),
    ("ask_end", (ONE,), [b"12abc"], (12, [None]), 1199),
    ("ask_point", (ONE,), [[3, 4]], [5, 6], 56),
]


@pytest.mark.parametrize(("name", "arguments", "given", "answer", "expected"), EXCHANGES)
def test_delegates_are_given_and_give_back(
    client: ClientSession,
    gallery: Library,
    name: str,
    arguments: tuple[Any, ...],
    given: list[Any],
    answer: Any,
    expected: Any,
) -> None:
    """R9.8: every form crosses a callback in both directions, and nothing stays behind."""
    seen: list[Any] = []

    def serve(arguments: list[Any]) -> Any:
        seen.append(arguments)
        return answer

    assert expected == with_delegate(gallery, name, *arguments, answer=serve)
    assert seen == [given]
    counts = client.info()
    assert (counts["allocations"], counts["delegates"], counts["objects"]) == (0, 0, 0)


def test_long_values_cross_a_callback(gallery: Library) -> None:
    """A callback's payload of 9 MiB comes in chunks, whole."""
    size = 9 << 20
    data = bytes(each * 7 % 256 for each in range(256)) * (size // 256)
    checksum = gallery("checksum", {"payload": 0}, size, payloads=[data])

    def compare(given: list[Any]) -> int:
        return int(checksum) if given == [data, size] else 0

    assert with_delegate(gallery, "give_bytes", ONE, size, answer=compare) == 1


def test_qsort_sorts_with_a_client_comparator(client: ClientSession) -> None:
    """R9.4: libc's qsort with a comparator of the client sorts 300 numbers."""
    model = library(
        delegate("Compare: int", "a: int*", "b: int*"),
        function("qsort: void", "v: int* [in, out, size_is(n)]", "n: size", "size: size", "f: call:Compare"),
    )
    libc = client.load("libc.so.6", model)
    numbers = [each * 7919 % 1009 for each in range(300)]

    def compare(given: list[Any]) -> int:
        (first,), (second,) = given
        return int(first > second) - int(first < second)

    _, (packed,) = libc("qsort", ints(*numbers), 300, 4, ONE, delegates={1: compare})

    assert list(struct.unpack("300i", packed)) == sorted(numbers)


def test_calls_nest_fifty_deep(gallery: Library) -> None:
    """R1.3: call, callback, nested call… fifty times on one channel."""

    def deeper(given: list[Any]) -> int:
        (left,) = given
        if left == 0:
            return 0
        return 1 + int(gallery("apply", ONE, left - 1, delegates={1: deeper}))

    assert with_delegate(gallery, "apply", ONE, 50, answer=deeper) == 50


def test_the_slot_tells_of_the_callback(client: ClientSession, gallery: Library) -> None:
    """While the client's Python runs, the slot says so; after a nested call it says so again."""
    phases: list[int] = []

    def look(_given: list[Any]) -> int:
        phases.append(read_slots(client.host.slots)[0].phase)
        gallery("touch", 1, 2)
        assert wait_until(lambda: read_slots(client.host.slots)[0].phase == Phase.CALLBACK)
        phases.append(read_slots(client.host.slots)[0].function)
        return 1

    with_delegate(gallery, "apply", ONE, 1, answer=look)

    assert phases == [Phase.CALLBACK, gallery.index["apply"]]


def fail(_given: list[Any]) -> Any:
    raise ValueError("no")


def test_a_failing_callback_fails_its_call(gallery: Library) -> None:
    """R9.9: native code gets zero and goes on; its call raises CallbackFailed and names the callback."""
    rounds: list[int] = []

    def third_fails(given: list[Any]) -> int:
        rounds.append(given[0])
        return 1 if given[0] < 2 else fail(given)

    with pytest.raises(Fault, match="ValueError: no") as caught:
        with_delegate(gallery, "each", ONE, 5, answer=third_fails)

    assert (caught.value.name, caught.value.details) == ("CallbackFailed", {"callback": -3})
    assert rounds == [0, 1, 2]


def test_the_first_failure_is_the_one_that_is_told(gallery: Library) -> None:
    """Later callbacks of the same call still run, and do not hide the first failure."""
    order: list[int] = []

    def failing(given: list[Any]) -> int:
        order.append(len(order))
        raise ValueError(f"failure {len(order)}")

    with pytest.raises(Fault, match="failure 1"):
        gallery("call_each_once", ONE, {"delegate": 2}, delegates={1: failing, 2: failing})

    assert len(order) == 2


def test_an_inner_failure_belongs_to_the_inner_call(gallery: Library) -> None:
    """A callback that catches what its nested call raised saves the outer call."""

    def careful(_given: list[Any]) -> int:
        try:
            gallery("apply", {"delegate": 2}, 1, delegates={2: fail})
        except Fault as fault:
            return 77 if fault.name == "CallbackFailed" else 0
        return 0

    assert with_delegate(gallery, "apply", ONE, 1, answer=careful) == 77


BAD_ANSWERS: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("apply", (ONE, 1), "text", "the result of the callback Unary: expected an integer"),
    ("apply", (ONE, 1), 1 << 40, "not in"),
    ("apply", (ONE, 1), (1, [2]), "has 0 outs, 1 came back"),
    ("ask_number", (ONE,), (1, [[1, 2]]), "2 elements were given where 1 have room"),
    ("ask_numbers", (ONE, 3), (1, [ints(1, 2, 3, 4)]), "4 elements were given where 3 have room"),
    ("ask_text", (ONE,), b"a\0b", "embedded NUL"),
    ("ask_point", (ONE,), [1], "expected an array with the 2 members"),
    ("ask_end", (ONE,), (1, [-1]), "no distance"),
    ("give_numbers", (ONE, 1, -5), 1, "the count 'n' is -5"),
]


@pytest.mark.parametrize(("name", "arguments", "answer", "text"), BAD_ANSWERS)
def test_what_a_callback_must_not_give(
    client: ClientSession, gallery: Library, name: str, arguments: tuple[Any, ...], answer: Any, text: str
) -> None:
    """Counts and answers that do not fit become a fault of the call; native memory is not overrun."""
    with pytest.raises(Fault) as caught:
        with_delegate(gallery, name, *arguments, answer=lambda _given: answer)

    assert text in caught.value.message
    assert (client.info()["allocations"], client.info()["delegates"]) == (0, 0)


# -- function pointers ---------------------------------------------------------------------------------------------


def test_the_same_callable_is_the_same_pointer(gallery: Library) -> None:
    """R9.7: given twice in one call, a callable is one function pointer; two callables are two."""
    answers: dict[int, Answer] = {1: lambda _given: 3, 2: lambda _given: 4}

    assert gallery("call_each_once", ONE, ONE, delegates=answers) == 3
    assert gallery("call_each_once", ONE, {"delegate": 2}, delegates=answers) == 34


def test_no_callable_is_null(gallery: Library) -> None:
    """None for a function pointer is NULL."""
    assert gallery("apply", None, 1) == -1


def test_a_callback_that_was_made_lives_until_it_is_freed(client: ClientSession, gallery: Library) -> None:
    """CALLBACK makes a pointer that is passed like memory, comes back as itself (R9.7), and dies with FREE."""
    made = client.line.system(HostFunction.CALLBACK, gallery.number, "Unary", 1)["ref"]
    at = {"at": [made[1], 0]}
    gallery("set_handler", at)

    assert with_delegate(gallery, "fire", 5, answer=lambda given: given[0] + 1) == 6
    assert gallery("get_handler")["ref"][1:3] == [made[1], "code:Unary"]
    assert with_delegate(gallery, "apply", at, 5, answer=lambda given: given[0] + 2) == 7

    client.line.system(HostFunction.FREE, at)
    stale(gallery, "fire", 5)
    assert "given for an earlier call only" in client.hear(Notice).message
    with pytest.raises(Fault, match="is gone"):
        gallery("apply", at, 5)


def test_a_callback_ends_when_nobody_names_it(client: ClientSession, gallery: Library) -> None:
    """Giving the last reference back frees what CALLBACK made."""
    made = client.line.system(HostFunction.CALLBACK, gallery.number, "Unary", 1)["ref"]
    assert client.info()["delegates"] == 1

    client.release([made[1], 1])

    assert (client.info()["delegates"], client.info()["objects"]) == (0, 0)


def test_a_kept_callable_outlives_its_call(gallery: Library) -> None:
    """R9.5: `keep` lets native code call later."""
    gallery("set_handler", ONE)

    assert with_delegate(gallery, "fire", 5, answer=lambda given: given[0] + 1) == 6


def test_a_kept_callable_ends_with_its_handle(client: ClientSession, gallery: Library) -> None:
    """R9.5: kept beside a handle, a callable lives until that handle is closed."""
    thing = {"at": [gallery("thing_open", 1)["ref"][1], 0]}
    gallery("thing_watch", thing, ONE)
    assert with_delegate(gallery, "fire", 5, answer=lambda given: given[0] + 1) == 6

    gallery("thing_close", thing)

    stale(gallery, "fire", 5)
    assert client.info()["delegates"] == 0


def test_a_call_that_is_refused_keeps_nothing(client: ClientSession, gallery: Library) -> None:
    """R1.14: a callable that was to be kept is let go of when a later argument is bad."""
    with pytest.raises(Fault):
        gallery("start_later", ONE, "x")

    assert client.info()["delegates"] == 0


def test_a_stale_pointer_gives_zero_and_never_another_function(client: ClientSession, gallery: Library) -> None:
    """R9.6: a thousand later callables do not bring a retired pointer back to life."""
    gallery("store_handler", 0, ONE)
    for each in range(2, 1002):
        gallery("apply", {"delegate": each}, 0, delegates={each: lambda _given: 5})

    stale(gallery, "fire_handler", 0, 5)
    notice: Notice = client.hear(Notice)
    assert (notice.level, "given for an earlier call only" in notice.message) == ("WARNING", True)
    assert client.info()["stale_callbacks"] == 1


def test_native_functions_are_references(gallery: Library) -> None:
    """A function pointer of the library is named, and can be passed back to it."""
    pointer = gallery("native_twice")["ref"]

    assert pointer[2] == "code:Unary"
    assert gallery("apply", {"at": [pointer[1], 0]}, 21) == 42


def test_a_handle_is_no_function(gallery: Library) -> None:
    """R9.1: only code of that shape, or untyped memory, stands for a function pointer."""
    thing = gallery("thing_open", 1)["ref"]

    with pytest.raises(Fault, match="expected a function pointer Unary, got a Thing") as caught:
        gallery("apply", {"at": [thing[1], 0]}, 1)

    assert caught.value.name == "InvalidCastError"


def test_handles_cross_callbacks(gallery: Library) -> None:
    """R14: a handle given to a callback is the client's own object, and goes back as itself."""
    thing = gallery("thing_open", 1)["ref"]
    seen: list[int] = []

    def same(given: list[Any]) -> Any:
        seen.append(given[0]["ref"][1])
        return {"at": [given[0]["ref"][1], 0]}

    assert with_delegate(gallery, "ask_thing", ONE, {"at": [thing[1], 0]}, answer=same) == 1
    assert seen == [thing[1]]


# -- threads of the library ----------------------------------------------------------------------------------------


def on_control(client: ClientSession, count: int, answer: Callable[[Callback], Any]) -> threading.Thread:
    """Serve callbacks that come over the control channel, beside a call on the test's own thread."""

    def serve() -> None:
        for _ in range(count):
            message: Callback = client.hear(Callback)
            client.say(answer(message))

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_thread_of_the_library_calls_over_control(client: ClientSession, gallery: Library) -> None:
    """R9.10: a callback from a pthread comes over the control channel and gets its answer there."""
    server = on_control(client, 1, lambda message: Return(message.call, message.arguments[0] * 3, [], 0, []))

    assert gallery("call_on_thread", ONE, 14) == 42
    server.join()


def test_many_threads_of_the_library_call_at_once(client: ClientSession, gallery: Library) -> None:
    """Callbacks of twenty pthreads are under way together and answered by number, in any order."""
    waiting: list[Callback] = []

    def gather() -> None:
        waiting.extend(client.hear(Callback) for _ in range(20))
        for message in reversed(waiting):
            client.say(Return(message.call, message.arguments[0], [], 0, []))

    server = threading.Thread(target=gather)
    server.start()

    assert gallery("call_on_threads", ONE, 20) == sum(range(20))
    server.join()
    assert len({message.call for message in waiting}) == 20


def test_a_failure_on_a_thread_of_the_library_is_a_notice(client: ClientSession, gallery: Library) -> None:
    """There is no call to raise it to: native code gets zero and people are told."""
    server = on_control(client, 1, lambda message: Raise(message.call, "CallbackFailed", "oh no", {}))

    assert gallery("call_on_thread", ONE, 14) == 0
    server.join()
    assert "oh no" in client.hear(Notice).message


def test_a_callback_outlives_its_call(client: ClientSession, gallery: Library) -> None:
    """A thread started by a call that has returned still reaches the session."""
    gallery("start_later", ONE, 5)
    message: Callback = client.hear(Callback)
    client.say(Return(message.call, 6, [], 0, []))

    assert gallery("finish_later") == 6


# -- the end of a session ------------------------------------------------------------------------------------------


def test_a_session_that_dies_in_a_callback_frees_the_thread(host: RunningHost, gallery_file: str) -> None:
    """The thread that waits for a dead session gets zero; its objects and function pointers are gone."""
    with ClientSession(host) as survivor:
        dying = ClientSession(host)
        gallery = dying.load(gallery_file, GALLERY)
        gallery("thing_open", 1)
        gallery("set_handler", ONE)
        dying.line.system(HostFunction.BUFFER, 100, None)
        dying.line.start(gallery.number, gallery.index["apply"], [{"delegate": 2}, 1])
        assert isinstance(dying.line.receive().message, Callback)

        dying.close()

        assert wait_until(lambda: all(each.phase == Phase.IDLE for each in read_slots(host.slots)))
        other = survivor.load(gallery_file, GALLERY)
        stale(other, "fire", 1)
        counts = survivor.info()
        assert {name: counts[name] for name in ("channels", "objects", "allocations", "delegates")} == {
            "channels": 1,
            "objects": 0,
            "allocations": 0,
            "delegates": 0,
        }


def test_a_session_that_dies_frees_threads_of_the_library(host: RunningHost, gallery_file: str) -> None:
    """A pthread that sleeps for an answer over control wakes up with zero."""
    with ClientSession(host) as survivor:
        dying = ClientSession(host)
        gallery = dying.load(gallery_file, GALLERY)
        gallery("start_later", ONE, 5)
        dying.hear(Callback)

        dying.close()

        assert survivor.load(gallery_file, GALLERY)("finish_later") == 0


def test_a_callback_of_another_session_goes_over_its_control(host: RunningHost, gallery_file: str) -> None:
    """A function pointer belongs to the session that gave it, whoever's call runs into it."""
    with ClientSession(host) as owner, ClientSession(host) as caller:
        owner.load(gallery_file, GALLERY)("set_handler", ONE)
        server = on_control(owner, 1, lambda message: Return(message.call, 99, [], 0, []))

        assert caller.load(gallery_file, GALLERY)("fire", 1) == 99
        server.join()
