from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from callgate_transport import datagrams, rundir
from tests.broker.rig import (
    EmbeddedWarden,
    Refused,
    is_alive,
)
from tests.conftest import wait_until


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
    assert wait_until(lambda: len(os.listdir(descriptors)) <= before)  # the last one's are closed after it is told of
    (directory,) = rundir.list_brokers()
    assert sorted(entry.name for entry in directory.iterdir()) == ["broker", "lock"]


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
