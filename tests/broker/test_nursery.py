from __future__ import annotations

import pytest

from callgate_broker.actions import Discard, Fork, KillTemplate, Reply, StartTemplate, Stop
from callgate_broker.hosts import End
from callgate_broker.policy import TEMPORARY, Policy
from callgate_protocol.slots import Phase, Slot
from tests.broker.play import KILLED, PEER, SEGV, Play, answer, kinds, only


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


def test_the_memory_for_keys_is_bounded() -> None:
    """After deaths under a great many keys the first ones are forgotten."""
    play = Play()
    for number in range(1100):
        play.died(play.born(f"key{number}"))
    nursery = play.supervisor.nursery
    assert len(nursery._histories) == 1024
    assert nursery.history("key0").restarts == 0
    assert nursery.history("key1099").restarts == 1
