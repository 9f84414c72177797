"""R16: where a class is activated, what shares a process, and who may start and call it. Decisions alone."""

from __future__ import annotations

import itertools

import pytest

import callgate
from callgate.registrations import refusal
from callgate_protocol.activation import (
    Choice,
    Context,
    Executable,
    InHost,
    Remote,
    Surrogate,
    check_access,
    check_launch,
    choose,
    share_key,
    surrogate_program,
)
from callgate_protocol.activation_codes import CODES, ActivationRefused
from callgate_protocol.permissions import Caller, Rule, parse_rule
from callgate_protocol.registry import AppEntry, ClassEntry, Inproc, MachineEntry, PythonServer, Registry

PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
APP = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
LIBRARY, PROGRAM = Inproc("/opt/x.so"), ("/opt/playerd",)


def registered(entry: ClassEntry, app: AppEntry | None = None) -> Registry:
    return Registry(classes={entry.clsid: entry}, apps={app.appid: app} if app else {})


def chosen(registry: Registry, wanted: Context, server: str = "", *, there: bool = True) -> Choice:
    names = frozenset({"here"})
    return choose(
        registry, PLAYER, wanted, identity="uid:7", server=server, own_names=names, exists=lambda _path: there
    )


EVERYWHERE = registered(
    ClassEntry(PLAYER, inproc=LIBRARY, local_server=PROGRAM, appid=APP), AppEntry(APP, remote_server="rig-a")
)


@pytest.mark.parametrize("wanted", [Context(flags) for flags in range(0x18)], ids=repr)
def test_r16_02_the_first_wanted_context_is_chosen(wanted: Context) -> None:
    """A class that is registered in every way: in process before local before remote, whatever the flags.

    Remote is implied by its RemoteServerName.
    """
    expected = InHost if wanted & 1 else Executable if wanted & 4 else Remote

    assert type(chosen(EVERYWHERE, wanted)) is expected


@pytest.mark.rule("R16.19")
@pytest.mark.parametrize("server", ["here", "HERE", "localhost", "127.0.0.1", "::1"])
def test_r16_02_a_server_that_is_this_machine_is_not_remote(server: str) -> None:
    """The names of this machine count as local, and take the remote context away."""
    assert type(chosen(EVERYWHERE, Context.ALL, server)) is InHost
    with pytest.raises(ActivationRefused, match="not registered for") as caught:
        chosen(EVERYWHERE, Context.REMOTE_SERVER, server)
    assert caught.value.name == "REGDB_E_CLASSNOTREG"


@pytest.mark.rule("R16.19")
def test_r16_02_a_server_that_is_another_machine_is_remote() -> None:
    """It is asked even for what is registered here, and knows what is registered there."""
    assert chosen(EVERYWHERE, Context.INPROC_SERVER, "rig-b") == Remote(PLAYER, "rig-b")
    assert chosen(Registry(), Context.ALL, "rig-b") == Remote(PLAYER, "rig-b")


def test_r16_02_only_what_is_not_registered_leads_to_the_next() -> None:
    """Without a library the program is next; a library that is not there is still the choice."""
    local = registered(ClassEntry(PLAYER, local_server=PROGRAM))
    assert type(chosen(local, Context.ALL)) is Executable

    both = registered(ClassEntry(PLAYER, inproc=LIBRARY, local_server=PROGRAM))
    assert chosen(both, Context.ALL, there=False) == InHost(both.classes[PLAYER])


@pytest.mark.parametrize(
    ("name", "entry", "app", "wanted", "said"),
    [
        ("REGDB_E_CLASSNOTREG", None, None, Context.ALL, "is not registered; see callgate classes"),
        ("REGDB_E_CLASSNOTREG", ClassEntry(PLAYER, inproc=LIBRARY), None, Context(0), "for no context at all"),
        ("REGDB_E_CLASSNOTREG", ClassEntry(PLAYER, inproc=LIBRARY), None, Context.LOCAL_SERVER, "DllSurrogate"),
        ("REGDB_E_CLASSNOTREG", ClassEntry(PLAYER, local_server=PROGRAM), None, Context.INPROC_SERVER, "INPROC_SERVER"),
        ("E_NOTIMPL", ClassEntry(PLAYER, handler="h.so"), None, Context.INPROC_HANDLER, "callgate makes none.*R16.18"),
        (
            "CO_E_RUNAS_LOGON_FAILURE",
            ClassEntry(PLAYER, local_server=PROGRAM, appid=APP),
            AppEntry(APP, run_as="svc"),
            Context.LOCAL_SERVER,
            "as its own user only .R16.13",
        ),
        (
            "CO_E_APPNOTFOUND",
            ClassEntry(PLAYER, inproc=LIBRARY, appid=APP),
            AppEntry(APP, surrogate="", local_service="playerd"),
            Context.LOCAL_SERVER,
            "starts no services",
        ),
    ],
)
@pytest.mark.rule("R16.13", "R16.18")
def test_r16_03_what_cannot_be_activated_has_its_code(
    name: str, entry: ClassEntry | None, app: AppEntry | None, wanted: Context, said: str
) -> None:
    """Every refusal carries its documented code, and says why."""
    registry = registered(entry, app) if entry else Registry()

    with pytest.raises(ActivationRefused, match=said) as caught:
        chosen(registry, wanted)

    assert caught.value.name == name
    error = refusal(caught.value)
    assert isinstance(error, callgate.ComError)
    assert error.hresult == CODES[name]
    assert name in str(error)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("REGDB_E_CLASSNOTREG", 0x80040154),
        ("CLASS_E_CLASSNOTAVAILABLE", 0x80040111),
        ("CO_E_DLLNOTFOUND", 0x800401F8),
        ("CO_E_ERRORINDLL", 0x800401F9),
        ("CO_E_APPNOTFOUND", 0x800401F5),
        ("CO_E_SERVER_EXEC_FAILURE", 0x80080005),
        ("CO_E_LAUNCH_PERMSSION_DENIED", 0x8000401B),
        ("CO_E_CREATEPROCESS_FAILURE", 0x80004018),
        ("CO_E_CLASSSTRING", 0x800401F3),
        ("CO_E_BAD_SERVER_NAME", 0x80004014),
        ("CO_E_REMOTE_COMMUNICATION_FAILURE", 0x8000401D),
    ],
)
def test_r16_03_the_codes(name: str, code: int) -> None:
    """By name, as documented; their names are shown."""
    assert CODES[name] == code
    assert name in repr(callgate.hresult(code))


@pytest.mark.parametrize("held", list(itertools.product([True, False], repeat=5)), ids=str)
def test_r16_08_five_conditions_of_a_surrogate(held: tuple[bool, ...]) -> None:
    """A library runs in a surrogate iff LOCAL is asked, it has AppID and library, DllSurrogate, and no executable."""
    asked, has_app, has_library, has_surrogate, executable = held
    entry = ClassEntry(
        PLAYER,
        appid=APP if has_app else "",
        inproc=LIBRARY if has_library else None,
        local_server=PROGRAM if executable else (),
    )
    registry = registered(entry, AppEntry(APP, surrogate="" if has_surrogate else None, remote_server="rig-a"))
    wanted = Context.LOCAL_SERVER if asked else Context.INPROC_HANDLER

    try:
        found: Choice | None = chosen(registry, wanted)
    except ActivationRefused:
        found = None

    in_surrogate = held == (True, True, True, True, False)
    assert (type(found) is Surrogate) == in_surrogate
    assert (type(found) is Executable) == (asked and executable)


def test_r16_08_empty_is_the_host_and_a_path_another_program() -> None:
    """callgate's own host is the system surrogate. The library has to be there; a Python class needs none."""
    entry = ClassEntry(PLAYER, inproc=LIBRARY, appid=APP)

    for program in ("", "/opt/surrogate"):
        found = chosen(registered(entry, AppEntry(APP, surrogate=program)), Context.LOCAL_SERVER)
        assert found == Surrogate(entry, f"{APP}/uid:7", program)
    app = AppEntry(APP, surrogate="")
    assert surrogate_program(entry, app, lambda _path: False) is None
    with pytest.raises(ActivationRefused, match=r"its library /opt/x\.so is not there"):
        chosen(registered(entry, app), Context.LOCAL_SERVER, there=False)
    python = ClassEntry(PLAYER, python=PythonServer("acme:Player"), appid=APP)
    assert surrogate_program(python, app, lambda _path: False) == ""


@pytest.mark.rule("R16.11")
def test_r16_08_what_is_not_remotable_has_no_surrogate() -> None:
    """It is said why, by the entry itself."""
    entry = ClassEntry(PLAYER, inproc=LIBRARY, appid=APP, not_remotable="it passes function pointers")

    with pytest.raises(ActivationRefused, match=r"it passes function pointers \(R16.11\)"):
        chosen(registered(entry, AppEntry(APP, surrogate="")), Context.LOCAL_SERVER)
    assert type(chosen(registered(entry, AppEntry(APP, surrogate="")), Context.ALL)) is InHost


def test_r16_09_what_shares_a_process() -> None:
    """The same AppID and identity do; another identity does not; without AppID every class is its own application."""
    one, two = ClassEntry(PLAYER, appid=APP), ClassEntry(APP, appid=APP)
    alone = ClassEntry(PLAYER), ClassEntry(APP)

    assert share_key(one, "uid:7") == share_key(two, "uid:7")
    assert share_key(one, "uid:7") != share_key(one, "uid:8")
    assert share_key(alone[0], "uid:7") != share_key(alone[1], "uid:7")
    assert share_key(one, "uid:7", "lab") == share_key(alone[0], "uid:7", "lab") == "shared:lab/uid:7"


ALICE, BOB, ROOT = Caller(1000, (100, 4)), Caller(1001, (100,)), Caller(0)
KEY = "ab" * 32
REMOTE = Caller(key=KEY)
SERVER = 1000


@pytest.mark.parametrize(
    ("rules", "let_in"),
    [
        (None, [ALICE, ROOT, REMOTE]),
        ([], []),
        (["everyone"], [ALICE, BOB, ROOT, REMOTE]),
        (["uid:1001"], [BOB]),
        (["gid:100"], [ALICE, BOB]),
        (["gid:100", "!gid:4"], [BOB]),
        (["!uid:1001", "everyone"], [ALICE, ROOT, REMOTE]),
        ([f"key:{KEY}"], [REMOTE]),
        (["self"], [ALICE]),
        (["system"], [ROOT]),
    ],
)
def test_r16_12_who_is_let_in(rules: list[str] | None, let_in: list[Caller]) -> None:
    """Launch and access, by user, group and key; a denial wins; without a list it is the server's user and root.

    Without one, the broker's allow-list has decided about clients with keys.
    """
    permission = None if rules is None else tuple(map(parse_rule, rules))
    checks = (
        (check_launch, AppEntry(APP, launch=permission)),
        (check_access, AppEntry(APP, access=permission)),
    )
    for check, app in checks:
        for caller in (ALICE, BOB, ROOT, REMOTE):
            if caller in let_in:
                check(Registry(), app, caller, SERVER)
            else:
                with pytest.raises(ActivationRefused, match=r"Permission and \[Machine\] \(R16.12\)") as caught:
                    check(Registry(), app, caller, SERVER)
                assert caught.value.code == 0x80070005


def test_r16_12_machine_defaults_and_limits() -> None:
    """The nearest default is used where the class says nothing; every limit has to agree."""
    everyone, bob = (Rule("everyone"),), (Rule("uid", 1001),)
    app = AppEntry(APP)
    near, far = MachineEntry(launch=bob), MachineEntry(launch=everyone, launch_limit=(Rule("gid", 100),))

    check_launch(Registry(machines=(near, far)), app, BOB, SERVER)
    with pytest.raises(ActivationRefused):
        check_launch(Registry(machines=(near, far)), app, ALICE, SERVER)
    check_launch(Registry(machines=(far,)), app, ALICE, SERVER)
    with pytest.raises(ActivationRefused):
        check_launch(Registry(machines=(far,)), AppEntry(APP, launch=everyone), ROOT, SERVER)
    check_access(Registry(machines=(far,)), app, ROOT, SERVER)
