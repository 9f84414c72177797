"""R18.6: what each channel asks for before it lets anybody in. Of machines: keys on both sides, and rights."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import zmq

import callgate
from callgate import Connection
from callgate.lib import binding_of
from callgate_broker.gateway import _noted
from callgate_protocol.system import HostFunction
from callgate_transport.keys import read_private
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig, again
from tests.network.relay import Network


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker that lets the client `laptop` load `libm.so.6` and nothing else."""
    rig = Rig()
    rig.admit("laptop", ["libm.so.6"])
    with rig:
        yield rig


@pytest.fixture
def connection(rig: Rig) -> Iterator[Connection]:
    """A connection of that client."""
    with rig.connect(rig.admit("laptop", ["libm.so.6"])) as connection:
        yield connection


def test_r18_06_a_key_that_is_not_listed_is_refused(rig: Rig) -> None:
    """The message says whose key it is, and what to do."""
    stranger = rig.make_key("stranger") if "stranger" not in rig.keys else str(rig.base / "stranger.key")
    with pytest.raises(callgate.AccessDenied, match="allow-list") as caught:
        rig.connect(stranger)
    assert rig.keys["stranger"].public.hex() in str(caught.value)


def test_r18_06_another_brokers_key_is_refused(rig: Rig) -> None:
    """Whoever answers must have the key that was expected."""
    other = rig.keys["laptop"].public.hex()
    with pytest.raises(callgate.AccessDenied, match="did not prove to have the key"):
        callgate.connect(rig.address, key=rig.admit("laptop"), server_key=other, retry=2)


def test_r18_06_a_broker_whose_key_is_not_known_is_refused(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken on trust at first use; once the key is known it need not be given."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(rig.base))
    key = rig.admit("laptop", ["libm.so.6"])
    with pytest.raises(callgate.AccessDenied, match=r"callgate keys trust tcp://127\.0\.0\.1"):
        callgate.connect(rig.address, key=key)
    from callgate.cli.app import run

    assert run(["keys", "trust", rig.address, rig.public]) == 0
    with callgate.connect(rig.address, key=key) as broker:
        assert broker.report()["broker"]["mode"] == "service"


def test_r18_06_plain_text_is_refused(rig: Rig) -> None:
    """A socket without CURVE is not listened to, at the broker or at a host, and neither minds."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.set(zmq.LINGER, 0)
        monitor = socket.get_monitor_socket(zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.DISCONNECTED)
        socket.connect(rig.address)
        from zmq.utils.monitor import recv_monitor_message

        assert monitor.poll(5000)
        assert recv_monitor_message(monitor)["event"] == zmq.Event.DISCONNECTED
        socket.disable_monitor()
        monitor.close(0)
    with rig.connect(rig.admit("laptop", ["libm.so.6"])) as broker:
        assert broker.report()["hosts"] == []


def test_r18_06_a_missing_key_is_refused(rig: Rig) -> None:
    """It says how to make one."""
    with pytest.raises(callgate.AccessDenied, match="callgate keys make"):
        callgate.connect(rig.address, key=str(rig.base / "none.key"), server_key=rig.public)


def test_r18_06_other_libraries_are_refused(connection: Connection) -> None:
    """By name, and by the path of the very file that may be loaded by its name."""
    with connection.load("libm.so.6", "double cos(double x);") as libm:
        assert libm.cos(0.0) == 1.0
    for file in ("libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6", "./libm.so.6"):
        with pytest.raises(callgate.AccessDenied, match="'laptop' may not load") as caught:
            connection.load(file, "double cos(double x);")
        assert file in str(caught.value)


def test_r18_06_rights_that_are_withdrawn_end_what_goes_on(rig: Rig, compiled: Callable[[str], str]) -> None:
    """A client that is struck off the list loses its hosts and its connection within a second or two."""
    bench = rig.admit("bench")
    with rig.connect(bench) as broker:
        lib = broker.load(compiled("machines"), DEVICE)
        assert lib.add(1, 2) == 3
        process = callgate.info(lib).process
        rig.remove("bench")
        assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))
        with pytest.raises((callgate.HostLost, callgate.AccessDenied)):
            lib.add(1, 2)
        with pytest.raises(callgate.AccessDenied):
            lib.add(1, 2)
        with pytest.raises(callgate.AccessDenied):
            broker.report()
    with pytest.raises(callgate.AccessDenied, match="allow-list"):
        rig.connect(bench)


@contextmanager
def without_gateway(rig: Rig) -> Iterator[None]:
    """Something happens while no gateway runs: it stands still, is killed, and another one has to find out."""
    gateway = rig.state()["broker"]["gateway"]["pid"]
    os.kill(gateway, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(gateway, signal.SIGKILL)


@pytest.mark.parametrize("relay", [False, True], ids=["direct", "one port"])
def test_r18_06_rights_that_are_withdrawn_while_no_gateway_runs(
    rig: Rig, compiled: Callable[[str], str], relay: bool
) -> None:
    """The next one compares the list with what the hosts were told: who is not on it any more is expelled."""
    with (
        rig.connect(rig.admit("bench"), relay=relay) as broker,
        rig.connect(rig.admit("laptop", ["libm.so.6"])) as other,
    ):
        lib, kept = broker.load(compiled("machines"), DEVICE), other.load("libm.so.6", "double cos(double x);")
        process = callgate.info(lib).process
        with without_gateway(rig):
            rig.remove("bench")
        assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))
        with pytest.raises((callgate.HostLost, callgate.AccessDenied)):
            lib.add(1, 2)
        with pytest.raises(callgate.AccessDenied):
            lib.add(1, 2)
        with pytest.raises(callgate.AccessDenied):
            broker.report()
        assert kept.cos(0.0) == 1.0


def test_r18_06_nobody_has_to_knock(rig: Rig, compiled: Callable[[str], str]) -> None:
    """A client that is struck off loses its host, too, when it says nothing to the broker any more."""
    with Network([rig.port]) as network, rig.connect(rig.admit("laptop")) as mine:
        address = f"tcp://{network.near}:{rig.port}"
        with rig.connect(rig.admit("bench"), address=address, relay=True) as broker:
            process = callgate.info(broker.load(compiled("machines"), DEVICE)).process
            mine.close()
            network.silence()
            with without_gateway(rig):
                rig.remove("bench")
            assert wait_until(lambda: not os.path.exists(f"/proc/{process}"))


@pytest.mark.parametrize("relay", [False, True], ids=["direct", "one port"])
def test_r18_06_rights_that_change_while_no_gateway_runs(rig: Rig, relay: bool) -> None:
    """A host that goes on is told what its client may load now."""
    with rig.connect(rig.admit("bench", ["libm.so.6"]), relay=relay) as broker:
        lib = broker.load("libm.so.6", "double cos(double x);")
        host = binding_of(lib).ready()

        def may_load(file: str) -> bool:
            try:
                host.system(HostFunction.LOAD, file, bytes(32), None)
            except callgate.AccessDenied:
                return False
            return True

        assert (may_load("libm.so.6"), may_load("libc.so.6")) == (True, False)
        with without_gateway(rig):
            rig.admit("bench", ["libc.so.6"])
        assert wait_until(lambda: not again(lambda: may_load("libm.so.6")))
        assert again(lambda: may_load("libc.so.6"))
        assert again(lambda: lib.cos(0.0)) == 1.0


def test_r18_06_what_the_warden_would_not_pass_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs the broker reads that hosts were not told."""
    _noted({"ok": {}})
    assert capsys.readouterr().err == ""
    _noted({"error": {"name": "ProtocolError", "message": "expel: key must be str"}})
    assert capsys.readouterr().err == (
        "callgate broker: hosts were not told of the allow-list: ProtocolError: expel: key must be str\n"
    )


def test_r18_06_secrets_stay_in_their_files(rig: Rig, connection: Connection) -> None:
    """Neither command lines nor environments of the broker's processes hold a private key."""
    connection.report()
    secret = read_private(rig.key_of_broker).secret.hex()
    assert rig.process is not None
    state = rig.state()["broker"]
    for process in (rig.process.pid, state["gateway"]["pid"], state["template"]["pid"]):
        for file in ("cmdline", "environ"):
            with open(f"/proc/{process}/{file}", "rb") as content:
                assert secret.encode() not in content.read()
