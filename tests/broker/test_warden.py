from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callgate_protocol.slots import Phase
from callgate_transport import datagrams, rundir
from tests.broker.fake_template import CALL, CHANNEL, FUNCTION, LIBRARY
from tests.broker.rig import (
    PATIENCE,
    EmbeddedWarden,
    Refused,
    await_all_ends,
    await_end,
    connect,
    is_alive,
    parent_of,
    watch,
)

THE_CALL = {"channel": CHANNEL, "call": CALL, "library": LIBRARY, "function": FUNCTION, "phase": Phase.NATIVE}


def template_of(warden: EmbeddedWarden) -> int:
    """The process id of the present template."""
    pid: int = warden.request("list")["broker"]["template"]["pid"]
    return pid


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
    template = template_of(warden)
    os.kill(template, signal.SIGKILL)
    second = warden.start("pause")
    assert template_of(warden) not in (0, template)
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


def test_a_fork_nobody_heard_of_is_ended(warden: EmbeddedWarden) -> None:
    """A host whose template died before it could report it does not live on unknown."""
    with pytest.raises(Refused):
        warden.start("orphan,die")
    children = Path(f"/proc/{warden.pid}/task/{warden.pid}/children")
    while len(children.read_text().split()) > 0:
        os.sched_yield()


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


def test_a_list_of_any_length_is_answered(warden: EmbeddedWarden) -> None:
    """With more and longer entries than fit, hosts come in parts and deaths are the latest ones."""
    label = "call," + "\N{SNAKE}" * 240 + ",pause"
    hosts = [warden.start(label, key=str(number)) for number in range(25)]
    for host in hosts[:5]:
        warden.request("stop", host=host["host"], reason="closed")
    first = warden.request("list")
    assert 0 < len(first["deaths"]) < 5
    assert first["deaths"][0]["host"] == hosts[4]["host"]
    second = warden.request("list", offset=first["next"])
    assert second["next"] is None
    shown = [host["host"] for host in first["hosts"] + second["hosts"]]
    assert shown == [host["host"] for host in hosts[5:]]


def test_long_refusals_are_cut(warden: EmbeddedWarden) -> None:
    """An endless error of the template arrives as its end."""
    with pytest.raises(Refused, match=r"the end$"):
        warden.start("babble")


def test_descriptors_running_out_is_an_answer(warden: EmbeddedWarden) -> None:
    """A warden without descriptors refuses to start hosts, and starts them again when there are some."""
    first = warden.start("pause")
    used = len(os.listdir(f"/proc/{warden.pid}/fd"))
    limits = resource.prlimit(warden.pid, resource.RLIMIT_NOFILE)
    answers = []
    for spare in range(6):
        resource.prlimit(warden.pid, resource.RLIMIT_NOFILE, (used + spare, limits[1]))
        answers.append(attempt(warden))
    assert "NotExecuted" in answers
    assert set(answers) <= {"NotExecuted", "started"}
    resource.prlimit(warden.pid, resource.RLIMIT_NOFILE, limits)
    assert is_alive(first["pid"])
    assert is_alive(warden.start("pause")["pid"])


def attempt(warden: EmbeddedWarden) -> str:
    """Start a host and close it; how that went."""
    try:
        host = warden.start("pause", key="attempt")
    except Refused as refused:
        return refused.name if "Too many open files" in str(refused) else str(refused)
    warden.request("stop", host=host["host"], reason="closed")
    return "started"


def test_what_hosts_leave_behind_is_ended(base: Path) -> None:
    """A process that a host daemonised ends with the broker, and is not left a zombie."""
    warden = EmbeddedWarden()
    warden.death(warden.start("stray"))
    children = Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()
    (stray,) = [int(pid) for pid in children if int(pid) != template_of(warden)]
    warden.close()
    await_all_ends([stray])


def test_the_end_of_the_lifeline_is_the_end_of_everything(base: Path) -> None:
    """Closing the activation socket ends warden, template and hosts (stopped ones, too) and removes the directory."""
    warden = EmbeddedWarden()
    pids = [warden.start(deed, key=deed)["pid"] for deed in ("pause", "spin", "stop")]
    pids.append(template_of(warden))
    warden.close()
    await_all_ends(pids)
    assert [entry.name for entry in base.iterdir()] == [".lock"]


_CLIENT = """
import json, os, signal, sys
from tests.broker.rig import EmbeddedWarden
warden = EmbeddedWarden()
host = warden.start("pause")
pids = {"warden": warden.pid, "host": host["pid"], "template": warden.request("list")["broker"]["template"]["pid"]}
if "fork" in sys.argv:
    pids["child"] = os.fork()
    if pids["child"] == 0:
        while True:
            signal.pause()
print(json.dumps(pids), flush=True)
while True:
    signal.pause()
"""


def a_client(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A process with a warden of its own, and the pids of all concerned."""
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, *sys.path])}
    command = [sys.executable, "-c", _CLIENT, *arguments]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert client.stdout
    return client, json.loads(client.stdout.readline())


@pytest.mark.parametrize("arguments", [(), ("fork",)], ids=["alone", "its forked child holds the lifeline"])
def test_the_death_of_the_client_is_the_end_of_everything(base: Path, arguments: tuple[str, ...]) -> None:
    """SIGKILL of the client ends warden, template and host, even if the lifeline stays open in a forked child."""
    client, pids = a_client(*arguments)
    child = pids.pop("child", None)
    with client:
        client.kill()
    await_all_ends(list(pids.values()))
    if child:
        os.kill(child, signal.SIGKILL)
    assert rundir.list_brokers() == []
    assert [entry.name for entry in base.iterdir()] == [".lock"]


def test_a_killed_warden_takes_everything_along(base: Path) -> None:
    """After SIGKILL of the warden template and hosts end, and the next start sweeps its directory."""
    warden = EmbeddedWarden()
    pids = [warden.start("pause")["pid"], template_of(warden)]
    (left,) = rundir.list_brokers()
    os.kill(warden.pid, signal.SIGKILL)
    warden.close()
    await_all_ends(pids)
    assert left.exists()
    following = EmbeddedWarden()
    following.request("list")
    assert not left.exists()
    following.close()


def test_a_client_that_has_died_before_gets_no_broker(base: Path) -> None:
    """A warden whose parent is not the client it was told ends at once."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    warden = EmbeddedWarden(client=gone.pid)
    await_end(warden.pidfd)
    warden.close()
    stranger = EmbeddedWarden(client=os.getppid())
    await_end(stranger.pidfd)
    stranger.close()


@pytest.mark.parametrize("garbage", [b"garbage", b"[]", b"{}", b'{"id": "one"}', b'{"op": "list"}', b"{" * 70_000])
def test_garbage_ends_the_connection(base: Path, garbage: bytes) -> None:
    """A client that sends what is no request loses its broker, orderly."""
    warden = EmbeddedWarden()
    pid = warden.start("pause")["pid"]
    warden.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    warden.socket.send(garbage)
    assert datagrams.receive(warden.socket) is None
    await_end(warden.pidfd)
    end = os.waitid(os.P_PIDFD, warden.pidfd, os.WEXITED | os.WNOWAIT)
    assert end
    assert (end.si_code, end.si_status) == (os.CLD_EXITED, 0)
    warden.close()
    await_all_ends([pid])


def test_unfit_requests_leave_the_warden_at_work(warden: EmbeddedWarden) -> None:
    """Errors are answers: the same connection goes on."""
    for operation in ("explode", "start", "record", "stop"):
        with pytest.raises(Refused):
            warden.request(operation, host=5)
    assert warden.start("pause")["pid"]


def test_descriptors_sent_to_the_warden_are_closed(warden: EmbeddedWarden) -> None:
    """Requests with descriptors are answered, and the warden keeps none of these."""
    warden.request("list")
    before = len(os.listdir(f"/proc/{warden.pid}/fd"))
    for number in range(1000, 1020):
        datagrams.send(warden.socket, {"id": number, "op": "list"}, [0, 1, 2])
        warden.answer(number)
    assert len(os.listdir(f"/proc/{warden.pid}/fd")) == before


def test_hosts_cost_nothing_once_they_are_dead(warden: EmbeddedWarden) -> None:
    """Neither descriptors nor directories remain of dead hosts."""
    warden.death(warden.start("answered=1,exit:0"))
    descriptors = f"/proc/{warden.pid}/fd"
    before = len(os.listdir(descriptors))
    for _ in range(20):
        warden.death(warden.start("answered=1,kill:11"))
    assert len(os.listdir(descriptors)) == before
    (directory,) = rundir.list_brokers()
    assert sorted(entry.name for entry in directory.iterdir()) == ["broker", "lock"]


def test_the_warden_keeps_nothing_of_its_client(base: Path) -> None:
    """Inheritable descriptors, standard streams and session of the client are not the warden's."""
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    warden = EmbeddedWarden()
    warden.request("list")
    os.close(write_end)
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    assert poll.poll(PATIENCE * 1000)
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    assert {os.readlink(f"/proc/{warden.pid}/fd/{n}") for n in range(3)} == {"/dev/null"}
    assert os.getsid(warden.pid) == warden.pid
    warden.close()


def test_sigterm_ends_it_orderly(base: Path) -> None:
    """A warden that is asked to end takes everything along and removes its directory."""
    warden = EmbeddedWarden()
    host = watch(warden.start("pause")["pid"])
    os.kill(warden.pid, signal.SIGTERM)
    await_end(host)
    os.close(host)
    await_end(warden.pidfd)
    warden.close()
    assert [entry.name for entry in base.iterdir()] == [".lock"]


def test_the_warden_imports_no_third_party_module() -> None:
    """What the warden's process loads comes from the standard library, the protocol and the transport."""
    imports = "import sys, callgate_broker.warden, callgate_broker.custody"
    code = imports + "; print(*{name.partition('.')[0] for name in sys.modules})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    ours = {"callgate_broker", "callgate_protocol", "callgate_transport", "__main__"}
    loaded = set(found.stdout.split())
    assert {name for name in loaded - sys.stdlib_module_names if not name.startswith("_")} == ours - {"__main__"}
    assert not loaded & {
        "asyncio",
        "subprocess",
        "dataclasses",
        "inspect",
        "logging",
        "pathlib",
        "tempfile",
        "traceback",
    }
