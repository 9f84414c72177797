"""R15.12, R17.15: type libraries that are registered, and interfaces that are found in them by IID."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import callgate
from callgate.declare import parse_declarations
from callgate_protocol.published import contract_hash, contract_of
from callgate_protocol.registry import Registry
from callgate_transport import registryfiles
from tests.rules.test_r14_idl_text import library

LIBID = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B1000}"
PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B1001}"
EVENTS = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B1002}"
TEXT = f"""
    [uuid({LIBID[1:-1]}), version(1.0)] library Players {{
        interface IPlayerEvents;
        typedef struct tagPlace {{ long x; long y; }} Place;
        [object, uuid({PLAYER[1:-1]})] interface IPlayer : IUnknown {{
            HRESULT Open([in] BSTR path, [out, retval] Place *place);
            HRESULT Advise([in] IPlayerEvents *sink);
        }};
        [object, uuid({EVENTS[1:-1]})] interface IPlayerEvents : IUnknown {{ HRESULT OnStop(); }};
    }};
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A type library in a file, and a registry of its own."""
    monkeypatch.setenv(registryfiles.OVERRIDE, str(tmp_path / "registered"))
    path = tmp_path / "players.idl"
    path.write_text(TEXT)
    return path


def elsewhere(code: str) -> subprocess.CompletedProcess[str]:
    """In a process that has declared nothing."""
    words = [sys.executable, "-c", f"import callgate\n{code}"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def registered() -> Registry:
    return registryfiles.read_registry()


@pytest.mark.rule("R15.12")
def test_r17_15_a_registered_interface_is_found_by_its_iid(file: Path) -> None:
    assert callgate.register(str(file)).endswith("3ca6a62e-7e5c-4e0c-9b0d-1d7b6f5b1000-1.0.toml")
    assert set(registered().interfaces) == {PLAYER, EVENTS}
    entry = registered().interfaces[PLAYER]
    assert (entry.name, entry.methods, entry.typelib, entry.version) == ("IPlayer", 2, LIBID, "1.0")
    found = elsewhere(f"print(callgate.interface_of('{PLAYER.lower()}').Open.__name__)")
    assert (found.stdout, found.stderr) == ("Open\n", "")


@pytest.mark.rule("R15.12")
def test_r19_36_one_that_nobody_describes(file: Path) -> None:
    with pytest.raises(callgate.ComError, match=r"is not described here: .* register") as caught:
        callgate.interface_of(PLAYER)
    assert caught.value.hresult == 0x80040155
    callgate.register(str(file))
    callgate.unregister(LIBID)
    assert registered() == Registry()


@pytest.mark.rule("R14.4")
def test_r17_15_one_that_was_changed_is_refused(file: Path) -> None:
    """The same IID with other slots would call the wrong method."""
    callgate.register(str(file))
    file.write_text(TEXT.replace("HRESULT Advise(", "HRESULT Rewind(); HRESULT Advise("))
    found = elsewhere(f"callgate.interface_of('{PLAYER}')")
    assert "TypeLoadError" in found.stderr
    assert "otherwise than when it was registered" in found.stderr
    assert elsewhere(f"callgate.interface_of('{EVENTS}')").stderr == ""
    callgate.register(str(file), replace=True)
    assert elsewhere(f"callgate.interface_of('{PLAYER}')").stderr == ""


def test_r17_15_a_library_without_a_name_cannot_be_registered(file: Path) -> None:
    file.write_text(TEXT.replace(", version(1.0)", ""))
    with pytest.raises(callgate.ComError, match="known by its LIBID and version"):
        callgate.register(str(file))


def test_r17_15_the_contract_is_what_calls_depend_on() -> None:
    """Another interface that a parameter names is part of it by IID; its own methods are its own contract."""
    whole = parse_declarations(TEXT).library
    contract = contract_of(whole, whole.interface("IPlayer"))
    assert [each.name for each in contract.interfaces] == ["IPlayer", "IPlayerEvents", "IUnknown"]
    assert contract.interface("IPlayerEvents").methods == ()
    assert [each.name for each in contract.records] == ["Place"]

    def changed(old: str, new: str) -> bool:
        other = parse_declarations(TEXT.replace(old, new)).library
        return contract_hash(other, other.interface("IPlayer")) != contract_hash(whole, whole.interface("IPlayer"))

    assert changed("long y;", "hyper y;")
    assert changed(EVENTS[1:-1], EVENTS[1:-2] + "3")
    assert not changed("HRESULT OnStop();", "HRESULT OnStop([in] long why);")
    assert not changed("typedef struct", "typedef struct tagOther { long x; } Other; typedef struct")


def test_r17_15_a_delegate_and_an_opaque_type_are_part_of_it() -> None:
    whole = library(
        f"""typedef struct stream stream; enum colour {{ RED }}; enum other {{ BLUE }};
        typedef int (*Compare)(stream *s, enum colour c);
        [object, local, uuid({PLAYER})] interface I : IUnknown {{ HRESULT f([in, function] Compare c); }};"""
    )
    contract = contract_of(whole, whole.interface("I"))
    names = [[each.name for each in group] for group in (contract.delegates, contract.opaques, contract.enums)]
    assert names == [["Compare"], ["stream"], ["colour"]]
