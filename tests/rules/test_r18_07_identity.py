"""R18.7 and R18.1: objects over each channel, and one object that is reached over two."""

# ruff: noqa: N802 - the names of methods are COM's
# mypy: disable-error-code="type-abstract"

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate_transport import registryfiles
from tests.component.declared import CLSID, IDL
from tests.conftest import wait_until
from tests.machines.rig import Rig

from .com import make, released
from .component_faces import IHolder

APP = "{AAAAAAAA-7E5C-4E0C-9B0D-1D7B6F5B0C12}"


class Callee:
    """What native code of another machine calls back."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def Step(self, number: int) -> int:
        self.threads.append(threading.get_ident())
        return 2 * number

    def Say(self, text: str) -> str:
        return f"{text}!"

    def Divide(self, a: int, b: int) -> int:
        return a // b

    def Again(self, holder: Any, depth: int) -> int:
        deepest: int = holder.Deeper(depth)
        return deepest

    def Shape(self) -> None:
        return None


@pytest.fixture(scope="module")
def rig(component: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A broker that is reached at several addresses, whose machine has a class registered."""
    path = tmp_path_factory.mktemp("registry") / "registry.toml"
    text = f'[CLSID."{{{CLSID["Holder"]}}}"]\nInprocServer = "{component}"\nProgID = "acme.Holder"\nAppID = "{APP}"\n'
    path.write_text(f'{text}[AppID."{APP}"]\nDllSurrogate = ""\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(registryfiles.OVERRIDE, str(path))
        rig = Rig(listen="tcp://0.0.0.0:0")
        rig.admit("laptop", classes=["acme.*"])
        with rig:
            yield rig


@pytest.fixture(params=["unix", "tcp", "one port"])
def lib(request: pytest.FixtureRequest, rig: Rig, component: str) -> Iterator[Any]:
    """The component over each channel."""
    key = str(rig.base / "laptop.key")
    address = f"tcp://127.0.0.1:{rig.port}"
    connection = (
        callgate.connect(rig.local)
        if request.param == "unix"
        else rig.connect(key, address=address, relay=request.param == "one port")
    )
    with connection, connection.load(component, IDL) as lib:
        yield lib


@pytest.mark.rule("R18.3", "R17.28")
def test_r18_01_objects_over_every_channel(lib: Any) -> None:
    """Native objects have one proxy, Python objects come home as themselves and are called back on every way."""
    with released(lib):
        holder = make(lib, "Holder", "IHolder")
        callee = Callee()
        holder.Keep(callee)
        assert holder.Kept() is callee
        assert holder.CallBack(4) == 0 + 2 + 4 + 6
        assert set(callee.threads) == {threading.get_ident()}
        callee.threads.clear()
        assert holder.CallFromThread(3) == 0 + 2 + 4
        assert threading.get_ident() not in callee.threads
        holder.Keep(holder)
        assert holder.Kept() is holder
        holder.Drop()
        del holder
        gc.collect()


def test_r18_07_one_object_over_two_channels(rig: Rig) -> None:
    """Straight to the host and through the broker's port, at two addresses: the same objects, and one session."""
    key = str(rig.base / "laptop.key")
    near, far = f"tcp://127.0.0.1:{rig.port}", f"tcp://127.0.0.4:{rig.port}"
    with rig.connect(key, address=near) as direct, rig.connect(key, address=far, relay=True) as relayed:
        first = direct.create("acme.Holder", IHolder)
        second = relayed.create("acme.Holder", IHolder)
        assert first is not second
        second.Keep(first)
        assert second.Kept() is first
        first.Keep(second)
        assert first.Kept() is second
        hosts = [host for host in direct.report()["hosts"] if host["state"] == "alive"]
        assert len(hosts) == 1
        first.Drop()
        second.Drop()
        process = hosts[0]["pid"]
        del first, second
        gc.collect()
        assert wait_until(lambda: not any(host["pid"] == process for host in relayed.report()["hosts"]))
