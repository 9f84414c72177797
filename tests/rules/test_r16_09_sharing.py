"""R16.9: what shares a host process, in a program and between programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import callgate
from callgate import Lib
from tests.client.remoting.processes import shared_broker

GETPID = "int getpid(void);"
COS = "double cos(double x);"

PROGRAM = """
import sys
import callgate
with callgate.connect(sys.argv[1]) as broker:
    libc = broker.load("libc.so.6", "int getpid(void);", isolation=sys.argv[2])
    print(libc.getpid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A shared broker, and its address."""
    with shared_broker("sharing") as address:
        yield address


@pytest.mark.parametrize("isolation", ["client", "shared:lab"])
def test_r16_09_libraries_of_a_program_share_a_host(isolation: str) -> None:
    """They see the same process; another library, and another name, have hosts of their own."""
    with (
        callgate.load("libc.so.6", GETPID, isolation=isolation) as libc,
        callgate.load("libm.so.6", COS, isolation=isolation) as libm,
        callgate.load("libc.so.6", GETPID) as alone,
        callgate.load("libc.so.6", GETPID, isolation="shared:other") as other,
    ):
        assert libm.cos(0.0) == 1.0
        assert libc.getpid() == callgate.info(libm).process == callgate.info(libc).process
        assert len({libc.getpid(), alone.getpid(), other.getpid()}) == 3
        assert [callgate.info(each).sessions for each in (libc, libm, alone)] == [2, 2, 1]


def test_r16_09_closing_one_leaves_the_others() -> None:
    """The host lives as long as somebody uses it, and ends with the last one."""
    first = callgate.load("libc.so.6", GETPID, isolation="shared:life")
    second = callgate.load("libc.so.6", GETPID, isolation="shared:life")
    host = first.getpid()

    callgate.close(first)
    assert second.getpid() == host

    callgate.close(second)
    with callgate.load("libc.so.6", GETPID, isolation="shared:life") as third:
        assert third.getpid() != host


def test_r16_09_a_crash_takes_the_neighbours_and_they_meet_again() -> None:
    """What shares a process shares its death; the next calls find each other in one new host."""
    with (
        callgate.load("libc.so.6", f"{GETPID} void abort(void);", isolation="shared:crash") as guilty,
        callgate.load("libc.so.6", GETPID, isolation="shared:crash") as innocent,
    ):
        before = innocent.getpid()
        with pytest.raises(callgate.HostCrashed):
            guilty.abort()

        assert innocent.getpid() == guilty.getpid() != before


def test_r16_09_programs_of_a_broker_share_by_name(broker: str) -> None:
    """Two programs with the same name have one process, others have not; it outlives the one that came first."""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, broker, isolation], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for isolation in ("shared:lab", "shared:lab", "library")
    ]
    try:
        seen = [int(program.stdout.readline()) for program in programs if program.stdout]
        assert seen[0] == seen[1] != seen[2]
        programs[0].communicate("")
        with callgate.connect(broker) as connection:
            assert connection.load("libc.so.6", GETPID, isolation="shared:lab").getpid() == seen[0]
    finally:
        for program in programs:
            program.communicate("")


def test_r16_09_joining_while_the_last_one_leaves() -> None:
    """Somebody always ends the host that somebody else is about to join; nobody fails."""

    def come_and_go(_number: int) -> int:
        lib: Lib = callgate.load("libc.so.6", GETPID, isolation="shared:race")
        try:
            return int(lib.getpid())
        finally:
            callgate.close(lib)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(come_and_go, range(60)))
