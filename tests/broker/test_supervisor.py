from __future__ import annotations

from typing import Any

import pytest

from callgate_broker.actions import Action, Fork, Observe, Reply, Report, Stop
from callgate_broker.hosts import End
from callgate_protocol.slots import Phase, Slot
from tests.broker.play import KILLED, PEER, SEGV, Play, answer, kinds, only


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


# -- shared hosts (R16.9) ----------------------------------------------------------------------------------------------


def sharing(play: Play, share: str = "s", peer: int = PEER, **fields: Any) -> list[Action]:
    return play.request("start", peer, label="lib.so", key=share, client=1, share=share, **fields)


def test_whoever_shares_gets_the_same_host() -> None:
    """One fork for those who ask while it is under way, and its answer for those who come later; not for others."""
    play = Play()
    assert kinds(sharing(play)) == [Fork]
    assert sharing(play, peer=2) == []
    assert kinds(sharing(play, "other")) == [Fork]
    assert kinds(play.start()) == [Fork]

    born = play.forked(1)

    assert [(each.asker.peer, each.body["ok"]["pid"]) for each in born if isinstance(each, Reply)] == [
        (PEER, 1001),
        (2, 1001),
    ]
    assert answer(sharing(play, peer=3)) == answer(born[:1])


def test_a_shared_host_that_is_stopped_dead_or_gone_is_not_given_again() -> None:
    """A stop in progress, a death, and a client that could not join lead to a new one."""
    play = Play()
    for number, ending in enumerate(["stop", "death", "gone"], 1):
        sharing(play)
        play.forked(number)
        (host,) = [each for each in play.supervisor.hosts.values() if each.share and each.reason is None]
        gone = host.incarnation if ending == "gone" else ""
        if ending == "stop":
            play.request("stop", host=host.incarnation, reason="stopped")
        elif ending == "death":
            play.died(host)
        fork = sharing(play, gone=gone)
        assert kinds(fork) == [Fork], ending
        list(play.supervisor.fork_refused(number + 1, "no more"))
        play.supervisor.nursery._numbers = number  # the next one is numbered so again


def test_what_one_client_shares_is_not_anothers() -> None:
    """However names are put together, clients of other machines meet in no host, and end nobody's sharing."""
    play = Play()
    assert kinds(sharing(play, "b:s", owner="a")) == [Fork]
    assert kinds(sharing(play, "s", peer=2, owner="a:b")) == [Fork]
    play.forked(1)
    (host,) = play.supervisor.hosts.values()
    sharing(play, "other", peer=2, owner="a:b", gone=host.incarnation)
    assert answer(sharing(play, "b:s", peer=3, owner="a"))["pid"] == 1001


def test_whom_hosts_let_in_is_told_page_by_page() -> None:
    """A gateway that begins asks for it: keys and owners, as they were told, in an order that it can go on from."""
    play = Play()
    for number in range(1, 41):
        owner = f"client{number:02}"
        play.start(owner=owner, remote={"key": f"{number:064x}", "rights": {}})
        play.forked(number)
    play.start()
    play.forked(41)
    first = answer(play.request("admitted"))["clients"]
    assert first == [(f"{number:064x}", f"client{number:02}") for number in range(1, 33)]
    rest = answer(play.request("admitted", after="".join(first[-1])))["clients"]
    assert [owner for _, owner in rest] == [f"client{number}" for number in range(33, 41)]
    assert answer(play.request("admitted", after="".join(rest[-1])))["clients"] == []
    play.request("expel", owner="client40", key=f"{40:064x}")
    play.request("admit", owner="client39", key="f" * 64, rights={})
    told = answer(play.request("admitted", after="".join(first[-1])))["clients"]
    assert told[-2:] == [(f"{39:064x}", "client39"), ("f" * 64, "client39")]


def test_sharers_go_one_by_one() -> None:
    """Who has gone is not answered, a fork that nobody waits for any more is stopped, a failure is told to all."""
    play = Play()
    sharing(play, peer=1)
    sharing(play, peer=2)
    play.supervisor.peer_gone(1)
    assert [each.asker.peer for each in play.forked(1) if isinstance(each, Reply)] == [2]

    sharing(play, "b", peer=1)
    sharing(play, "b", peer=2)
    refused = list(play.supervisor.fork_refused(2, "no memory"))
    assert [each.asker.peer for each in refused if isinstance(each, Reply)] == [1, 2]

    sharing(play, "c", peer=1)
    sharing(play, "c", peer=2)
    play.supervisor.peer_gone(1)
    play.supervisor.peer_gone(2)
    assert kinds(play.forked(3)) == [Stop]
