from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from callgate_transport import launch

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for fd in (read_end, write_end):
        os.close(fd)


def output_of(code: str, pipe: Pipe, number: int = 3, **options: object) -> str:
    """What a child writes to descriptor `number`."""
    read_end, write_end = pipe
    pid = launch.spawn([sys.executable, "-I", "-S", "-c", code], {number: write_end}, **options)  # type: ignore[arg-type]
    assert os.waitpid(pid, 0)[1] == 0
    return os.read(read_end, 65536).decode()


def test_roots_contain_what_isolated_processes_import() -> None:
    """An isolated interpreter with these roots imports every part and every dependency, without site directories."""
    names = "callgate_broker, callgate_transport, zmq, msgpack, _cffi_backend"
    code = f"import sys; sys.path += sys.argv[1].split(':'); import {names}"
    pid = launch.spawn([sys.executable, "-I", "-S", "-c", code, ":".join(launch.source_roots())])
    assert os.waitpid(pid, 0)[1] == 0


def test_roots_are_unique() -> None:
    """No directory is named twice."""
    roots = launch.source_roots()
    assert len(roots) == len(set(roots))


def test_command_is_isolated_and_recognisable() -> None:
    """The interpreter ignores environment and site, and the last word of the command names the process."""
    argv = launch.command("callgate_broker.warden", ["/a", "/b"], "3", "4711")
    assert argv[:3] == [sys.executable, "-I", "-S"]
    assert argv[-4:] == ["/a:/b", "3", "4711", "callgate-warden"]


def test_command_needs_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that embeds Python without telling its executable gets a clear error."""
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(RuntimeError, match=r"sys\.executable is empty"):
        launch.command("callgate_broker.warden", [])


def test_streams_are_silent(pipe: Pipe) -> None:
    """The child's standard streams are /dev/null, none of them ours."""
    assert output_of(
        "import os; os.write(3, ','.join(os.readlink(f'/proc/self/fd/{n}') for n in range(3)).encode())", pipe
    ) == ("/dev/null,/dev/null,/dev/null")


def test_stderr_can_be_captured(pipe: Pipe) -> None:
    """A descriptor given as stderr receives what the child writes there."""
    assert output_of("import sys; sys.stderr.write('oh')", pipe, stderr=pipe[1]) == "oh"


def test_descriptors_may_be_swapped(pipe: Pipe) -> None:
    """A child's number may be the source of another one: nothing is overwritten on the way."""
    read_end, write_end = pipe
    pid = launch.spawn(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import os; os.write({read_end}, os.readlink('/proc/self/fd/{write_end}').encode())",
        ],
        {read_end: write_end, write_end: read_end},
    )
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(read_end, 100).decode() == os.readlink(f"/proc/self/fd/{read_end}")


def test_nothing_leaks_here(pipe: Pipe) -> None:
    """Spawning leaves no descriptor behind in the parent, even if it fails."""
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        launch.spawn(["/nonexistent"], {9: pipe[0]})
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize(("new_session", "same"), [(True, "False"), (False, "True")])
def test_session(pipe: Pipe, new_session: bool, same: str) -> None:
    """By default the child leads a session of its own, out of reach of the terminal's Ctrl-C."""
    code = f"import os; os.write(3, str(os.getsid(0) == {os.getsid(0)}).encode())"
    assert output_of(code, pipe, new_session=new_session) == same


def test_ignored_and_blocked_signals_are_not_inherited(pipe: Pipe) -> None:
    """A child of a program that ignores SIGCHLD and blocks SIGTERM has neither."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        code = "import os; os.write(3, open('/proc/self/status', 'rb').read())"
        launch.spawn([sys.executable, "-I", "-S", "-c", code], {3: pipe[1]})  # reaped by the kernel
        lines = os.read(pipe[0], 65536).decode().splitlines()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        signal.signal(signal.SIGCHLD, before)
    masks = {line[:6]: int(line.split()[1], 16) for line in lines if line.startswith("Sig") and "/" not in line}
    assert masks["SigBlk"] == 0
    assert not masks["SigIgn"] & 1 << (signal.SIGCHLD - 1)
