"""A template that speaks the real protocol but whose hosts do what their label says, without any library.

`exit:3`, `kill:11`, `pause`, `sleep`, `spin`, `lock`; `answered=5` before a comma sets that counter first;
`call` before a comma writes a call slot (channel 7, call 9, function 2) first. A host names itself "begun" when it
comes to its deed. `refuse`, `babble`, `die`, `orphan,die` and `mute` are for the template itself.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callgate_protocol import slots
from callgate_transport import datagrams

CHANNEL, CALL, LIBRARY, FUNCTION = 7, 9, 1, 2
_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> int:
    connection = socket.socket(fileno=int(argv[0]))
    while (datagram := datagrams.receive(connection)) is not None:
        answer = _deal_with(datagram, connection)
        for fd in datagram.fds:
            os.close(fd)
        if answer is not None:
            datagrams.send(connection, {"id": datagram.message["id"], **answer})
    return 0


def _deal_with(datagram: datagrams.Datagram, connection: socket.socket) -> dict[str, Any] | None:
    label = datagram.message["label"]
    if label == "refuse":
        return {"error": "not this one"}
    if label == "babble":
        return {"error": "x" * 50_000 + "the end"}
    if label == "orphan,die":
        _fork_host("pause", datagram.fds, connection)
    if label.endswith("die"):
        os.write(2, b"cannot import the moon")
        os._exit(9)
    if label == "mute":
        return None
    return {"pid": _fork_host(label, datagram.fds, connection)}


def _fork_host(label: str, fds: list[int], connection: socket.socket) -> int:
    read_end, write_end = os.pipe()
    warden = os.getppid()
    between = os.fork()
    if between == 0:
        host = os.fork()
        if host == 0:
            connection.close()
            _become_host(label, fds[0], warden)
        os.write(write_end, str(host).encode())
        os._exit(0)
    os.waitpid(between, 0)
    os.close(write_end)
    pid = int(os.read(read_end, 32))
    os.close(read_end)
    return pid


def _become_host(label: str, memory_fd: int, warden: int) -> None:
    while os.getppid() != warden:  # not adopted yet: the death of the process in between would be our signal
        time.sleep(0.001)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    *preparations, deed = label.split(",")
    for preparation in preparations:
        _prepare(preparation, memory_fd)
    verb, _, argument = deed.partition(":")
    Path("/proc/self/comm").write_text("begun")
    _DEEDS[verb](argument)
    os._exit(0)


def _prepare(word: str, memory_fd: int) -> None:
    if word.startswith("answered="):
        os.pwrite(memory_fd, slots.ANSWERED.pack(int(word.partition("=")[2])), 0)
        return
    if word != "call":
        return
    page = bytearray(slots.SLOT_BYTES)
    slot = slots.Slot(slots.Phase.NATIVE, threading.get_native_id(), CALL, CHANNEL, LIBRARY, FUNCTION)
    slots.pack_into_slot(memoryview(page), 0, slot)
    os.pwrite(memory_fd, page, slots.slot_offset(3))


def _pause(_: str) -> None:
    while True:
        signal.pause()


def _spin(_: str) -> None:
    while True:
        pass


def _lock(_: str) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _read(_: str) -> None:
    read_end, _write_end = os.pipe()
    os.read(read_end, 1)


def _poll(_: str) -> None:
    select.poll().poll()


def _stray(_: str) -> None:
    """Leave a grandchild of another session behind, as a library that starts a daemon does."""
    if os.fork() == 0:
        os.setsid()
        _pause("")


_DEEDS: dict[str, Callable[[str], None]] = {
    "exit": lambda status: os._exit(int(status)),
    "kill": lambda number: os.kill(os.getpid(), int(number)),
    "pause": _pause,
    "sleep": lambda _: time.sleep(3600),
    "spin": _spin,
    "lock": _lock,
    "read": _read,
    "poll": _poll,
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "stray": _stray,
}
