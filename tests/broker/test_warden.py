from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from callgate_protocol.slots import Phase
from tests.broker.fake_template import CALL, CHANNEL, FUNCTION, LIBRARY
from tests.broker.rig import (
    EmbeddedWarden,
    Refused,
    connect,
    is_alive,
    parent_of,
)

THE_CALL = {"channel": CHANNEL, "call": CALL, "library": LIBRARY, "function": FUNCTION, "phase": Phase.NATIVE}


def test_a_started_host_is_a_child_of_the_warden(warden: EmbeddedWarden) -> None:
    """`start` answers with a living process that has fallen to the warden, and with a link that can be connected."""
    host = warden.start("pause")
    assert is_alive(host["pid"])
    assert parent_of(host["pid"]) == warden.pid
    connect(host["link"]).close()


def test_hosts_are_started_in_parallel(warden: EmbeddedWarden) -> None:
    """Requests are answered in any number, each with a host of its own."""
    numbers = [warden.ask("start", label="pause", key=str(n), client=1) for n in range(10)]
    hosts = [warden.answer(number) for number in numbers]
    assert len({host["pid"] for host in hosts}) == len({host["host"] for host in hosts}) == 10


@pytest.mark.parametrize(
    ("deed", "signal_", "status"),
    [("kill:11", 11, None), ("kill:9", 9, None), ("exit:3", None, 3), ("exit:0", None, 0)],
)
def test_the_record_says_how_a_host_died(
    warden: EmbeddedWarden, deed: str, signal_: int | None, status: int | None
) -> None:
    """Signals and exit statuses are told apart, and no reason is made up for either."""
    record = warden.death(warden.start(deed))
    assert (record["state"], record["signal"], record["status"]) == ("dead", signal_, status)
    assert record["reason"] is None


def test_the_record_holds_the_calls_in_flight(warden: EmbeddedWarden) -> None:
    """What the host wrote into its slots before it died is in its record."""
    record = warden.death(warden.start("answered=5,call,kill:6"))
    assert record["answered"] == 5
    assert record["calls"] == [THE_CALL]


def test_a_record_waits_for_the_death(warden: EmbeddedWarden) -> None:
    """With wait the answer comes at the death, and other requests are answered meanwhile."""
    host = warden.start("pause")
    waiting = warden.ask("record", host=host["host"], wait=True)
    assert warden.request("record", host=host["host"])["state"] == "alive"
    os.kill(host["pid"], signal.SIGTERM)
    assert warden.answer(waiting)["signal"] == signal.SIGTERM


@pytest.mark.parametrize(
    ("deed", "where"),
    [
        ("sleep", "sleeping"),
        ("spin", "spinning"),
        ("lock", "waiting for a lock"),
        ("read", "in system call read (waiting)"),
        ("poll", "in system call poll (waiting)"),
        ("stop", "stopped"),
    ],
)
def test_a_deadline_says_where_the_call_was(warden: EmbeddedWarden, deed: str, where: str) -> None:
    """Whatever a host is caught in, stopped processes included, the answer says what it was, and it is dead."""
    host = warden.start(f"call,{deed}")
    await_where(host, where)
    stopped = warden.request("stop", host=host["host"], reason="deadline", channel=CHANNEL, call=CALL)
    assert stopped == {"where": where, "phase": Phase.NATIVE, "dead": True}
    assert not is_alive(host["pid"])
    record = warden.request("record", host=host["host"])
    assert (record["reason"], record["where"], record["calls"]) == ("deadline", where, [THE_CALL])


def await_where(host: dict[str, Any], where: str) -> None:
    """Wait until the host has come to its deed: it is forked before it gets there."""
    from callgate_broker.whereabouts import describe_thread

    while describe_thread(host["pid"], host["pid"]) != where or not _has_begun(host):
        os.sched_yield()


def _has_begun(host: dict[str, Any]) -> bool:
    """Whether it no longer waits for its adoption (which sleeps, too)."""
    return Path(f"/proc/{host['pid']}/comm").read_text() == "begun\n"


def test_a_deadline_for_a_call_that_is_over_says_so(warden: EmbeddedWarden) -> None:
    """The call that is not in any slot has no phase."""
    host = warden.start("call,pause")
    stopped = warden.request("stop", host=host["host"], reason="deadline", channel=CHANNEL, call=CALL + 1)
    assert stopped == {"where": "not in this call any more", "phase": None, "dead": True}


def test_closing_kills_and_is_recorded(warden: EmbeddedWarden) -> None:
    """`stop` with the reason "closed" ends the process and removes its directory."""
    host = warden.start("pause")
    assert warden.request("stop", host=host["host"], reason="closed")["dead"]
    assert warden.request("record", host=host["host"])["reason"] == "closed"
    assert not Path(host["link"]).parent.exists()


def test_back_off_from_the_fifth_death(warden: EmbeddedWarden) -> None:
    """Five starts come at once, the next ones say how long they were delayed, those of another key are not."""
    delays = [crash(warden) for _ in range(5)]
    assert delays == [0] * 5
    delay, longest = 0.0, 0.1
    while not delay:  # a machine that stalls for as long as the delay has waited already
        delay = crash(warden)
        assert delay <= longest
        longest *= 2
    assert "delayed" not in warden.start("pause", key="other")


def crash(warden: EmbeddedWarden) -> float:
    """Start a host that crashes at once; how long its start was delayed."""
    host = warden.start("kill:11")
    warden.death(host)
    return float(host.get("delayed", 0))


def test_requests_go_on_while_a_start_is_delayed(warden: EmbeddedWarden) -> None:
    """Whoever asks during a delay is answered, and so is in the end who was delayed."""
    for _ in range(6):
        crash(warden)
    delayed = warden.ask("start", label="pause", key="key", client=1)
    other = warden.start("pause", key="other")
    assert warden.answer(delayed)["pid"] != other["pid"]


def test_a_killed_template_is_replaced(warden: EmbeddedWarden) -> None:
    """After SIGKILL of the template its hosts live on and the next start works."""
    first = warden.start("pause")
    template = warden.template()
    os.kill(template, signal.SIGKILL)
    second = warden.start("pause")
    assert warden.template() not in (0, template)
    assert is_alive(first["pid"])
    assert is_alive(second["pid"])


def test_a_template_that_cannot_start_fails_the_start_with_its_words(warden: EmbeddedWarden) -> None:
    """The error carries the end of the template's standard error, and a later start tries anew."""
    with pytest.raises(Refused, match="cannot import the moon") as caught:
        warden.start("die")
    assert caught.value.name == "NotExecuted"
    assert is_alive(warden.start("pause")["pid"])


def test_a_missing_template_module_is_explained(base: Path) -> None:
    """The ImportError of a broken installation is in the error of the first start."""
    warden = EmbeddedWarden(template="no_such_template")
    with pytest.raises(Refused, match="No module named 'no_such_template'"):
        warden.start("pause")
    warden.close()


def test_a_refused_fork_is_an_error(warden: EmbeddedWarden) -> None:
    """What the template objects to reaches the client."""
    with pytest.raises(Refused, match="not this one"):
        warden.start("refuse")


def test_list_shows_everything(warden: EmbeddedWarden) -> None:
    """`list` has the broker, each living host with its calls and memory, and the recent deaths."""
    dead = warden.start("kill:11")
    warden.death(dead)
    host = warden.start("answered=4,call,pause")
    await_where(host, "in system call pause (waiting)")
    listed = warden.request("list")
    assert listed["broker"]["mode"] == "embedded"
    assert listed["broker"]["pid"] == warden.pid
    (shown,) = listed["hosts"]
    assert (shown["host"], shown["pid"], shown["client"]) == (host["host"], host["pid"], os.getpid())
    assert (shown["answered"], shown["calls"], shown["restarts"]) == (4, [THE_CALL], 1)
    assert shown["rss"] > 1_000_000
    assert [death["host"] for death in listed["deaths"]] == [dead["host"]]
