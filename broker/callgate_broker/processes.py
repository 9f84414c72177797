"""The system calls by which the warden owns processes: adopt, watch, kill, reap."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress

__all__ = [
    "Exit",
    "NotOurChild",
    "adopt_orphans",
    "await_ends",
    "close_descriptors_except",
    "end_all_children",
    "kill",
    "kill_child",
    "kill_copies_of",
    "reap",
    "reap_strangers",
    "watch_child",
]

_PR_SET_CHILD_SUBREAPER = 36
_AWAITED_AT_ONCE = 64
"""Each costs a descriptor, of which there may be few left."""


class NotOurChild(Exception):
    """The process does not exist or is somebody else's."""


class Exit:
    """How a child ended: one of the two is None."""

    __slots__ = ("signal", "status")

    def __init__(self, signal: int | None, status: int | None) -> None:
        self.signal = signal
        self.status = status

    def __str__(self) -> str:
        return f"exit status {self.status}" if self.signal is None else f"signal {self.signal}"


def adopt_orphans() -> None:
    """From now on the orphans among our descendants become our children: hosts, when their template's fork ends."""
    import ctypes  # noqa: PLC0415 - costs milliseconds, and the template can be started before

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def watch_child(pid: int) -> int:
    """A pidfd of a child of ours, alive or not yet reaped; raises `NotOurChild`, or OSError without a descriptor."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError as error:
        raise NotOurChild(f"there is no process {pid}") from error
    try:
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError as error:
        os.close(pidfd)
        raise NotOurChild(f"process {pid} is not a child of the warden") from error
    return pidfd


def kill(pidfd: int) -> None:
    """SIGKILL; nothing if it has ended."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def await_ends(pidfds: list[int], seconds: float) -> None:
    """Wait until all of these have ended by themselves, but not longer."""
    end = time.monotonic() + seconds
    poll = select.poll()
    waiting = set(pidfds)
    for pidfd in waiting:
        poll.register(pidfd, select.POLLIN)
    while waiting and (left := end - time.monotonic()) > 0:
        for pidfd, _ in poll.poll(left * 1000):
            poll.unregister(pidfd)
            waiting.discard(pidfd)


def kill_child(pid: int) -> None:
    """SIGKILL by number; nothing if it is no child of ours. One that is not reaped keeps its number from others."""
    with suppress(ChildProcessError, PermissionError):  # a child that runs another user's program ends on its own
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        os.kill(pid, signal.SIGKILL)


def reap(pidfd: int) -> Exit | None:
    """How the child ended, or None while it lives."""
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    return None if result is None else _exit(result)


def _exit(result: os.waitid_result) -> Exit:
    if result.si_code == os.CLD_EXITED:
        return Exit(None, result.si_status)
    return Exit(result.si_status, None)


def reap_strangers(known: frozenset[int]) -> None:
    """Reap ended children that are none of the known ones: what hosts started and left behind."""
    for pid in _children():
        if pid not in known:
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)


def kill_copies_of(command: list[str], known: frozenset[int]) -> None:
    """Kill unknown children that run this very command line: forks whose birth nobody could report any more."""
    for pid in _children():
        if pid not in known and _command_line(pid) == command:
            kill_child(pid)


def _children() -> list[int]:
    own = os.getpid()
    try:
        with open(f"/proc/{own}/task/{own}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:  # a kernel built without it
        return [pid for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _parent(pid) == own]


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _command_line(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def end_all_children(seconds: float) -> None:
    """Kill and reap every child, and those that fall to us meanwhile. Gives up on what cannot die in that time."""
    import time  # noqa: PLC0415 - needed once, at the end

    limit = time.monotonic() + seconds
    while (children := _children()) and time.monotonic() < limit:
        for pid in children:
            kill_child(pid)
        _await_one(children[:_AWAITED_AT_ONCE], limit - time.monotonic())


def _await_one(children: list[int], seconds: float) -> None:
    import select  # noqa: PLC0415 - as above

    poll = select.poll()
    pidfds = [os.pidfd_open(pid) for pid in children]
    for pidfd in pidfds:
        poll.register(pidfd, select.POLLIN)
    poll.poll(max(0, int(seconds * 1000)))
    for pidfd in pidfds:
        reap(pidfd)
        os.close(pidfd)


def close_descriptors_except(kept: frozenset[int]) -> None:
    """Close what the starting program let its children inherit."""
    for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
        if fd not in kept:
            with suppress(OSError):  # the descriptor of the listing itself
                os.close(fd)
