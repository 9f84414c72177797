from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from callgate_transport import datagrams, rundir
from tests.broker.rig import (
    PATIENCE,
    EmbeddedWarden,
    Refused,
    await_all_ends,
    await_end,
    watch,
)


def test_a_fork_nobody_heard_of_is_ended(warden: EmbeddedWarden) -> None:
    """A host whose template died before it could report it does not live on unknown."""
    with pytest.raises(Refused):
        warden.start("orphan,die")
    children = Path(f"/proc/{warden.pid}/task/{warden.pid}/children")
    while len(children.read_text().split()) > 0:
        os.sched_yield()


def test_what_hosts_leave_behind_is_ended(base: Path) -> None:
    """A process that a host daemonised ends with the broker, and is not left a zombie."""
    warden = EmbeddedWarden()
    warden.death(warden.start("stray"))
    children = Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()
    (stray,) = [int(pid) for pid in children if int(pid) != warden.template()]
    warden.close()
    await_all_ends([stray])


def test_the_end_of_the_lifeline_is_the_end_of_everything(base: Path) -> None:
    """Closing the activation socket ends warden, template and hosts (stopped ones, too) and removes the directory."""
    warden = EmbeddedWarden()
    pids = [warden.start(deed, key=deed)["pid"] for deed in ("pause", "spin", "stop")]
    pids.append(warden.template())
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
    pids = [warden.start("pause")["pid"], warden.template()]
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
