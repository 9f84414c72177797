"""Many threads, forks, interrupts: one library object serves them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import callgate
from callgate import Lib
from callgate_transport.callchannel import CallChannel


def test_threads_do_not_wait_for_each_other() -> None:
    """8 threads that each sleep 200 ms in one library are done within 500 ms."""
    with callgate.load("libc.so.6", "int usleep(unsigned int microseconds);") as libc, ThreadPoolExecutor(8) as pool:
        list(pool.map(libc.usleep, [1000] * 32))
        started = time.monotonic()

        assert list(pool.map(libc.usleep, [200_000] * 8)) == [0] * 8

        assert time.monotonic() - started < 0.5


def test_threads_get_their_own_results(libm: Lib) -> None:
    """Results are never mixed up between threads."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: libm.pow(number, 2), range(2000)))

    assert results == [number**2 for number in range(2000)]


def test_crash_reaches_every_waiting_thread(faults: Lib) -> None:
    """When the host dies, each of 8 waiting threads gets HostLost at once."""
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(faults.sleep_ms, 60_000) for _ in range(8)]
        host = callgate.info(faults).process
        os.kill(host, signal.SIGKILL)

        for future in waiting:
            assert isinstance(future.exception(10), callgate.HostLost)
    assert faults.add(1, 2) == 3


def test_interrupt(faults: Lib) -> None:
    """Ctrl-C during a call raises KeyboardInterrupt, and the library can be called again at once."""
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        faults.sleep_ms(60_000)

    timer.join()
    assert faults.add(1, 2) == 3


def test_close_wakes_waiting_threads(faults: Lib) -> None:
    """Closing a library ends the calls that other threads are waiting for."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(faults.sleep_ms, 60_000)
        faults.add(1, 2)
        callgate.close(faults)

        assert isinstance(waiting.exception(10), callgate.ObjectGone)


CHILD = """
import os, callgate
lib = callgate.load("libm.so.6", "double cos(double);")
assert lib.cos(0.0) == 1.0
buffer = callgate.buffer(lib, 4)
child = os.fork()
if child == 0:
    for use in (lambda: lib.cos(0.0), lambda: bytes(buffer)):
        try:
            use()
        except callgate.ObjectGone:
            continue
        os._exit(1)
    again = callgate.load("libm.so.6", "double cos(double);")
    os._exit(0 if again.cos(0.0) == 1.0 else 2)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert lib.cos(0.0) == 1.0
assert bytes(buffer) == bytes(4)
"""


def test_forked_child_starts_clean() -> None:
    """In a forked child objects of before raise ObjectGone and new ones work; the parent goes on."""
    subprocess.run([sys.executable, "-c", CHILD], check=True, timeout=60)


def test_eight_processes_at_once() -> None:
    """8 programs calling at the same time each get their own, correct results."""
    program = (
        "import callgate, math\n"
        "lib = callgate.load('libm.so.6', 'double cos(double);')\n"
        "assert all(lib.cos(n / 7) == math.cos(n / 7) for n in range(500))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(8)]

    assert [process.wait(60) for process in running] == [0] * 8


def test_broker_is_not_on_the_path(libm: Lib, runtime_directory: str) -> None:
    """Calls go on while every process of the broker is stopped."""
    from callgate.process import current

    warden = current().embedded_broker().process
    os.kill(warden, signal.SIGSTOP)
    try:
        assert [libm.cos(0.0) for _ in range(100)] == [1.0] * 100
    finally:
        os.kill(warden, signal.SIGCONT)


def test_broken_channel_ends_the_call(faults: Lib, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the host does not understand a channel, the call on it ends as ProtocolError and the next one works."""
    faults.add(1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(CallChannel, "send", lambda channel, _frames: channel.socket.send(b"not a message"))

        with pytest.raises(callgate.ProtocolError, match="closed channel 1"):
            faults.add(1, 2)

    assert faults.add(1, 2) == 3
