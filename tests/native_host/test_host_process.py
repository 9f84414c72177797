"""A real host: how it is born, calls through its sockets, and how it ends."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import struct
import threading
from pathlib import Path

import pytest

from callgate_protocol.errors import Fault
from callgate_protocol.limits import Limits
from callgate_protocol.messages import MAGIC, Goodbye, Hello, Refuse
from callgate_protocol.model import TypeLibrary
from callgate_protocol.slots import Phase, read_answered, read_slots
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import encode_library, library_hash
from callgate_protocol.version import MAJOR, MINOR
from callgate_transport.link import Link, LinkClosed
from tests.conftest import wait_until

from .declared import function, library
from .gallery import GALLERY
from .rig import SECONDS, ClientSession, Library, RunningHost, StandInWarden, descriptors_of

LIBM = library(function("cos: double", "x: double"), function("pow: double", "x: double", "y: double"))


def test_a_library_is_loaded_and_called(client: ClientSession) -> None:
    """LOAD and a call of libm's functions, over the sockets."""
    libm = client.load("libm.so.6", LIBM)

    assert [libm("cos", 0.0), libm("pow", 2.0, 10)] == [1.0, 1024.0]


def test_errno_is_the_calls_own(gallery: Library) -> None:
    """R11.1: errno is cleared before each call and read after it."""
    seen = [gallery.full("fail_with", code).errno for code in (2, 0, 5)]

    assert seen == [2, 0, 5]


def test_loading_twice_is_loading_once(client: ClientSession) -> None:
    """Same file and declarations give the same number, and the hash alone is enough the second time."""
    first = client.load("libm.so.6", LIBM)

    content = library_hash(encode_library(LIBM))

    assert [first.number, []] == client.line.system(HostFunction.LOAD, "libm.so.6", content, None)
    assert client.line.system(HostFunction.LOAD, "libm.so.6", bytes(32), None) is None
    assert client.load("libm.so.6", TypeLibrary()).number == first.number + 1


def test_a_library_that_is_not_there_is_a_fault(client: ClientSession) -> None:
    """R2.10: the fault carries the loader's words."""
    with pytest.raises(Fault, match="cannot open shared object file") as caught:
        client.load("libnot-there.so.9", LIBM)

    assert caught.value.name == "DllNotFoundError"


@pytest.mark.parametrize("arguments", [(1, 2, 3), ("m", b"short", None), ("m", bytes(32), b"not a type library"), ()])
def test_bad_loads_are_faults(client: ClientSession, arguments: tuple[object, ...]) -> None:
    """Whatever LOAD is given, the session goes on."""
    with pytest.raises(Fault):
        client.line.system(HostFunction.LOAD, *arguments)

    assert client.load("libm.so.6", LIBM)("cos", 0.0) == 1.0


def test_declarations_that_lie_about_their_hash_are_refused(client: ClientSession) -> None:
    """Content is known by its own hash only."""
    with pytest.raises(Fault, match="hash"):
        client.line.system(HostFunction.LOAD, "libm.so.6", bytes(32), encode_library(LIBM))


def test_what_a_library_prints_comes_out_line_by_line(client: ClientSession, gallery: Library) -> None:
    """Standard output and error are pipes whose read ends came with welcome; printf lines appear at once."""
    gallery("say", b"hello")
    gallery("complain", b"ouch")

    assert [os.read(stream, 100) for stream in client.streams] == [b"hello\n", b"ouch\n"]


def test_the_streams_are_given_once(host: RunningHost, client: ClientSession) -> None:
    """Only the first session gets the read ends."""
    with ClientSession(host) as second:
        assert (len(client.streams), len(second.streams)) == (2, 0)


def phases(client: ClientSession) -> list[int]:
    return [slot.phase for slot in read_slots(client.host.slots)]


def test_call_slots_tell_the_call_and_its_phase(client: ClientSession, gallery: Library, tmp_path: Path) -> None:
    """While native code runs the slot says which call; afterwards it is idle and the call was counted."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert wait_until(lambda: phases(client) == [Phase.IDLE])
    before = read_answered(client.host.slots)
    number = client.line.start(gallery.number, gallery.index["wait_for_file"], [str(fifo).encode()])
    with fifo.open("wb", buffering=0) as gate:
        (slot,) = read_slots(client.host.slots)
        gate.write(b"!")

    answer = client.line.finish(number).message

    assert (slot.phase, slot.call, slot.channel, slot.library) == (Phase.NATIVE, number, 1, gallery.number)
    assert (slot.function, slot.thread) == (gallery.index["wait_for_file"], slot.thread)
    assert slot.thread != client.host.pid
    assert answer.result == ord("!")  # type: ignore[union-attr]
    assert wait_until(lambda: phases(client) == [Phase.IDLE])
    assert read_answered(client.host.slots) == before + 1


def test_the_host_ends_with_its_session(host: RunningHost) -> None:
    """A host belongs to its sessions: the last link that hangs up ends it."""
    ClientSession(host).close()

    assert host.wait() == 0


def test_goodbye_ends_the_session(host: RunningHost) -> None:
    """A polite client need not hang up itself."""
    with ClientSession(host) as session:
        session.say(Goodbye("done"))

        assert host.wait() == 0


def test_the_host_outlives_one_of_two_sessions(host: RunningHost) -> None:
    """A shared host goes on for whoever is left, and ends with the last."""
    with ClientSession(host) as second:
        ClientSession(host).close()

        assert second.load("libm.so.6", LIBM)("cos", 0.0) == 1.0
    assert host.wait() == 0


def test_the_host_ends_although_native_code_runs(client: ClientSession, gallery: Library, tmp_path: Path) -> None:
    """A call that nobody waits for any more does not keep a host alive."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    client.line.start(gallery.number, gallery.index["wait_for_file"], [str(fifo).encode()])
    assert wait_until(lambda: any(slot.phase == Phase.NATIVE for slot in read_slots(client.host.slots)))

    client.link.hang_up()

    assert client.host.wait() == 0


def test_a_crash_ends_only_this_host(client: ClientSession, gallery: Library, warden: StandInWarden) -> None:
    """A segmentation fault takes the host, without a core file, and the template makes the next one."""
    client.line.start(gallery.number, gallery.index["crash"], [])

    assert client.host.wait() == -signal.SIGSEGV
    assert [(slot.phase, slot.function) for slot in read_slots(client.host.slots)] == [
        (Phase.NATIVE, gallery.index["crash"])
    ]
    another = warden.start_host()
    with ClientSession(another) as session:
        assert session.load("libm.so.6", LIBM)("cos", 0.0) == 1.0
    another.end()


def switches(pid: int) -> int:
    """How often the threads of a process went to sleep."""
    statuses = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(status.split("voluntary_ctxt_switches:")[1].split()[0]) for status in statuses)


def test_an_idle_host_does_nothing(client: ClientSession, gallery: Library) -> None:
    """Nothing is periodic: no thread of an idle host wakes up."""
    gallery("touch", 1, 2)
    assert wait_until(lambda: phases(client) == [Phase.IDLE])
    select.select([], [], [], 0.1)
    before = switches(client.host.pid)

    select.select([], [], [], 0.3)  # an absence cannot be awaited

    assert switches(client.host.pid) == before


def test_interrupts_are_ignored(client: ClientSession) -> None:
    """SIGINT from the terminal belongs to the client alone."""
    os.kill(client.host.pid, signal.SIGINT)

    assert client.load("libm.so.6", LIBM)("cos", 0.0) == 1.0


def test_a_host_holds_no_descriptor_of_its_template(client: ClientSession, warden: StandInWarden) -> None:
    """The warden's socket stays with the template, so that its end is seen."""
    inode = os.readlink(f"/proc/{warden.pid}/fd/3")

    assert inode.startswith("socket:")
    assert inode not in set(descriptors_of(client.host.pid))
    assert os.readlink(f"/proc/{client.host.pid}/fd/0") == os.devnull


def test_a_host_is_the_wardens_child(client: ClientSession) -> None:
    """The process between is gone and the host has fallen to the subreaper."""
    status = Path(f"/proc/{client.host.pid}/stat").read_bytes().rpartition(b")")[2].split()

    assert int(status[1]) == os.getpid()


def test_a_host_dies_with_its_warden(warden: StandInWarden) -> None:
    """PR_SET_PDEATHSIG is set: the kernel ends a host whose warden is gone."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        another = StandInWarden()
        host = another.start_host()
        os.write(write_end, f"{host.pid} {another.pid} {another.base}".encode())
        signal.pause()
    pid, template, base = os.read(read_end, 200).decode().split()
    watch = os.pidfd_open(int(pid))

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert wait_until(lambda: _has_ended(watch))
    for descriptor in (read_end, write_end, watch):
        os.close(descriptor)
    for process in (int(pid), int(template)):
        os.waitpid(process, 0)  # both fell to us, the next subreaper
    shutil.rmtree(base)
    assert warden.pid


def _has_ended(pidfd: int) -> bool:
    return os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


BAD_REQUESTS = [
    {"id": 1, "op": "dance"},
    {"id": 2, "op": "fork", "incarnation": "00" * 16, "directory": "/tmp", "label": "no descriptors"},
    {"id": 3, "op": "fork", "incarnation": "zz", "directory": "/tmp", "label": "no hexadecimal"},
]


@pytest.mark.parametrize("request_", BAD_REQUESTS)
def test_the_template_refuses_what_it_does_not_know(warden: StandInWarden, request_: dict[str, object]) -> None:
    """A bad request is answered with an error, and the template goes on."""
    answer = warden.ask(request_, [])

    assert answer["id"] == request_["id"]
    assert answer["error"]
    host = warden.start_host()
    host.end()


def hello(major: int = MAJOR, magic: str = MAGIC, limits: dict[str, object] | None = None) -> Hello:
    return Hello(magic, major, MINOR, [], limits or {}, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message", [hello(major=MAJOR + 1), hello(magic="other"), hello(limits={"depth": -1}), Goodbye("first")]
)
def test_a_wrong_hello_is_refused(host: RunningHost, client: ClientSession, message: Hello) -> None:
    """Another version, another protocol, impossible limits: refused with the reason, and nobody else notices."""
    with Link.connect(f"{host.directory}/link", SECONDS) as link:
        link.send(message)
        refusal, _ = link.receive(SECONDS)

        assert isinstance(refusal, Refuse)
        with pytest.raises(LinkClosed):
            link.receive(SECONDS)
    assert client.load("libm.so.6", LIBM)("cos", 0.0) == 1.0


def test_a_silent_connection_holds_up_nobody(host: RunningHost) -> None:
    """Hello is awaited beside everything else."""
    with Link.connect(f"{host.directory}/link", SECONDS), ClientSession(host) as session:
        assert session.load("libm.so.6", LIBM)("cos", 0.0) == 1.0


def test_garbage_on_the_link_ends_that_link_only(host: RunningHost, client: ClientSession) -> None:
    """A datagram that is no message is refused."""
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    raw.connect(f"{host.directory}/link")
    raw.send(b"\xc1garbage")

    assert b"callgate" not in raw.recv(1000)
    assert raw.recv(1000) == b""
    raw.close()
    assert client.load("libm.so.6", LIBM)("cos", 0.0) == 1.0


def test_the_smaller_limits_hold(host: RunningHost) -> None:
    """Both sides keep the smaller of each figure."""
    with ClientSession(host, Limits(payloads=3, credit_calls=7)) as session:
        assert (3, 7, Limits().depth) == (session.limits.payloads, session.limits.credit_calls, session.limits.depth)


def test_threads_call_at_the_same_time(client: ClientSession, gallery_file: str, tmp_path: Path) -> None:
    """Each channel has a thread of its own: a call that waits in native code holds up no other channel."""
    gallery = client.load(gallery_file, GALLERY)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    waiting = client.line.start(gallery.number, gallery.index["wait_for_file"], [str(fifo).encode()])
    other = client.open()

    assert other.call(gallery.number, gallery.index["touch"], 1, 2).result == 3
    fifo.write_bytes(b"x")
    assert client.line.finish(waiting).message.result == ord("x")  # type: ignore[union-attr]


def test_many_sessions_at_once(host: RunningHost) -> None:
    """Eight sessions call from eight threads and all get their own answers."""
    results: dict[int, list[float]] = {}

    def work(number: int) -> None:
        with ClientSession(host) as session:
            libm = session.load("libm.so.6", LIBM)
            results[number] = [libm("pow", float(number), float(power)) for power in range(20)]

    with ClientSession(host):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == {number: [float(number**power) for power in range(20)] for number in range(1, 9)}


def test_structs_cross_a_real_host(gallery: Library) -> None:
    """Structs by value and by pointer, and packed arrays, through the sockets."""
    assert gallery("point_make", 3, 4) == [3, 4]
    assert gallery("point_swap", [[3, 4]]) == (None, [[[4, 3]]])
    assert gallery("squares", 3, 3) == (0, [struct.pack("3i", 0, 1, 4)])
