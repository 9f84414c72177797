"""A broker with a tcp listener for each module, and the device of the tests loaded through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import callgate
from callgate import Connection, Lib
from callgate_transport import registryfiles
from tests.component.declared import CLSID
from tests.machines.device import DEVICE
from tests.machines.rig import Rig
from tests.network.namespaces import unavailable


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A broker that lets the client `laptop` load anything."""
    rig = Rig()
    rig.admit("laptop")
    with rig:
        yield rig


@pytest.fixture(scope="module", params=["direct", "relay"])
def connection(request: pytest.FixtureRequest, rig: Rig) -> Iterator[Connection]:
    """A connection to it: straight to the hosts, or through the broker's one port."""
    with rig.connect(rig.admit("laptop"), relay=request.param == "relay") as connection:
        yield connection


@pytest.fixture
def device(connection: Connection, compiled: Callable[[str], str]) -> Iterator[Lib]:
    """The library, in a host of its own for each test."""
    lib = connection.load(compiled("machines"), DEVICE)
    yield lib
    callgate.close(lib)


@pytest.fixture(scope="session")
def namespaces() -> None:
    """For tests that make machines of their own: namespaces are not allowed everywhere."""
    reason = unavailable()
    if reason:
        pytest.skip(f"no machines of their own here: {reason}")


def entry(name: str, component: str, app: str) -> str:
    return f'[CLSID."{{{CLSID[name]}}}"]\nInprocServer = "{component}"\nProgID = "acme.{name}"\nAppID = "{app}"\n'


@pytest.fixture(scope="module")
def classes(component: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A broker whose machine has classes registered, and a client that may create some of them."""
    app, other, sealed = (f"{{{letter * 8}-7E5C-4E0C-9B0D-1D7B6F5B0C12}}" for letter in "ABC")
    path = tmp_path_factory.mktemp("registry") / "registry.toml"
    text = entry("Widget", component, app) + entry("Calculator", component, app) + entry("Recorder", component, other)
    text += entry("Holder", component, app)
    text += f'[AppID."{app}"]\nDllSurrogate = ""\n[AppID."{other}"]\nDllSurrogate = ""\nAccessPermission = ["self"]\n'
    text += entry("Faulty", component, sealed) + f'[AppID."{sealed}"]\nDllSurrogate = ""\n'
    text += 'AuthenticationLevel = "privacy"\n'
    path.write_text(text + f'[CLSID."{{{CLSID["Source"]}}}"]\nInprocServer = "{component}"\nProgID = "acme.Source"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(registryfiles.OVERRIDE, str(path))
        rig = Rig()
        rig.admit("laptop", classes=["acme.Widget", "acme.Calculator", "acme.Recorder", "acme.Faulty", "acme.S*"])
        with rig:
            yield rig
