"""R16.14: how sure a connection is of who calls; who is less sure than is demanded is refused."""

# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import callgate
from callgate import IUnknown, Lib
from callgate_protocol.activation import Context, check_level
from callgate_protocol.activation_codes import ActivationRefused
from callgate_protocol.authentication import Level, level_named
from callgate_protocol.permissions import Caller
from callgate_protocol.registry import AppEntry
from callgate_transport import registryfiles
from tests.client.remoting.described import ICalc
from tests.client.remoting.processes import other_processes
from tests.component.declared import CLSID, IDL, IID

from .conftest import Loader

APP = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"
NOBODY, LOCAL, FAR = Caller(), Caller(1000), Caller(key="ab" * 32)


@pytest.mark.parametrize(
    ("demanded", "let_in"),
    [
        ("", [NOBODY, LOCAL, FAR]),
        ("none", [NOBODY, LOCAL, FAR]),
        ("connect", [LOCAL, FAR]),
        ("integrity", [FAR]),
        ("privacy", [FAR]),
    ],
)
def test_r16_14_who_is_sure_enough(demanded: str, let_in: list[Caller]) -> None:
    """The kernel says who is at a Unix socket; CURVE also keeps what is said from others."""
    for caller in (NOBODY, LOCAL, FAR):
        if caller in let_in:
            check_level(AppEntry(APP, authentication=demanded), caller)
        else:
            with pytest.raises(ActivationRefused, match=rf"demands the level '{demanded}'.*R16\.14") as caught:
                check_level(AppEntry(APP, authentication=demanded), caller)
            assert caught.value.code == 0x80070005


def test_r16_14_levels_have_an_order_and_names() -> None:
    assert [level_named(name) for name in ("none", "connect", "integrity", "privacy")] == sorted(Level)
    with pytest.raises(ValueError, match=r"not 'packet'.*R16\.14"):
        level_named("packet")


def test_r16_14_a_class_that_demands_more_is_not_started(
    component: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a Unix socket; in a host of the program's own nobody calls but the program."""
    clsid = f"{{{CLSID['Widget']}}}".upper()
    registry = tmp_path / "registry.toml"
    monkeypatch.setenv(registryfiles.OVERRIDE, str(registry))
    registry.write_text(
        f'[CLSID."{clsid}"]\nInprocServer = "{component}"\nProgID = "acme.Widget"\nAppID = "{APP}"\n'
        f'[AppID."{APP}"]\nDllSurrogate = ""\nAuthenticationLevel = "privacy"\n'
    )
    with pytest.raises(callgate.ComError, match=r"demands the level 'privacy'.*'connect'") as caught:
        callgate.create("acme.Widget", IUnknown, context=Context.LOCAL_SERVER)
    assert isinstance(caught.value, PermissionError)
    assert callgate.create("acme.Widget", IUnknown) is not None


def test_r16_14_info_tells_the_level(load_both: Loader, request: pytest.FixtureRequest) -> None:
    lib: Lib = load_both("component", IDL)
    with lib.component_create(CLSID["Widget"], IID["IShape"]) as shape:
        assert callgate.info(shape).authentication == ("none" if "here" in request.node.name else "connect")


def test_r16_14_a_program_demands_it_of_those_who_call_its_objects() -> None:
    """Every call of them is refused: what is found by name as well as what somebody holds."""
    with other_processes(1, "--demands", "connect") as (open_to_us,):
        assert open_to_us.get().add(1, 2) == 3
    with (
        pytest.raises(callgate.ComError, match=r"need the level 'privacy'.*'connect'.*R16\.14") as caught,
        other_processes(1, "--demands", "privacy") as (closed,),
    ):
        closed.get(ICalc)
    assert isinstance(caught.value, PermissionError)


LATE = """
import callgate
from tests.client.remoting.server import Calc
callgate.export(Calc(), "late")
try:
    callgate.initialize_security(authentication="privacy")
except callgate.RpcError as error:
    print(error.hresult == 0x80010119)
"""


def test_r16_14_it_is_said_before_others_can_call() -> None:
    run = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, env=os.environ, check=False)
    assert run.stdout.strip() == "True", run.stderr
    with pytest.raises(ValueError, match="there are none, connect"):
        callgate.initialize_security(authentication="some")
