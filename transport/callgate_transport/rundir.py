"""Where brokers keep their sockets: one private directory per user, and in it one locked directory per broker.

Standard library only; strings instead of `pathlib` because importing it costs the warden milliseconds.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from callgate_protocol.value import Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DEFAULT_NAME",
    "BrokerRunning",
    "RunDirectory",
    "UnsafeDirectory",
    "base_directory",
    "broker_socket",
    "create_broker_directory",
    "create_listener_directory",
    "default_broker",
    "list_brokers",
    "remove_tree",
    "sweep",
]

DEFAULT_NAME = "default"
"""Name of the shared service that clients look for when none is given."""

_OVERRIDE = "CALLGATE_RUNTIME_DIR"
_LONGEST_SOCKET_PATH = 107
_LONGEST_BELOW_BASE = len("/") + 12 + len("/") + 8 + len("/control")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,11}")
_LISTENER = "."
"""How the names of directories start that belong to no broker."""
_BASE_LOCK = ".lock"
_BROKER_LOCK = "lock"


class UnsafeDirectory(OSError):
    """A runtime directory that somebody else owns or could write to, or whose path is too long for sockets."""


class BrokerRunning(OSError):
    """Another broker holds this name."""


class RunDirectory(Value):
    """A broker's own directory. It is alive as long as `lock`, a descriptor, stays open."""

    path: str
    lock: int

    def remove(self) -> None:
        """Remove the directory with everything in it, then let go of the lock."""
        with _locked(os.path.dirname(self.path)):
            remove_tree(self.path)
        os.close(self.lock)


def base_directory() -> str:
    """The directory that holds this user's brokers, made if it is missing and checked if it is there."""
    base = os.environ.get(_OVERRIDE) or _below_xdg() or f"/tmp/callgate-{os.geteuid()}"  # noqa: S108 - checked below
    if not os.path.isabs(base):
        raise UnsafeDirectory(f"{_OVERRIDE}={base!r} must be an absolute path")
    if not _fits(base):
        longest = _LONGEST_SOCKET_PATH - _LONGEST_BELOW_BASE
        raise UnsafeDirectory(f"{base} is too long for socket paths: at most {longest} bytes, see {_OVERRIDE}")
    with suppress(FileExistsError):
        os.mkdir(base, 0o700)
    _check_private(base)
    return base


def broker_socket(directory: str | Path) -> str:
    """Where the broker of this directory answers other programs."""
    return f"{directory}/broker"


def default_broker() -> str:
    """Where this user's shared broker answers, if one runs."""
    return broker_socket(f"{base_directory()}/{DEFAULT_NAME}")


def _below_xdg() -> str | None:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = os.path.join(runtime, "callgate")
    if not os.path.isabs(runtime) or not _fits(base):
        return None
    try:
        found = os.stat(runtime)
    except OSError:
        return None  # a stale variable of an ended login session: the fallback is as good
    return base if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() else None


def _fits(base: str) -> bool:
    return len(os.fsencode(base)) + _LONGEST_BELOW_BASE <= _LONGEST_SOCKET_PATH


def _check_private(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeDirectory(f"{path} is not a directory; remove it or set {_OVERRIDE}")
    if found.st_uid != os.geteuid():
        raise UnsafeDirectory(f"{path} belongs to uid {found.st_uid}, not to {os.geteuid()}; set {_OVERRIDE}")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise UnsafeDirectory(f"{path} is open to other users (mode {mode:04o}); make it 0700 or set {_OVERRIDE}")


def create_broker_directory(name: str | None = None, base: str | None = None) -> RunDirectory:
    """A fresh, locked directory: of that name, or of a name nobody else has. Leftovers of dead brokers go first."""
    if name is not None and not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a broker name: 1 to 12 letters, digits, '_' or '-'")
    return _create(name or os.urandom(4).hex(), base)


def create_listener_directory(base: str | None = None) -> RunDirectory:
    """The same for a process that is no broker and lets others connect: nobody finds it by listing."""
    return _create(_LISTENER + os.urandom(4).hex(), base)


def _create(name: str, base: str | None) -> RunDirectory:
    base = base or base_directory()
    with _locked(base):
        _sweep(base)
        path = os.path.join(base, name)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            raise BrokerRunning(f"a broker is already running in {path} (pid {_holder(path)})") from None
        lock = os.open(os.path.join(path, _BROKER_LOCK), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(lock, str(os.getpid()).encode())
    return RunDirectory(path, lock)


def list_brokers(base: str | None = None) -> list[Path]:
    """The directories of this user's living brokers."""
    from pathlib import Path  # noqa: PLC0415 - only clients list, and they have imported it long ago

    base = base or base_directory()
    with _locked(base):
        paths = [path for path in _directories(base) if not os.path.basename(path).startswith(_LISTENER)]
        return [Path(path) for path in paths if not _is_leftover(path)]


def sweep(base: str | None = None) -> list[str]:
    """Remove what brokers that were killed have left behind; returns the removed paths."""
    base = base or base_directory()
    with _locked(base):
        return _sweep(base)


@contextmanager
def _locked(base: str) -> Iterator[None]:
    """Creating, looking and removing exclude each other, so that a directory just being made is never a leftover."""
    lock = os.open(os.path.join(base, _BASE_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _sweep(base: str) -> list[str]:
    leftovers = [path for path in _directories(base) if _is_leftover(path)]
    for path in leftovers:
        remove_tree(path)
    return leftovers


def _directories(base: str) -> list[str]:
    with os.scandir(base) as entries:
        return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))


def _is_leftover(path: str) -> bool:
    """Whether nobody holds the lock. The kernel lets go of it however its holder died."""
    try:
        lock = os.open(os.path.join(path, _BROKER_LOCK), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _holder(path: str) -> str:
    try:
        with open(os.path.join(path, _BROKER_LOCK), encoding="ascii") as lock:
            return lock.read() or "unknown"
    except OSError:
        return "unknown"


def remove_tree(path: str) -> None:
    """Remove a directory with everything in it; what vanishes meanwhile is as good as removed."""
    try:
        with os.scandir(path) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(entry.path)
        os.rmdir(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
