"""Says in a few words what a thread of another process is doing, from what /proc tells without stopping it."""

from __future__ import annotations

import os

__all__ = ["describe_thread", "resident_bytes"]

_STATES = {
    "R": "spinning",
    "T": "stopped",
    "t": "stopped",
    "D": "in an uninterruptible system call",
    "Z": "ended",
    "X": "ended",
}

_NAMES_X86_64 = {
    0: "read", 1: "write", 2: "open", 7: "poll", 16: "ioctl", 17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev",
    23: "select", 34: "pause", 35: "nanosleep", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom",
    46: "sendmsg", 47: "recvmsg", 61: "wait4", 65: "semop", 69: "msgsnd", 70: "msgrcv", 72: "fcntl", 73: "flock",
    74: "fsync", 128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex", 220: "semtimedop",
    230: "clock_nanosleep", 232: "epoll_wait", 242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid",
    257: "openat", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4", 299: "recvmmsg",
}  # fmt: skip
_NAMES_AARCH64 = {
    22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 56: "openat", 63: "read", 64: "write", 65: "readv",
    66: "writev", 67: "pread64", 68: "pwrite64", 72: "pselect6", 73: "ppoll", 82: "fsync", 95: "waitid", 98: "futex",
    101: "nanosleep", 115: "clock_nanosleep", 133: "rt_sigsuspend", 137: "rt_sigtimedwait", 182: "mq_timedsend",
    183: "mq_timedreceive", 188: "msgrcv", 189: "msgsnd", 192: "semtimedop", 193: "semop", 202: "accept",
    203: "connect", 206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg", 242: "accept4", 243: "recvmmsg",
    260: "wait4",
}  # fmt: skip
_NAMES_EVERYWHERE = {426: "io_uring_enter", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait"}
_SYSCALLS = {
    machine: names | _NAMES_EVERYWHERE
    for machine, names in {"x86_64": _NAMES_X86_64, "aarch64": _NAMES_AARCH64}.items()
}

_MEANINGS = {
    "futex": "waiting for a lock",
    "futex_wait": "waiting for a lock",
    "futex_waitv": "waiting for a lock",
    "nanosleep": "sleeping",
    "clock_nanosleep": "sleeping",
}
_WAIT_CHANNELS = (("futex", "waiting for a lock"), ("nanosleep", "sleeping"))


def describe_thread(pid: int, thread: int) -> str:
    """What the thread is doing at this moment: spinning, waiting for a lock, sleeping, in which system call."""
    folder = f"/proc/{pid}/task/{thread}"
    try:
        state = _read(f"{folder}/stat").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "ended"
    return _STATES.get(state) or _describe_waiting(folder)


def _describe_waiting(folder: str) -> str:
    try:
        number = _read(f"{folder}/syscall").split()[0]
    except (OSError, IndexError):  # not every kernel and not every policy shows it
        return _describe_wait_channel(folder)
    if number == "running":
        return "spinning"
    name = _SYSCALLS.get(os.uname().machine, {}).get(int(number), f"number {number}")
    return _MEANINGS.get(name) or f"in system call {name} (waiting)"


def _describe_wait_channel(folder: str) -> str:
    try:
        channel = _read(f"{folder}/wchan")
    except OSError:
        return "waiting"
    known = (meaning for word, meaning in _WAIT_CHANNELS if word in channel)
    return next(known, "waiting" if channel in {"", "0"} else f"waiting in the kernel ({channel})")


def resident_bytes(pid: int) -> int:
    """The memory that the process holds at present; 0 when it has just ended."""
    try:
        return int(_read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
