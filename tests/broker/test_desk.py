"""The broker's desk for classes and running objects: what it refuses, and what it does for others."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest

from callgate_broker.actions import Action, Execute, Reply, Watch
from callgate_broker.desk import Desk
from callgate_broker.hosts import Asker
from callgate_broker.requests import parse
from callgate_protocol.permissions import parse_rule
from callgate_protocol.registry import AppEntry, ClassEntry, Inproc, Registry, RegistryError

PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
APP = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
KEY = "ab" * 32


class Play:
    """A desk, fed by hand."""

    def __init__(self, read: Callable[[], Registry] = Registry) -> None:
        self.desk = Desk(read)
        self._numbers = itertools.count(1)

    def ask(self, operation: str, **fields: Any) -> list[Action]:
        number = next(self._numbers)
        request = parse(number, {"op": operation, **fields})
        return list(self.desk.operations[operation](Asker(1, number), request, 100.0))

    def answer(self, operation: str, **fields: Any) -> dict[str, Any]:
        """The result or the error."""
        (reply,) = [each for each in self.ask(operation, **fields) if isinstance(each, Reply)]
        found: dict[str, Any] = reply.body["ok"] if "ok" in reply.body else reply.body["error"]
        return found


def registry(app: AppEntry, **more: Any) -> Callable[[], Registry]:
    entry = ClassEntry(PLAYER, inproc=Inproc("/opt/x.so"), progid="acme.Player", appid=APP, **more)
    return lambda: Registry(classes={PLAYER: entry}, apps={APP: app})


def test_a_program_is_started_watched_and_answers() -> None:
    """From the question to the answer, and what is left when it ends."""
    play = Play()
    (execute,) = play.ask("activate", clsid=PLAYER, client=7, command=["/opt/playerd"])
    assert execute == Execute(1, ("/opt/playerd", "-Embedding"))
    assert list(play.desk.executed(1, 50)) == [Watch(50)]

    registered = play.ask("register_class", client=50, clsid=PLAYER, mode=1, where="there")

    assert [each.body["ok"] for each in registered if isinstance(each, Reply)] == [
        {"cookie": 2},
        {"process": 50, "where": "there"},
    ]
    assert list(play.desk.process_gone(50, "ended")) == []
    assert len(play.desk.classes) == 0


@pytest.mark.parametrize("permission", ["launch", "access"])
def test_r16_12_the_broker_checks_before_it_starts_anything(permission: str) -> None:
    """Also its own user, when the class says so."""
    nobody = tuple(map(parse_rule, ["uid:12345"]))
    play = Play(registry(AppEntry(APP).replace(**{permission: nobody})))

    found = play.ask("activate", clsid=PLAYER, client=7, command=["/opt/playerd"])

    assert [type(each) for each in found] == [Reply]
    assert play.answer("activate", clsid=PLAYER, client=7, command=["/opt/playerd"])["name"] == "E_ACCESSDENIED"


def test_r16_13_a_class_with_runas_is_not_served_by_a_program_that_somebody_started() -> None:
    """CO_E_WRONG_SERVER_IDENTITY."""
    play = Play(registry(AppEntry(APP, run_as="interactive user")))

    answer = play.answer("register_class", client=50, clsid=PLAYER, mode=1, where="")

    assert answer["name"] == "CO_E_WRONG_SERVER_IDENTITY"


def test_r16_19_a_class_is_found_for_a_client_elsewhere() -> None:
    """What it needs to have it made, and nothing when it may not."""
    play = Play(registry(AppEntry(APP, surrogate=""), threading="Both"))
    found = play.answer("find_class", name="acme.Player", caller=KEY)
    assert found == {
        "clsid": PLAYER,
        "library": "/opt/x.so",
        "shape": "ClassObject",
        "factory": "",
        "threading": "Both",
        "share": f"{APP}/uid:{os.geteuid()}",
    }

    closed = Play(registry(AppEntry(APP, surrogate="", access=(parse_rule("self"),))))
    assert closed.answer("find_class", name="acme.Player", caller=KEY)["name"] == "E_ACCESSDENIED"
    assert "clsid" in closed.answer("find_class", name=PLAYER)


@pytest.mark.parametrize("error", [OSError("gone"), RegistryError("/etc/x.toml", "CLSID", "", "wrong")])
def test_a_registry_that_cannot_be_read_is_an_answer(error: Exception) -> None:
    """And no end of the broker."""

    def read() -> Registry:
        raise error

    answer = Play(read).answer("find_class", name="acme.Player")

    assert answer["name"] == "REGDB_E_INVALIDVALUE"
    assert str(error) in answer["message"]


@pytest.mark.parametrize(
    ("operation", "fields", "name"),
    [
        ("activate", {"clsid": "acme", "client": 1}, "CO_E_CLASSSTRING"),
        ("activate", {"clsid": PLAYER, "client": 1}, "REGDB_E_CLASSNOTREG"),
        ("revoke_class", {"client": 1, "cookie": 5}, "CO_E_OBJNOTREG"),
        ("revoke_running", {"client": 1, "number": 5}, "CO_E_OBJNOTREG"),
        ("find_running", {"moniker": "!x"}, "MK_E_UNAVAILABLE"),
        ("register_running", {"client": 1, "moniker": "x", "where": "", "flags": 0}, "CO_E_CLASSSTRING"),
    ],
)
def test_what_is_refused_has_its_code(operation: str, fields: dict[str, Any], name: str) -> None:
    """By name, as errors of brokers go."""
    assert Play().answer(operation, **fields)["name"] == name


def test_running_objects_are_listed_in_pages() -> None:
    """As many as fit into an answer, and where to go on."""
    play = Play()
    for number in range(200):
        play.ask("register_running", client=1, moniker=f"!{number:03}{'x' * 400}", where="", flags=0)

    first = play.answer("list_running")
    rest = play.answer("list_running", offset=first["next"])

    assert 0 < len(first["running"]) < 200
    assert len(first["running"]) + len(rest["running"]) <= 200
    assert rest["running"][0]["number"] == len(first["running"]) + 1
