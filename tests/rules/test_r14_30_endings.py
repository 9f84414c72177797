"""R14.30: proxies end with their block, their program, or the last reference, and ending twice is nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from tests.client.remoting.processes import shared_broker
from tests.conftest import wait_until

from .com import CLSID, IDL, IID

PROGRAM = """
import os
import sys

import callgate
from tests.component.declared import CLSID, IDL, IID


class Sink:
    def OnValue(self, value): ...
    def OnText(self, text): ...
    def OnAsk(self, value): return value


broker = callgate.connect(sys.argv[1])
lib = broker.load(sys.argv[2], IDL, isolation="shared:endings")
types = callgate.types(lib)
kept = [lib.component_create(CLSID[name], IID["IUnknown"]) for name in ("Widget", "Calculator", "Source", "Holder")]
source = callgate.query(kept[2], types.ISource)
connection = callgate.advise(source, types.ISourceEvents, Sink())
callgate.query(kept[3], types.IHolder).Keep(kept[0])
assert source.Fire(1) == 1
print(lib.component_live(), flush=True)
if sys.argv[3] == "killed":
    os.kill(os.getpid(), 9)
if sys.argv[3] == "raised":
    raise SystemExit(3)
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A shared broker, and its address."""
    with shared_broker("endings") as address:
        yield address


@pytest.fixture(scope="module")
def lib(broker: str, component: str) -> Iterator[Any]:
    """The component, in a host that programs share."""
    with callgate.connect(broker) as connection:
        yield connection.load(component, IDL, isolation="shared:endings")


@pytest.mark.parametrize("how", ["ended", "raised", "killed"])
def test_r14_30_a_program_that_ends_with_live_objects(lib: Any, broker: str, component: str, how: str) -> None:
    """However it ends: all its references are given back, and those that native code had to its objects with them."""
    program = [sys.executable, "-c", PROGRAM, broker, component, how]
    root = Path(__file__).parents[2]
    ended = subprocess.run(program, capture_output=True, text=True, cwd=root, timeout=60, check=False)
    assert int(ended.stdout) >= 4, ended.stderr
    assert ended.returncode == {"ended": 0, "raised": 3, "killed": -9}[how]
    assert ended.stderr == ""
    assert wait_until(lambda: lib.component_live() == 0)
    assert lib.component_references(0) == 0


def test_r14_30_ending_twice_is_nothing(lib: Any) -> None:
    """A block, `final_release` and the collector in any order; afterwards every use says what happened."""
    with lib.component_create(CLSID["Widget"], IID["IShape"]) as shape:
        assert shape.Area() == 4.0
        callgate.final_release(shape)
    callgate.final_release(shape)
    with pytest.raises(callgate.ObjectGone, match=r"R14\.12"):
        shape.Area()
    assert wait_until(lambda: lib.component_live() == 0)
