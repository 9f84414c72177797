"""The template: a process with everything imported and nothing begun, which forks hosts on the warden's request.

It creates no ZeroMQ context and no thread and loads no library, so that a fork of it is a host whose imports cost
nothing. Each host is forked twice, so that it falls to the warden, which is the subreaper above.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from callgate_transport import datagrams

from .backend import Backend
from .host import Birth, run_host
from .libc import Libc

__all__ = ["main"]

_PR_SET_PDEATHSIG: Final = 1


def main(argv: list[str]) -> int:
    """Serve the warden on the socket whose descriptor number is given, until the warden closes it."""
    connection = socket.socket(fileno=int(argv[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    backend = Backend()
    libc = Libc(backend)
    gc.collect()
    gc.freeze()
    while (datagram := datagrams.receive(connection)) is not None:
        try:
            answer = _serve(datagram, connection, backend, libc)
        finally:
            for descriptor in datagram.fds:
                os.close(descriptor)
        datagrams.send(connection, answer)
        _import_the_rest()
    return 0


def _import_the_rest() -> None:
    """What few libraries need: the first host does not wait for it, and later ones have it from here."""
    from .com import activation, error_objects, functions  # noqa: F401, PLC0415 - as the docstring says
    from .convert import bstr, interfaces, safearray, system, variant, vartypes  # noqa: F401, PLC0415

    gc.freeze()


def _serve(datagram: datagrams.Datagram, connection: socket.socket, backend: Backend, libc: Libc) -> dict[str, Any]:
    request = datagram.message
    number = request.get("id")
    try:
        birth = _read_birth(request, datagram.fds)
        _check_single_threaded()
        return {"id": number, "pid": _fork_host(birth, connection, backend, libc)}
    except (ValueError, RuntimeError, OSError) as error:
        return {"id": number, "error": str(error)}


def _read_birth(request: Mapping[str, Any], descriptors: list[int]) -> Birth:
    operation, directory = request.get("op"), request.get("directory")
    incarnation = bytes.fromhex(str(request.get("incarnation")))
    if operation != "fork" or not isinstance(directory, str):
        raise ValueError(f"a template forks hosts; it does not know {operation!r}")
    remote = request.get("remote")
    if len(incarnation) != 16 or len(descriptors) != (2 if remote is None else 5):
        raise ValueError("a host is born with an incarnation of 16 bytes, call slots and a link")
    slots, link, *others = descriptors
    if remote is None:
        return Birth(incarnation, directory, slots, link)
    if not isinstance(remote, dict):
        raise ValueError("a host for other machines needs terms")  # noqa: TRY004 - all that is wrong with a request
    line, *streams = others
    return Birth(incarnation, directory, slots, link, remote, line, tuple(streams))


def _check_single_threaded() -> None:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the template has {threads} threads, so it cannot be forked safely")


def _fork_host(birth: Birth, connection: socket.socket, backend: Backend, libc: Libc) -> int:
    """Fork twice; returns the host's process id, told by the process between."""
    warden = os.getppid()
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    between = os.fork()
    if between == 0:
        os.close(read_end)
        _be_between(birth, connection, backend, libc, warden, write_end)
    os.close(write_end)
    try:
        os.waitpid(between, 0)
        told = os.read(read_end, 32)
    finally:
        os.close(read_end)
    if not told:
        raise RuntimeError("the process between template and host ended too early")
    return int(told)


def _be_between(
    birth: Birth, connection: socket.socket, backend: Backend, libc: Libc, warden: int, write_end: int
) -> NoReturn:
    """Only ever ends the process: nothing may return into the template's loop."""
    try:
        watch = os.pidfd_open(os.getpid())
        host = os.fork()
        if host:
            os.write(write_end, str(host).encode())
            os._exit(0)
        os.close(write_end)
        connection.close()
        _await_adoption(watch, libc, warden)
        run_host(backend, libc, birth)
    except BaseException:  # the border: there is nobody above to tell but whoever reads standard error
        import traceback  # noqa: PLC0415 - seldom needed, slow to import

        traceback.print_exc()
    finally:
        os._exit(1)


def _await_adoption(watch: int, libc: Libc, warden: int) -> None:
    """Wait until the process between is gone, and end with the warden from then on, even if it is gone already."""
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    poll.poll()
    os.close(watch)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != warden:
        os._exit(1)
