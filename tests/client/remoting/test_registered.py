"""Interfaces that the process of an object knows from a registered type library only (R15.12, R17.15)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate.com.declared import declared_of
from callgate.host import Host
from callgate.remoting.neighbours import adopt, meet
from callgate_protocol.system import HostFunction
from callgate_protocol.typelib import decode_library
from callgate_transport import registryfiles

ADDER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B1101}"
TEXT = f"""
    [uuid(3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B1100), version(1.0)] library Adders {{
        [object, uuid({ADDER[1:-1]})] interface IAdder : IUnknown {{
            HRESULT add([in] long a, [in] long b, [out, retval] long *sum);
        }};
    }};
"""


SERVER = """
import sys
from callgate.process import current

class Adder:
    def add(self, a, b):
        return a + b

listener = current().listener()
adder = Adder()
sys.stdout.write(f"{listener.link} {listener.incarnation.hex()} {listener.servant.names.add(adder)}\\n")
sys.stdout.flush()
sys.stdin.read()
"""
"""Its object is of a class that says nothing about interfaces."""


@contextmanager
def exported() -> Iterator[Host]:
    """A process that has never heard of IAdder, and exports an object with its methods."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        link, incarnation, _ = process.stdout.readline().split()
        met = meet(bytes.fromhex(incarnation), link, "calc")
        yield met
        met.close("the test is over")
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A type library that is not registered yet, and a registry of its own."""
    monkeypatch.setenv(registryfiles.OVERRIDE, str(tmp_path / "registered"))
    path = tmp_path / "adders.idl"
    path.write_text(TEXT)
    return path


def adder(host: Host, interface: Any) -> Any:
    declared = declared_of(interface)
    return adopt(host, host.system(HostFunction.NAMED, "1", declared.iid), declared)


def test_r17_15_a_registered_description_lets_an_object_cross(file: Path) -> None:
    callgate.register(str(file))
    interface = callgate.idl(file=file).IAdder
    with exported() as host:
        found = adder(host, interface)
        assert found.add(40, 2) == 42
        assert isinstance(found, interface)
        described = decode_library(host.system(HostFunction.DESCRIBE, ADDER))
        assert described.interface("IAdder") == declared_of(interface).interface
        callgate.release(found)


@pytest.mark.rule("R19.36")
def test_r17_15_without_one_it_does_not(file: Path) -> None:
    interface = callgate.idl(file=file).IAdder
    with exported() as host:
        with pytest.raises(callgate.InvalidCastError, match=r"does not implement .*R14\.2"):
            adder(host, interface)
        assert host.system(HostFunction.DESCRIBE, ADDER) is None


def test_r17_15_with_a_changed_one_it_does_not(file: Path) -> None:
    callgate.register(str(file))
    interface = callgate.idl(file=file).IAdder
    file.write_text(TEXT.replace("[in] long b,", "[in] hyper b,"))
    with exported() as host, pytest.raises(callgate.DeclarationError, match="otherwise than when it was registered"):
        adder(host, interface)
