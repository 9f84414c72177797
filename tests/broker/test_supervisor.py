from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from callgate_broker.actions import Action, Discard, Fork, KillTemplate, Observe, Reply, Report, StartTemplate, Stop
from callgate_broker.hosts import End, Host
from callgate_broker.policy import TEMPORARY, Policy
from callgate_broker.supervisor import Supervisor
from callgate_protocol.slots import Phase, Slot

PEER = 1
SEGV = End(11, None, 0, [])
KILLED = End(9, None, 0, [])


class Play:
    """A supervisor with a clock, fed by hand."""

    def __init__(self, policy: Policy | None = None) -> None:
        names = itertools.count(1)
        self.supervisor = Supervisor(policy, lambda: f"host{next(names)}")
        self.now = 100.0
        self._numbers = itertools.count(1)

    def request(self, operation: str, peer: int = PEER, **fields: Any) -> list[Action]:
        message = {"op": operation, **fields}
        return list(self.supervisor.request(peer, next(self._numbers), message, self.now))

    def start(self, key: str = "key", peer: int = PEER) -> list[Action]:
        return self.request("start", peer, label="lib.so", key=key, client=1)

    def forked(self, number: int) -> list[Action]:
        return list(self.supervisor.forked(number, 1000 + number, f"/run/h{number}/link", self.now))

    def born(self, key: str = "key") -> Host:
        """A living host, whose policy had no objection."""
        fork = only(self.start(key), Fork)
        self.forked(fork.number)
        return self.supervisor.hosts[fork.incarnation]

    def died(self, host: Host, end: End = SEGV) -> list[Action]:
        return list(self.supervisor.died(host, end, self.now))

    def template_died(self) -> list[Action]:
        return list(self.supervisor.nursery.template_died("It ended.", self.now))

    def tick(self, seconds: float = 0.0) -> list[Action]:
        self.now += seconds
        return list(self.supervisor.tick(self.now))


def only(found: Iterable[Action], kind: type[Any]) -> Any:
    """The one action of that kind."""
    (match,) = [action for action in found if isinstance(action, kind)]
    return match


def kinds(found: Iterable[Action]) -> list[type]:
    return [type(action) for action in found]


def answer(found: Iterable[Action]) -> dict[str, Any]:
    """The result in the one reply."""
    body: dict[str, Any] = only(found, Reply).body
    result: dict[str, Any] = body.get("ok") or body["error"]
    return result


def test_a_start_forks_and_answers_when_the_process_is_there() -> None:
    """The reply to `start` comes with the template's answer and carries name, pid and link."""
    play = Play()
    started = play.start()
    assert started == [Fork(1, "host1", "lib.so")]
    assert answer(play.forked(1)) == {"host": "host1", "pid": 1001, "link": "/run/h1/link"}


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({}, "unknown operation None"),
        ({"op": "explode"}, "unknown operation 'explode'"),
        ({"op": ["start"]}, "unknown operation"),
        ({"op": "start"}, "label must be str, not NoneType"),
        ({"op": "start", "label": 1, "key": "k", "client": 1}, "label must be str, not int"),
        ({"op": "start", "label": "x", "key": "k", "client": True}, "client must be int, not bool"),
        ({"op": "start", "label": "x", "key": "k", "client": -1}, "client must not be negative"),
        ({"op": "start", "label": "x" * 300, "key": "k", "client": 1}, "at most 255"),
        ({"op": "record", "host": "h", "wait": 1}, "wait must be bool"),
        ({"op": "stop", "host": "h"}, "reason must be str"),
        ({"op": "stop", "host": "h", "reason": "deadline", "channel": "7"}, "channel must be int"),
        ({"op": "list", "offset": 1.5}, "offset must be int"),
    ],
)
def test_unfit_requests_are_answered_with_what_is_wrong(message: dict[str, Any], complaint: str) -> None:
    """Every unknown operation and every field of a wrong type is an error reply, and nothing else happens."""
    play = Play()
    found = list(play.supervisor.request(PEER, 5, message, 0.0))
    assert kinds(found) == [Reply]
    assert answer(found)["name"] == "ProtocolError"
    assert complaint in answer(found)["message"]


@pytest.mark.parametrize("request_", [("record", {}), ("stop", {"reason": "closed"})])
def test_an_unknown_host_is_an_error(request_: tuple[str, dict[str, Any]]) -> None:
    """`record` and `stop` of a host nobody knows say so."""
    found = Play().request(request_[0], host="nobody", **request_[1])
    assert answer(found)["name"] == "ObjectGone"


def test_a_record_that_is_waited_for_comes_with_the_death() -> None:
    """`record` with wait is answered at the death and not before; without wait the living host is looked at."""
    play = Play()
    host = play.born()
    assert kinds(play.request("record", host=host.incarnation)) == [Observe]
    assert play.request("record", host=host.incarnation, wait=True) == []
    slot = Slot(Phase.NATIVE, 5, 9, 7, 1, 2)
    record = answer(play.died(host, End(11, None, 3, [slot])))
    assert record["state"] == "dead"
    assert (record["signal"], record["status"], record["reason"], record["answered"]) == (11, None, None, 3)
    assert record["calls"] == [{"channel": 7, "call": 9, "library": 1, "function": 2, "phase": Phase.NATIVE}]
    assert answer(play.request("record", host=host.incarnation)) == record


def test_records_of_the_last_256_hosts_are_kept() -> None:
    """The 257th death makes the first record disappear."""
    play = Play()
    names = []
    for number in range(257):
        host = play.born(f"key{number}")
        names.append(host.incarnation)
        play.died(host)
    assert answer(play.request("record", host=names[0]))["name"] == "ObjectGone"
    assert answer(play.request("record", host=names[1]))["state"] == "dead"


def test_a_stop_is_answered_after_the_death() -> None:
    """`stop` kills once, however often it is asked, and all who asked hear where the call was."""
    play = Play()
    host = play.born()
    assert play.request("stop", host=host.incarnation, reason="deadline", channel=7, call=9) == [Stop(host, 7, 9)]
    assert play.request("stop", host=host.incarnation, reason="closed") == []
    host.where, host.phase = "sleeping", Phase.NATIVE
    replies = [action for action in play.died(host, KILLED) if isinstance(action, Reply)]
    assert [reply.body["ok"] for reply in replies] == [{"where": "sleeping", "phase": Phase.NATIVE, "dead": True}] * 2
    assert answer(play.request("record", host=host.incarnation))["reason"] == "deadline"
    assert answer(play.request("stop", host=host.incarnation, reason="closed"))["where"] == "sleeping"


def test_a_host_that_cannot_die_does_not_hold_up_its_stop() -> None:
    """After two seconds the answer says that the process is not dead yet."""
    play = Play()
    host = play.born()
    play.request("stop", host=host.incarnation, reason="deadline")
    assert play.supervisor.due() == play.now + 2
    assert play.tick(1.9) == []
    assert answer(play.tick(0.2)) == {"where": None, "phase": None, "dead": False}


@pytest.mark.parametrize(
    ("reason", "end", "recorded"),
    [
        ("deadline", KILLED, "deadline"),
        ("deadline", SEGV, None),
        ("deadline", End(None, 0, 0, []), None),
        ("closed", End(None, 0, 0, []), "closed"),
        ("closed", SEGV, None),
    ],
)
def test_the_reason_is_that_of_the_death(reason: str, end: End, recorded: str | None) -> None:
    """A host that crashed just before it was stopped is recorded as crashed."""
    play = Play()
    host = play.born()
    play.request("stop", host=host.incarnation, reason=reason)
    play.died(host, end)
    assert play.supervisor.records[host.incarnation]["reason"] == recorded


def crash(play: Play, times: int, end: End = SEGV) -> None:
    for _ in range(times):
        play.died(play.born(), end)


def test_back_off_holds_the_fork_back() -> None:
    """After five deaths the next start is forked by the timer, and its reply says how long it waited."""
    play = Play()
    crash(play, 5)
    assert play.start() == []
    assert play.supervisor.due() == pytest.approx(play.now + 0.1)
    assert play.tick(0.05) == []
    fork = only(play.tick(0.06), Fork)
    assert answer(play.forked(fork.number))["delayed"] == 0.1


def test_another_key_is_not_held_back() -> None:
    """The deaths of one library do not slow down another."""
    play = Play()
    crash(play, 5)
    assert kinds(play.start("other")) == [Fork]


@pytest.mark.parametrize(
    "end",
    [End(11, None, 1, []), End(None, 0, 0, []), End(None, 0, 0, [Slot(Phase.IDLE, 5, 9, 7, 1, 2)])],
    ids=["answered", "orderly", "orderly after a call"],
)
def test_ends_that_say_nothing_against_the_library_are_not_held_against_it(end: End) -> None:
    """Deaths after an answered call and orderly ends never lead to back-off."""
    play = Play()
    crash(play, 20, end)
    assert kinds(play.start()) == [Fork]


def test_exit_inside_a_call_counts() -> None:
    """Status 0 is no orderly end while a call is in flight."""
    play = Play()
    crash(play, 5, End(None, 0, 0, [Slot(Phase.NATIVE, 5, 9, 7, 1, 2)]))
    assert play.start() == []


def test_closed_hosts_do_not_count() -> None:
    """Any number of hosts that the client closed leaves its next start undelayed."""
    play = Play()
    for _ in range(20):
        host = play.born()
        play.request("stop", host=host.incarnation, reason="closed")
        play.died(host, KILLED)
    assert kinds(play.start()) == [Fork]


def test_a_policy_that_gives_up_is_an_error_at_once() -> None:
    """A temporary host is not started a second time."""
    play = Play(Policy(TEMPORARY))
    crash(play, 1)
    assert answer(play.start())["name"] == "HostQuarantined"


def test_forks_are_repeated_for_a_new_template() -> None:
    """What the dead template had not answered is asked of the next one, under a new name and with new files."""
    play = Play()
    play.start()
    assert play.template_died() == [StartTemplate(), Discard(1), Fork(2, "host2", "lib.so")]
    assert play.forked(1) == []
    assert answer(play.forked(2))["host"] == "host2"


def test_three_templates_without_an_answer_fail_the_starts() -> None:
    """Then the reply carries what the template wrote, and the next start tries again from the beginning."""
    play = Play()
    play.start()
    play.template_died()
    play.template_died()
    failed = play.template_died()
    assert kinds(failed) == [Discard, Reply]
    assert answer(failed)["name"] == "NotExecuted"
    assert "It ended." in answer(failed)["message"]
    assert kinds(play.start()) == [StartTemplate, Fork]
    assert StartTemplate() in play.template_died()


def test_templates_that_answered_may_die_any_number_of_times() -> None:
    """Only deaths without any answer count against the template."""
    play = Play()
    for _ in range(10):
        play.born()
        assert play.template_died() == [StartTemplate()]


def test_a_silent_template_is_replaced() -> None:
    """A fork that is not answered within 30 s costs the template its life, once."""
    play = Play()
    play.start()
    assert play.tick(29.9) == []
    assert play.tick(0.2) == [KillTemplate()]
    assert play.supervisor.due() is None
    assert play.tick(60) == []
    assert kinds(play.template_died()) == [StartTemplate, Discard, Fork]


def test_a_refused_fork_is_answered() -> None:
    """The template's own words reach whoever asked."""
    play = Play()
    play.start()
    refused = list(play.supervisor.fork_refused(1, "too many processes"))
    assert kinds(refused) == [Discard, Reply]
    assert "too many processes" in answer(refused)["message"]
    assert play.supervisor.hosts == {}


def test_hosts_of_a_vanished_peer_are_unwanted() -> None:
    """A start whose peer has gone is dropped if it waits, and stopped as soon as it is born if it was under way."""
    play = Play()
    crash(play, 5)
    play.start()
    other = only(play.start("other"), Fork)
    play.supervisor.peer_gone(PEER)
    assert kinds(play.forked(other.number)) == [Stop]
    assert play.tick(1) == []


def test_a_vanished_peer_is_not_answered() -> None:
    """Waiting for a record or a stop ends with the connection; others still get their answers."""
    play = Play()
    host = play.born()
    for peer in (1, 2):
        play.request("record", peer, host=host.incarnation, wait=True)
        play.request("stop", peer, host=host.incarnation, reason="closed")
    play.supervisor.peer_gone(1)
    replies = [action for action in play.died(host, KILLED) if isinstance(action, Reply)]
    assert [reply.asker.peer for reply in replies] == [2, 2]


def test_list_is_a_report() -> None:
    """`list` is answered by whoever can look at processes, from the given position on."""
    assert only(Play().request("list", offset=3), Report).offset == 3


def test_the_memory_for_keys_is_bounded() -> None:
    """After deaths under a great many keys the first ones are forgotten."""
    play = Play()
    for number in range(1100):
        play.died(play.born(f"key{number}"))
    nursery = play.supervisor.nursery
    assert len(nursery._histories) == 1024
    assert nursery.history("key0").restarts == 0
    assert nursery.history("key1099").restarts == 1
