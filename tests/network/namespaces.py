"""Machines as network namespaces, joined by packets that the test carries, delays, loses or stops.

Each machine is a process that holds a namespace with a TUN device in it; a thread moves packets from one device to
another. Everything goes with the processes, so nothing can be left behind.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from types import TracebackType
from typing import Self

__all__ = ["Laboratory", "Machine", "unavailable"]

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET = 1 << 16
_PR_SET_PDEATHSIG = 1
_NETWORK = "10.77.0"
_IPV4 = 4


def unavailable() -> str:
    """Why there can be no laboratory on this machine; empty when there can be one."""
    missing = [tool for tool in ("ip", "nsenter", "unshare") if shutil.which(tool) is None]
    if missing:
        return f"{missing[0]} is not installed"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun cannot be opened"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"namespaces are not permitted: {tried.stderr.strip()}"


class Machine:
    """A namespace with an address, and the device through which it is reached."""

    def __init__(self, address: str) -> None:
        self.address = address
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.holder = os.fork()
        if self.holder == 0:
            try:
                _hold(its, address)
            finally:
                os._exit(1)
        its.close()
        with ours:
            ours.settimeout(10)
            _, ancillary, _, _ = ours.recvmsg(16, socket.CMSG_SPACE(4))
        self.device = int(array.array("i", ancillary[0][2])[0])

    def prefix(self) -> list[str]:
        """What a command starts with to run on this machine."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net"]

    def close(self) -> None:
        """Remove it."""
        os.close(self.device)
        os.kill(self.holder, signal.SIGKILL)
        os.waitpid(self.holder, 0)


def _hold(told: socket.socket, address: str) -> None:
    """In the child: make namespace and device, hand the device over, and be there."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"wire", _IFF_TUN | _IFF_NO_PI))
    for words in (
        ["link", "set", "lo", "up"],
        ["addr", "add", f"{address}/24", "dev", "wire"],
        ["link", "set", "wire", "up"],
    ):
        subprocess.run(["ip", *words], check=True)
    socket.send_fds(told, [b"ready"], [device])
    while True:
        signal.pause()


class Laboratory:
    """Some machines, and what joins them."""

    def __init__(self, machines: int = 2) -> None:
        self.machines = [Machine(f"{_NETWORK}.{number}") for number in range(1, machines + 1)]
        self.near, self.far, *_ = self.machines
        self.loss = 0.0
        """Which part of the packets is lost."""
        self.delay = 0.0
        """How many seconds each packet takes, in either direction."""
        self._deaf: set[int] = set()
        self._dumb: set[int] = set()
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()
        self._devices = {socket.inet_aton(machine.address): machine.device for machine in self.machines}
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._carry, name="wire", daemon=True)
        self._dice = random.Random(7)  # the same losses in every run

    def cut(self, machine: Machine | None = None, *, one_way: bool = False) -> None:
        """Carry nothing to or from a machine (the far one); one way: nothing from it. What is under way is lost."""
        device = (machine or self.far).device
        self._dumb = {device}
        self._deaf = set() if one_way else {device}

    def heal(self) -> None:
        """Carry everything again."""
        self._deaf, self._dumb = set(), set()

    def _carry(self) -> None:
        poll = select.poll()
        for descriptor in (*self._devices.values(), self._stop):
            poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll(self._patience()):
                if descriptor == self._stop:
                    return
                self._take(descriptor, os.read(descriptor, _PACKET))
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, source, packet = heapq.heappop(self._waiting)
                target = self._devices[packet[16:20]]
                if source not in self._dumb and target not in self._deaf:
                    os.write(target, packet)

    def _patience(self) -> float | None:
        """Milliseconds until the next packet arrives."""
        if not self._waiting:
            return None
        return max(0.0, self._waiting[0][0] - time.monotonic()) * 1000

    def _take(self, source: int, packet: bytes) -> None:
        """Send it on its way, unless it is lost; what is for nobody here (IPv6 looking for routers) is."""
        if packet[0] >> 4 == _IPV4 and packet[16:20] in self._devices and self._dice.random() >= self.loss:
            heapq.heappush(self._waiting, (time.monotonic() + self.delay, next(self._order), source, packet))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.eventfd_write(self._stop, 1)
        self._thread.join(10)
        os.close(self._stop)
        for machine in self.machines:
            machine.close()
