"""The gateway: the broker's voice towards other machines, over tcp with CURVE.

It is the one process of a broker that reads what strangers send, so it is a process of its own with a limit on its
memory: a flood ends it, the warden starts another, and hosts and local clients never notice. Like the talker it holds
nothing that could not be lost. It decides who is let in and adds to each question for whom it is asked.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import zmq

from callgate_broker.allow import AllowListError, read_allow_list
from callgate_broker.guests import Guest, Question
from callgate_broker.passage import Passages
from callgate_broker.talker import Talker
from callgate_protocol.lease import PINGS_PER_LEASE
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_transport import datagrams
from callgate_transport.curve import Doorman, client_of, lacking, serve_with
from callgate_transport.endpoints import bracketed
from callgate_transport.keys import KeyPair, read_private

__all__ = ["main"]

_LOOK_MS: Final = 1000
"""How often the allow-list is looked at while somebody may be connected."""
_AGAIN_MS: Final = 20
"""When to try again to give a client what it had no room for."""
_SOCKETS: Final = 2048
_LOOPBACK: Final = "127.0.0.1"
_FOR_EVERYBODY: Final = frozenset({"start", "record", "stop", "list", "resolve", "find_class"})


class Gateway(Talker):
    """A talker whose guests have names and rights."""

    def __init__(
        self,
        router: zmq.Socket[bytes],
        warden: socket.socket,
        doorman: Doorman,
        clients: Clients,
        pair: KeyPair,
        plan: Mapping[str, Any],
    ) -> None:
        super().__init__(router, warden, None)
        self._doorman = doorman
        self._clients = clients
        self._public = pair.public.hex()
        self._plan = plan
        self._inquiries: dict[int, Callable[[Mapping[str, Any]], None]] = {}
        self._passages = Passages(router, self._poller, pair, self._inquire, plan["lease"])
        self._poller.register(doorman.socket, zmq.POLLIN)
        self._look_at = 0.0

    def run(self) -> None:
        """Serve until the warden is gone."""
        self._catch_up("")
        while True:
            ready = dict(self._poller.poll(_AGAIN_MS if self._passages.holding else _LOOK_MS))
            self._look(time.monotonic())
            self._passages.inward(ready)
            if self._doorman.socket in ready:
                self._revise()
                self._doorman.serve()
            if self._router in ready:
                self._hear()
            if self._warden.fileno() in ready and not self._answered():
                return

    def _look(self, now: float) -> None:
        """Now and then, and not with every call that passes: what has changed, and whose lease is over.

        Whoever knocks or asks for something is answered by the list as it is then.
        """
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_MS / 1000
        self._revise()
        self._passages.prune(now)

    def _revise(self) -> None:
        """Whoever may do less from now on, may do so at once: the hosts are told as well."""
        for message in self._clients.changes():
            self._inquire(message, _noted)
            # its hosts that are reached through us know our key only
            if message["op"] == "admit" or not self._clients.knows(message["owner"]):
                self._inquire({**message, "key": self._public}, _noted)

    def _catch_up(self, after: str) -> None:
        """The list may have changed while there was no gateway: the hosts are told what it says now."""

        def told(answer: Mapping[str, Any]) -> None:
            _noted(answer)
            clients = answer.get("ok", {}).get("clients", [])
            for key, owner in clients:
                self._inquire(self._clients.list.says_of(owner, key, for_all=key == self._public), _noted)
            if clients:
                self._catch_up("".join(clients[-1]))

        self._inquire({"op": "admitted", "after": after}, told)

    def _inquire(self, question: dict[str, Any], answered: Callable[[Mapping[str, Any]], None]) -> None:
        """Ask the warden something on behalf of nobody's call."""
        self._questions += 1
        self._inquiries[self._questions] = answered
        datagrams.send(self._warden, {"id": self._questions, **question})

    def _told(self, message: Mapping[str, Any]) -> None:
        answered = self._inquiries.pop(message.get("id", 0), None)
        if answered is not None:
            answered(message)
        else:
            super()._told(message)

    def _heard(self, routing_id: bytes, frames: list[zmq.Frame]) -> None:
        key = client_of(frames[0])
        rights = self._clients.list.rights(key)
        if rights is not None and self._passages.outward(routing_id, key, rights.name, frames):
            return
        self._revise()
        rights = self._clients.list.rights(key)
        guest = self._guests.of(routing_id)
        if guest.key not in (b"", key):  # somebody else has taken a name that was free again
            self._guests.forget(guest)
            guest = self._guests.of(routing_id)
        guest.key = key
        if rights is None:
            self._turn_away(guest, "this client is not on the broker's allow-list any more", "AccessDenied")
            return
        self._listen(guest, [frame.bytes for frame in frames])

    def _ask(self, guest: Guest, question: Question) -> None:
        """A client of another machine starts hosts, and sees to its own; nothing else (R18.6)."""
        rights = self._clients.list.rights(guest.key)
        name = str(question.arguments.get("name"))
        if rights is None:
            self._turn_away(guest, "this client is not on the broker's allow-list any more", "AccessDenied")
        elif question.operation == "find_class" and not rights.may_create(name):
            text = rights.denied("create", name, "classes")
            self._say(guest, guest.answer(question.call, {"error": {"name": "AccessDenied", "message": text}}))
        elif question.operation not in _FOR_EVERYBODY:
            text = f"{question.operation} is not for clients of other machines; they load libraries and create objects"
            self._say(guest, guest.answer(question.call, {"error": {"name": "AccessDenied", "message": text}}))
        elif question.arguments.get("kind") and not rights.needs_python:
            text = f"the client {rights.name!r} may have no classes and no objects here (R18.6)"
            self._say(guest, guest.answer(question.call, {"error": {"name": "AccessDenied", "message": text}}))
        else:
            super()._ask(guest, question)

    def _wording(self, guest: Guest, question: Question) -> Mapping[str, Any]:
        rights = self._clients.list.rights(guest.key)
        name = rights.name if rights is not None else ""
        fields = {**question.arguments, "owner": name, "remote": None}
        if question.operation == "find_class":
            fields["caller"] = guest.key.hex()
        if question.operation == "resolve" and rights is not None:
            fields["remote"] = {"key": guest.key.hex(), "rights": rights.as_map(), "relay": False}
        if question.operation != "start" or rights is None:
            return fields
        plan = self._plan
        fields["key"] = f"{name}:{fields.get('key', '')}"
        relay = bool(plan["relay"] or question.arguments.get("relay"))
        fields["remote"] = {
            "host": _LOOPBACK if relay else plan["host"],
            "ports": [0, 0] if relay else [plan["first_port"], plan["last_port"]],
            "key": self._public if relay else guest.key.hex(),
            "caller": guest.key.hex(),
            "rights": rights.as_map(),
            "lease": plan["lease"],
            "relay": relay,
        }
        return fields

    def _retold(self, _guest: Guest, question: Question, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if question.operation != "resolve" or "ok" not in answer:
            return answer
        route = answer["ok"]
        where = bracketed(self._plan["advertise"]) or "*"
        lease = self._plan["lease"]
        return {
            "ok": {
                "host": route["host"],
                "control": f"tcp://{where}:{route['port']}",
                "key": route["key"],
                "ping": lease / PINGS_PER_LEASE,
                "expiry": lease,
                "relay": route["relay"],
            }
        }


def _noted(answer: Mapping[str, Any]) -> None:
    """Whatever the warden would not do for us: whoever runs the broker has to know of it."""
    error = answer.get("error")
    if error is not None:
        text = f"callgate broker: hosts were not told of the allow-list: {error.get('name')}: {error.get('message')}"
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of the broker


class Clients:
    """The allow-list as its file says at the moment."""

    def __init__(self, path: str) -> None:
        self.list = read_allow_list(path)
        self._path = path
        self._stamp = self._refused = self._look()

    def admits(self, key: bytes) -> bool:
        """Whether somebody may connect."""
        return self.list.rights(key) is not None

    def knows(self, name: str) -> bool:
        """Whether a client of this name is let in with one key or another."""
        return name in self.list.names()

    def changes(self) -> list[dict[str, Any]]:
        """What hosts have to be told since the last time. A file that cannot be used changes nothing."""
        stamp = self._look()
        if stamp == self._stamp:
            return []
        try:
            following = read_allow_list(self._path)
        except AllowListError as error:  # half written, perhaps: the next look may find it whole
            if stamp != self._refused:
                self._refused = stamp
                print(f"callgate broker: the list of before goes on: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the log of the broker
            return []
        self._stamp = stamp
        before, self.list = self.list, following
        return before.changes_to(following)

    def _look(self) -> tuple[int, int, int]:
        try:
            about = os.stat(self._path)
        except OSError:
            return 0, 0, 0
        return about.st_mtime_ns, about.st_size, about.st_ino


def main(argv: list[str]) -> int:
    """`argv`: descriptors of the listening socket and of the warden, and the doorway as JSON."""
    if reason := lacking():
        print(f"callgate broker: {reason}", file=sys.stderr)  # noqa: T201 - whoever runs the broker reads it
        return 1
    plan = json.loads(argv[2])
    _limit(plan["memory"] << 20)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, _SOCKETS)
    try:
        pair = read_private(plan["key"])
        clients = Clients(plan["allow"])
        doorman = Doorman(context, clients.admits)
        router = _router(context, int(argv[0]), pair, plan)
        Gateway(router, socket.socket(fileno=int(argv[1])), doorman, clients, pair, plan).run()
    finally:
        context.destroy(0)
    return 0


def _limit(memory: int) -> None:
    """Flow control keeps the gateway far below its memory. No core file: it would hold the private key."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _router(
    context: zmq.Context[zmq.Socket[bytes]], listener: int, pair: KeyPair, plan: Mapping[str, Any]
) -> zmq.Socket[bytes]:
    router = context.socket(zmq.ROUTER)
    serve_with(router, pair.secret)
    # A client that comes back may be quicker than the news that its old connection is gone. Routing ids that ZeroMQ
    # itself has chosen cannot be taken, and those of passages hold the secret of a session.
    router.set(zmq.ROUTER_HANDOVER, 1)
    router.set(zmq.USE_FD, listener)
    router.set(zmq.IPV6, ":" in plan["host"])
    router.set(zmq.ROUTER_MANDATORY, 1)
    router.set(zmq.LINGER, 0)
    router.set(zmq.SNDHWM, 256)
    router.set(zmq.RCVHWM, 256)
    router.set(zmq.MAXMSGSIZE, max(DEFAULT_LIMITS.header_bytes, DEFAULT_LIMITS.inline_bytes))
    router.bind(f"tcp://{bracketed(plan['host'])}:{plan['port']}")
    return router
