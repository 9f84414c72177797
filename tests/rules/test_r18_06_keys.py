"""R18.6: what each channel asks for before it lets anybody in. Of machines: keys on both sides, and rights."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
import zmq

import callgate
from callgate import Connection
from callgate_transport.keys import read_private
from tests.conftest import wait_until
from tests.machines.device import DEVICE
from tests.machines.rig import Rig


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
