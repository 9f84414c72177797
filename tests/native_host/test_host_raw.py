"""Hosts that serve addresses: who may use them, and what malformed requests come to."""

from __future__ import annotations

from typing import Any

import pytest

from callgate_protocol.codec import encode
from callgate_protocol.errors import Fault
from callgate_protocol.system import HostFunction

from .gallery import GALLERY
from .rig import ClientSession, Library, RunningHost


def symbol(session: ClientSession, name: str) -> int:
    """The address of a function of the host's own process."""
    line = session.line
    address: int = line.system(HostFunction.RAW_SYMBOL, line.system(HostFunction.RAW_OPEN, None, 0), name)
    return address


def call(session: ClientSession, address: int, shape: Any, *arguments: Any, errno: int | None = None) -> Any:
    return session.line.system(HostFunction.RAW_CALL, address, encode(shape), list(arguments), errno)


def test_a_call_by_address(client: ClientSession) -> None:
    """Symbol, shape, result; memory that is reserved, written, read and given back."""
    assert call(client, symbol(client, "abs"), ["i", ["i"], False], -5) == [5, 0]
    assert client.line.system(HostFunction.RAW_SYMBOL, 1, "no_such_symbol_at_all") is None
    memory = client.line.system(HostFunction.RAW_RESERVE, 64, [])
    client.line.system(HostFunction.RAW_WRITE, [memory, b"tea\0", memory + 32, b"x"])
    assert client.line.system(HostFunction.RAW_READ, memory, 5) == b"tea\0\0"
    assert client.line.system(HostFunction.RAW_TEXT, memory, 1, -1) == b"tea"
    assert call(client, symbol(client, "strlen"), ["L", ["P"], False], memory) == [3, 0]
    assert client.line.system(HostFunction.RAW_RESERVE, 0, [memory]) == 0


def test_declared_libraries_exclude_addresses(gallery: Library) -> None:
    """A host that has loaded a library knows no addresses, so that none can reach the objects of others."""
    with pytest.raises(Fault) as caught:
        gallery.line.system(HostFunction.RAW_OPEN, None, 0)

    assert caught.value.name == "ProtocolError"


def test_addresses_exclude_declared_libraries_and_other_sessions(
    host: RunningHost, client: ClientSession, gallery_file: str
) -> None:
    """The first RAW function makes the host serve one session's addresses and nothing else."""
    client.line.system(HostFunction.RAW_RESERVE, 16, [])

    with pytest.raises(Fault, match="not declared libraries") as caught:
        client.load(gallery_file, GALLERY)
    assert caught.value.name == "ProtocolError"
    with ClientSession(host) as other:
        for ask in (
            lambda: other.line.system(HostFunction.RAW_RESERVE, 16, []),
            lambda: other.load(gallery_file, GALLERY),
        ):
            with pytest.raises(Fault) as caught:
                ask()
            assert caught.value.name == "ProtocolError"


@pytest.mark.parametrize(
    "shape",
    [
        7,
        [],
        ["i"],
        ["no", [], False],
        ["i", ["v"], False],
        ["i", ["z"], False],
        ["i", [["array", "i", 3]], False],
        ["i", [["record", 8, 8, []]], False],
        ["i", [["record", 8, 8, [[0, ["array", "B", 1 << 40]]]]], False],
        ["i", [["record", 8, 8, [[0, ["array", ["record", 0, 1, []], 1 << 40]]]]], False],
        ["i", [["record", 8, 8, [[1 << 40, "i"]]]], False],
        ["i", [["record", 8, 8, [[-4, "i"]]]], False],
        ["i", [["record", 8, 3, [[0, "i"]]]], False],
        ["i", [["record", 12, 8, [[0, "d"], [8, "i"]]]], False],
        ["i", [["record", -8, 8, [[0, "i"]]]], False],
        ["i", [["record", 1 << 62, 8, [[0, "i"]]]], False],
        ["i", [["record", "8", 8, [[0, "i"]]]], False],
        ["i", [["record", 8, 8, [["x", "i"]]]], False],
        ["i", [["union", 8, [[0, "i"]]]], False],
        ["i", "ii", False],
        ["i", {"i": 1}, False],
    ],
)
def test_malformed_shapes_are_refused(client: ClientSession, shape: Any) -> None:
    """With a fault of a name; the host goes on."""
    address = symbol(client, "abs")

    with pytest.raises(Fault) as caught:
        call(client, address, shape, *([1] if shape == ["i", ["v"], False] else []))

    assert caught.value.name in ("ArgumentError", "MarshalDirectiveError", "MarshalError")
    assert call(client, address, ["i", ["i"], False], -1) == [1, 0]


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (HostFunction.RAW_OPEN, ["libc.so.6", 0], "MarshalError"),
        (HostFunction.RAW_OPEN, [b"no/such/file", 0], "DllNotFoundError"),
        (HostFunction.RAW_SYMBOL, [99, "abs"], "MarshalError"),
        (HostFunction.RAW_SYMBOL, [1, 5], "MarshalError"),
        (HostFunction.RAW_RESERVE, [-1, []], "MarshalError"),
        (HostFunction.RAW_RESERVE, [8, 5], "MarshalError"),
        (HostFunction.RAW_READ, ["x", 8], "MarshalError"),
        (HostFunction.RAW_READ, [8, 8], "NullReferenceError"),
        (HostFunction.RAW_READ, [8, 1 << 35], "ArgumentError"),
        (HostFunction.RAW_WRITE, [[8]], "MarshalError"),
        (HostFunction.RAW_WRITE, [["x", b""]], "MarshalError"),
        (HostFunction.RAW_TEXT, [8, 1, -1], "NullReferenceError"),
        (HostFunction.RAW_TEXT, [0, 2, -1], "MarshalError"),
        (HostFunction.RAW_CALL, [0, encode(["v", [], False]), [], None], "NullReferenceError"),
        (HostFunction.RAW_CALL, [8, encode(["v", ["i"], False]), [], None], "ArgumentError"),
        (HostFunction.RAW_CALL, [8, encode(["v", ["i"], False]), ["x"], None], "MarshalError"),
        (HostFunction.RAW_CALL, [8, encode(["v", ["g"], False]), [b"123"], None], "ArgumentError"),
        (HostFunction.RAW_CALL, [8, encode(["v", [], False]), 7, None], "MarshalError"),
        (HostFunction.RAW_THUNK, [encode(["v", [], False]), "x", []], "MarshalError"),
        (HostFunction.RAW_THUNK, [encode(["v", [], False]), 1, 5], "MarshalError"),
    ],
)
def test_malformed_requests_are_refused(
    client: ClientSession, function: HostFunction, arguments: list[Any], name: str
) -> None:
    """Before anything is touched."""
    with pytest.raises(Fault) as caught:
        client.line.system(function, *arguments)

    assert caught.value.name == name
    assert client.line.system(HostFunction.INFO)["channels"] == 1
