"""Two machines as network namespaces, joined by packets that the test carries, delays, loses or stops.

Each machine is a process that holds a namespace with a TUN device in it; a thread moves packets from one device to the
other. Everything goes with the processes, so nothing can be left behind.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import threading
from types import TracebackType
from typing import Self

__all__ = ["Laboratory", "unavailable"]

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET = 1 << 16
_PR_SET_PDEATHSIG = 1


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

    def __init__(self, address: str, other: str) -> None:
        self.address = address
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.holder = os.fork()
        if self.holder == 0:
            try:
                _hold(its, address, other)
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


def _hold(told: socket.socket, address: str, other: str) -> None:
    """In the child: make namespace and device, hand the device over, and be there."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"wire", _IFF_TUN | _IFF_NO_PI))
    for words in (
        ["link", "set", "lo", "up"],
        ["addr", "add", address, "peer", other, "dev", "wire"],
        ["link", "set", "wire", "up"],
    ):
        subprocess.run(["ip", *words], check=True)
    socket.send_fds(told, [b"ready"], [device])
    while True:
        signal.pause()


class Laboratory:
    """Two machines and the wire between them."""

    def __init__(self) -> None:
        self.near = Machine("10.77.0.1", "10.77.0.2")
        self.far = Machine("10.77.0.2", "10.77.0.1")
        self.loss = 0.0
        """Which part of the packets is lost."""
        self._blocked: set[int] = set()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._carry, name="wire", daemon=True)
        self._dice = random.Random(7)  # the same losses in every run

    def cut(self, *, one_way: bool = False) -> None:
        """Carry nothing any more; one way: nothing to the near machine."""
        self._blocked = {self.far.device} if one_way else {self.near.device, self.far.device}

    def heal(self) -> None:
        """Carry everything again."""
        self._blocked = set()

    def _carry(self) -> None:
        other = {self.near.device: self.far.device, self.far.device: self.near.device}
        poll = select.poll()
        for descriptor in (*other, self._stop):
            poll.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._stop:
                    return
                packet = os.read(descriptor, _PACKET)
                if descriptor not in self._blocked and self._dice.random() >= self.loss:
                    os.write(other[descriptor], packet)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.eventfd_write(self._stop, 1)
        self._thread.join(10)
        os.close(self._stop)
        self.near.close()
        self.far.close()
