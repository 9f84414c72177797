"""Starts callgate's own processes: isolated interpreters that know where callgate lives and nothing else of the user's.

Standard library only and import-light: the warden's start-up time is part of the first call of every program.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["command", "given_roots", "source_roots", "spawn"]

_NEEDED = (
    "callgate",
    "callgate_protocol",
    "callgate_transport",
    "callgate_native_host",
    "callgate_broker",
    "zmq",
    "msgpack",
    "_cffi_backend",
)
"""Packages whose folders an isolated interpreter must be told, because it does not read the site directories."""

_BOOTSTRAP = "import sys; sys.path += sys.argv[1].split(':'); from {module} import main; sys.exit(main(sys.argv[2:-1]))"

_FIRST_FREE_FD = 3
_RESET_SIGNALS = frozenset(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}
"""A client that ignores SIGCHLD would make its warden unable to wait for hosts: dispositions survive exec."""


def source_roots() -> list[str]:
    """The directories that callgate's processes need on `sys.path`, found without importing anything."""
    from importlib.util import find_spec  # noqa: PLC0415 - costs the warden milliseconds, and it is told its roots

    roots = [_root_of(spec.origin, spec.submodule_search_locations) for spec in map(find_spec, _NEEDED) if spec]
    return list(dict.fromkeys(root for root in roots if root))


def _root_of(origin: str | None, locations: Iterable[str] | None) -> str:
    folder = next(iter(locations or ()), None) or origin or ""
    return os.path.dirname(os.path.abspath(folder)) if folder else ""


def given_roots() -> list[str]:
    """The roots that this process was itself started with by `command`."""
    return sys.argv[1].split(":")


def command(module: str, roots: Sequence[str], *arguments: str) -> list[str]:
    """The argument list that calls `main(arguments)` of `module` in an isolated interpreter.

    The last word names the process for whoever reads `ps`; `main` does not see it.
    """
    if not sys.executable:
        raise RuntimeError("callgate cannot tell which Python to start: sys.executable is empty in this program")
    title = "callgate-" + module.rpartition(".")[2]
    bootstrap = _BOOTSTRAP.format(module=module)
    return [sys.executable, "-I", "-S", "-c", bootstrap, ":".join(roots), *arguments, title]


def spawn(
    argv: Sequence[str],
    pass_fds: Mapping[int, int] | None = None,
    new_session: bool = True,
    stderr: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Start `argv` and return its process id. `pass_fds` maps the child's descriptor numbers to ours.

    `environment` is added to that of this process.

    Standard input and output are /dev/null, and so is standard error unless a descriptor is given.
    """
    wanted = dict(pass_fds or {})
    if stderr is not None:
        wanted[2] = stderr
    floor = max([_FIRST_FREE_FD, *(number + 1 for number in wanted)])
    lifted: dict[int, int] = {}
    try:
        for child, ours in wanted.items():  # out of the way first: a child's number may be another source of ours
            lifted[child] = fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, floor)
        return os.posix_spawn(
            argv[0],
            list(argv),
            os.environ if environment is None else {**os.environ, **environment},
            file_actions=_file_actions(lifted),
            setsid=new_session,
            setsigmask=(),
            setsigdef=_RESET_SIGNALS,
        )
    finally:
        for fd in lifted.values():
            os.close(fd)


def _file_actions(sources: Mapping[int, int]) -> list[tuple[int, int, str, int, int] | tuple[int, int, int]]:
    silent = [number for number in range(_FIRST_FREE_FD) if number not in sources]
    return [
        *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in silent),
        *((os.POSIX_SPAWN_DUP2, ours, child) for child, ours in sources.items()),
    ]
