"""Hosts below the broker of another machine: how its client finds them, joins them, and hears of their end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from callgate_protocol.errors import RemoteProtocolError
from callgate_protocol.system import BrokerFunction
from callgate_protocol.ways import FarWay

from .curve import Curve
from .dialogue import Dialogue, Refused
from .iothread import IoThread
from .keys import KeyFileError, KeyPair, key_path, known_brokers, public_key, read_private
from .lifeline import Lifeline
from .remote import RemoteSession, Route

__all__ = ["DEFAULT_KEY", "Abroad", "follow", "key_for"]

DEFAULT_KEY: Final = "default"

_INCARNATION: Final = 16
_LONGEST: Final = 1e6
"""More seconds than any lease has."""
_PATIENCE: Final = 5.0
"""Seconds for a network that does not carry at the moment, where nobody says how long to wait."""


class Abroad(NamedTuple):
    """One client's view of a broker."""

    dialogue: Dialogue
    way: FarWay
    pair: KeyPair
    patience: float

    def route(self, told: Mapping[str, Any]) -> Route:
        """How a host is reached, from what RESOLVE says: at its own ports, or through the broker's one (R18.2).

        Raises RemoteProtocolError.
        """
        try:
            host, key, control = str(told["host"]), bytes.fromhex(told["key"]), str(told["control"])
            ping, expiry, relay = float(told["ping"]), float(told["expiry"]), bool(told.get("relay"))
            if len(bytes.fromhex(host)) != _INCARNATION or not 0 < ping <= expiry < _LONGEST:
                raise ValueError(f"host {host!r:.40}, a sign of life every {ping} s, for {expiry} s")
        except (KeyError, ValueError, TypeError) as error:
            raise RemoteProtocolError(f"the broker at {self.way.broker} gave no route: {error!r}") from error
        where = control.removeprefix("tcp://").rpartition(":")[0]
        machine = self.way.machine if where in ("", "*") else where
        curve = Curve(bytes.fromhex(self.way.server) if relay else key, self.pair)
        through = self.way.broker if relay else ""
        return Route(curve, machine, host, control, ping, expiry, self.patience, through, self.way.as_text())

    def join(self, io: IoThread, route: Route, about: dict[str, Any], at_end: Callable[[], None]) -> RemoteSession:
        """A session with the host, which ends when the broker says that the host is dead; `at_end` is called then.

        Raises TimeoutError when it does not answer, ConnectionError when it refuses or has ended.
        """
        joined: list[RemoteSession] = []
        life = Lifeline()

        def ended() -> None:
            life.hang_up()
            for each in joined:
                each.ended()

        self._watch(route.incarnation, ended)
        try:
            joined.append(RemoteSession.join(io, route, about, life, at_end))
        finally:
            life.close()
        if life.hung_up:  # in the meantime
            joined[0].ended()
        return joined[0]

    def _watch(self, host: str, ended: Callable[[], None]) -> None:
        """The broker is asked once, and answers when the host is dead."""

        def answered(future: Future[dict[str, Any]]) -> None:
            error = future.exception()
            if error is None or (isinstance(error, Refused) and error.name == "ObjectGone"):
                ended()

        self.dialogue.request(BrokerFunction.RECORD, {"host": host, "wait": True}).add_done_callback(answered)


def key_for(way: FarWay) -> str:
    """The file of the key for a way that came in a reference: the giver's if this is its machine, else the default one.

    Raises KeyFileError for a broker that is known here under another key.
    """
    trusted = known_brokers().get(way.broker)
    if trusted is not None and trusted.hex() != way.server:
        raise KeyFileError(f"a reference names {way.broker} with another key than `callgate keys trust` was told")
    return way.key if os.path.exists(way.key) else key_path(DEFAULT_KEY)


def follow(io: IoThread, way: FarWay, host: str, about: dict[str, Any]) -> RemoteSession:
    """A session with a host that came as a reference (R17.13).

    Raises OSError, Refused, KeyFileError, RemoteProtocolError.
    """
    pair, server = read_private(key_for(way)), public_key(way.server)
    dialogue = Dialogue(io, way.broker, {"process": os.getpid()}, Curve(server, pair).connect)
    try:
        dialogue.welcomed.result(_PATIENCE)
        told = dialogue.request(BrokerFunction.RESOLVE, {"host": host}).result(_PATIENCE)
        abroad = Abroad(dialogue, way, pair, _PATIENCE)
        return abroad.join(io, abroad.route(told), about, dialogue.close)
    except BaseException:
        dialogue.close()
        raise
