"""Keys in files, the allow-list, and what a broker asks for before it listens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate.cli.app import run
from callgate_broker.allow import AllowList, AllowListError, read_allow_list
from callgate_protocol.rights import Rights
from callgate_transport import keys
from callgate_transport.curve import lacking, make_pair
from callgate_transport.keys import KeyFileError, KeyPair

LAPTOP, BENCH = "ab" * 32, "cd" * 32


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "callgate"


def test_this_zeromq_has_curve() -> None:
    """Everything between machines needs it; where it is missing, whoever asks for it is told."""
    assert lacking() == ""


def test_a_zeromq_without_curve_is_named(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Making keys, connecting and listening say what is missing and what to install; so they do of an old one."""
    key, broker_key = str(config / "laptop.key"), str(config / "broker.key")
    for path in (key, broker_key):
        keys.write_private(path, make_pair())
    monkeypatch.setattr("zmq.has", lambda feature: feature != "curve")
    assert run(["keys", "make", "another"]) == 1
    assert "built without CURVE" in capsys.readouterr().err
    with pytest.raises(callgate.AccessDenied, match="install a pyzmq wheel"):
        callgate.connect("tcp://127.0.0.1:1", key=key, server_key=LAPTOP)
    assert run(["broker", "--listen", "tcp://127.0.0.1:0", "--allow", "x", "--key", broker_key]) == 1
    assert "built without CURVE" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr("zmq.zmq_version_info", lambda: (4, 3, 2))
    assert "4.3.5 or later" in lacking()


def test_a_key_is_made_listed_and_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The public half is printed, the file is for its owner alone, and a second one is not written over it."""
    assert run(["keys", "list"]) == 0
    assert "no keys" in capsys.readouterr().out
    assert run(["keys", "make", "laptop"]) == 0
    public = capsys.readouterr().out.strip()
    path = config / "laptop.key"
    pair = keys.read_private(str(path))
    assert pair.public.hex() == public
    assert (path.stat().st_mode & 0o777, config.stat().st_mode & 0o777) == (0o600, 0o700)
    assert run(["keys", "show", "laptop"]) == run(["keys", "show", str(path)]) == run(["keys", "list"]) == 0
    assert capsys.readouterr().out.split() == [public, public, "laptop", public]
    assert run(["keys", "make", "laptop"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert keys.read_private(str(path)) == pair
    assert pair.secret.hex() not in repr(pair)


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "x" * 65])
def test_names_of_keys_are_file_names(config: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name is never a way to another place."""
    assert run(["keys", "make", name]) == 1
    assert "is not a name for a key" in capsys.readouterr().err
    assert not config.exists()


@pytest.mark.parametrize(
    ("content", "mode", "complaint"),
    [
        ("", 0o600, "not a private key"),
        ("secret = 5", 0o600, "not a private key"),
        (f'public = "{LAPTOP}"', 0o600, "not a private key"),
        ("no toml", 0o600, "is not a key of callgate"),
        ("\xff", 0o600, "is not a key of callgate"),
        (f'public = "{LAPTOP}"\nsecret = "{BENCH}"', 0o640, "may be read by others (mode 0640"),
        (f'public = "{LAPTOP}"\nsecret = "{BENCH}"', 0o604, "may be read by others (mode 0604"),
    ],
)
def test_key_files_that_cannot_be_used_are_refused(tmp_path: Path, content: str, mode: int, complaint: str) -> None:
    """What is no key, and what others may have read, is named with the file."""
    path = tmp_path / "bad.key"
    path.write_text(content, encoding="latin-1")
    path.chmod(mode)
    with pytest.raises(KeyFileError) as caught:
        keys.read_private(str(path))
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    """The command is part of the message."""
    with pytest.raises(KeyFileError, match="callgate keys make"):
        keys.read_private(str(tmp_path / "none.key"))


def test_public_keys_are_digits_or_files(tmp_path: Path) -> None:
    """As text, as a file with one line, or as a key file."""
    pair = make_pair()
    line, whole = tmp_path / "broker.pub", tmp_path / "broker.key"
    line.write_text(pair.public.hex() + "\n")
    keys.write_private(str(whole), pair)
    for given in (pair.public.hex(), pair.public.hex().upper(), str(line), str(whole)):
        assert keys.public_key(given) == pair.public
    with pytest.raises(KeyFileError, match="neither a public key"):
        keys.public_key("nonsense")


def test_brokers_that_are_trusted(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address has one key; another one is refused until somebody removes the line."""
    assert keys.known_brokers() == {}
    assert run(["keys", "trust", "tcp://rig-a:5570", LAPTOP]) == 0
    assert run(["keys", "trust", "tcp://rig-a:5570", LAPTOP]) == 0
    assert run(["keys", "trust", "tcp://rig-b:5570", BENCH]) == 0
    assert run(["keys", "trust", "tcp://rig-a:5570", BENCH]) == 1
    assert "another key for tcp://rig-a:5570" in capsys.readouterr().err
    assert keys.known_brokers() == {"tcp://rig-a:5570": bytes.fromhex(LAPTOP), "tcp://rig-b:5570": bytes.fromhex(BENCH)}
    assert run(["keys", "trust", "rig-a", LAPTOP]) == 1
    assert "it looks like tcp://rig-a:5570" in capsys.readouterr().err
    (config / "known_brokers").write_text("# mine\n\ntcp://rig-a:5570 nonsense\n")
    with pytest.raises(KeyFileError, match="line 3"):
        keys.known_brokers()


# -- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "file", "allowed"),
    [
        (["libm.so.6"], "libm.so.6", True),
        (["libm.so.*"], "libm.so.6", True),
        (["libm.so.6"], "/lib/libm.so.6", False),
        (["*"], "/lib/libm.so.6", False),
        (["*"], "libc.so.6", True),
        (["/opt/rig/*.so"], "/opt/rig/scope.so", True),
        (["/opt/rig/*.so"], "/opt/rig/../evil.so", False),
        (["/opt/rig/*"], "/opt/rig/./scope.so", False),
        (["/opt/*.so"], "/opt/rig/scope.so", False),
        (["/opt/*/scope.so"], "/opt/rig/scope.so", True),
        (["/opt/rig/*"], "//opt/rig/scope.so", False),
        ([], "libm.so.6", False),
        (["*"], "", False),
    ],
)
def test_patterns_of_libraries(patterns: list[str], file: str, allowed: bool) -> None:
    """A star stays within its directory, and a path needs a pattern that is one."""
    assert Rights("laptop", tuple(patterns)).may_load(file) is allowed


def test_an_allow_list_gives_names_and_rights() -> None:
    """One client, one or two keys."""
    text = f'[laptop]\nkey = ["{LAPTOP}", "{BENCH}"]\nlibraries = ["libm.so.6"]\nclasses = ["acme.*"]\n'
    clients = AllowList.parse(text, "clients.toml")
    rights = clients.rights(bytes.fromhex(BENCH))
    assert rights == clients.rights(bytes.fromhex(LAPTOP)) == Rights("laptop", ("libm.so.6",), ("acme.*",))
    assert rights is not None
    assert (rights.may_create("acme.Player"), rights.may_create("other.Player")) == (True, False)
    assert Rights.from_map(rights.as_map()) == rights
    assert clients.rights(bytes(32)) is None


def test_what_a_changed_list_means_for_hosts() -> None:
    """Who is gone is expelled, who may do something else is admitted anew, and the others are left alone."""
    before = AllowList.parse(f'[a]\nkey="{LAPTOP}"\n[b]\nkey="{BENCH}"\n[c]\nkey="{"ef" * 32}"', "")
    after = AllowList.parse(f'[b]\nkey="{BENCH}"\nlibraries=["libm.so.6"]\n[c]\nkey="{"ef" * 32}"', "")
    rights = {"name": "b", "libraries": ["libm.so.6"], "classes": [], "objects": []}
    assert before.changes_to(after) == [
        {"op": "expel", "owner": "a", "key": LAPTOP},
        {"op": "admit", "owner": "b", "key": BENCH, "rights": rights},
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no client"),
        ("laptop", "is not TOML"),
        ("laptop = 1", "laptop is not a table"),
        ("[laptop]", "a key is 64 hexadecimal digits"),
        ("[laptop]\nkey = 'abc'", "a key is 64 hexadecimal digits"),
        (f"[laptop]\nkey = '{LAPTOP}'\n[bench]\nkey = '{LAPTOP}'", "bench and laptop have the same key"),
        (f"[laptop]\nkey = ['{LAPTOP}', '{BENCH}', '{LAPTOP}']", "3 keys"),
        ("[laptop]\nkey = []", "0 keys"),
        (f"[laptop]\nkey = '{LAPTOP}'\nlibrary = []", "no right 'library'"),
        (f"[laptop]\nkey = '{LAPTOP}'\nlibraries = 'libm.so.6'", "lists of names"),
        (f"[laptop]\nkey = '{LAPTOP}'\nclasses = [1]", "lists of names"),
        (f"[{'x' * 256}]\nkey = '{LAPTOP}'", "at most 255 characters"),
        (f"[laptop]\nkey = '{LAPTOP}'\nlibraries = ['/{'x' * 40_000}']", "use patterns"),
    ],
)
def test_allow_lists_that_cannot_be_used_are_refused(text: str, complaint: str) -> None:
    """The message names the file and what is wrong in it."""
    with pytest.raises(AllowListError) as caught:
        AllowList.parse(text, "clients.toml")
    assert complaint in str(caught.value)
    assert "clients.toml" in str(caught.value)


def test_a_list_that_others_may_change_is_refused(tmp_path: Path) -> None:
    """Whoever can write it decides who is let in."""
    path = tmp_path / "clients.toml"
    path.write_text(f'[laptop]\nkey = "{LAPTOP}"')
    path.chmod(0o666)
    with pytest.raises(AllowListError, match="can be changed by others"):
        read_allow_list(str(path))


# -- starting ----------------------------------------------------------------------------------------------------


def broker(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A broker that is expected to refuse."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_CONFIG_HOME": str(config)}
    command = [sys.executable, "-m", "callgate", "broker", "--name", "refused", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


@pytest.mark.parametrize(
    ("options", "key", "complaint"),
    [
        (["--listen", "tcp://127.0.0.1:0"], False, "make one with: callgate keys make broker"),
        (["--listen", "tcp://127.0.0.1:0"], True, "needs --allow clients.toml"),
        (["--listen", "tcp://127.0.0.1:0", "--allow", "missing.toml"], True, "missing.toml cannot be read"),
        (["--listen", "tcp://127.0.0.1:0", "--allow", "empty.toml"], True, "names no client"),
        (["--listen", "tcp://*:5570", "--allow", "good.toml"], True, "name the address to listen on"),
        (["--listen", "5570", "--allow", "good.toml"], True, "it looks like tcp://0.0.0.0:5570"),
        (["--listen", "tcp://127.0.0.1:99999", "--allow", "good.toml"], True, "is no address to listen on"),
        (["--listen", "tcp://127.0.0.1:0", "--allow", "good.toml", "--host-ports", "9-1"], True, "no range of ports"),
        (["--listen", "tcp://203.0.113.7:1", "--allow", "good.toml"], True, "Cannot assign requested address"),
        (["--allow", "good.toml"], True, "need --listen"),
    ],
)
def test_a_broker_that_would_listen_carelessly_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], key: bool, complaint: str
) -> None:
    """On loopback as well, no listener without keys and an allow-list; the message says how to make them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "good.toml").write_text(f'[laptop]\nkey = "{LAPTOP}"')
    if key:
        keys.write_private(str(tmp_path / "callgate" / "broker.key"), KeyPair(bytes(32), bytes(32)))
    refused = broker(tmp_path, *options)
    assert refused.returncode == 1
    assert complaint in refused.stderr
    assert refused.stderr.startswith("callgate broker: ")
    assert refused.stdout == ""
