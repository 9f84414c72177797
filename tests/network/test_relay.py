"""The relay itself: what it is said to do to a connection, it does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.network.relay import Network


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65536):
                        connection.sendall(data)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def connect(network: Network, port: int) -> socket.socket:
    connection = socket.create_connection((network.near, port), timeout=5)
    connection.settimeout(5)
    return connection


def test_data_is_carried_and_delayed(echo: int) -> None:
    """A delay counts in each direction."""
    with Network([echo]) as network, connect(network, echo) as connection:
        connection.sendall(b"hello")
        assert connection.recv(16) == b"hello"
        network.delay(0.1)
        began = time.monotonic()
        connection.sendall(b"slowly")
        assert connection.recv(16) == b"slowly"
        assert 0.2 <= time.monotonic() - began < 1


def test_a_silent_network_keeps_what_was_sent(echo: int) -> None:
    """Nothing arrives, nothing ends, and all comes after the repair."""
    with Network([echo]) as network, connect(network, echo) as connection:
        network.silence()
        connection.sendall(b"late")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(16)
        network.repair()
        connection.settimeout(5)
        assert connection.recv(16) == b"late"


def test_a_cut_ends_connections_and_lets_nobody_in(echo: int) -> None:
    """Until it is repaired."""
    with Network([echo]) as network, connect(network, echo) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
        network.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        with pytest.raises(ConnectionError):
            connect(network, echo)
        network.repair()
        with connect(network, echo) as again:
            again.sendall(b"y")
            assert again.recv(1) == b"y"
