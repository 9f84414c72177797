"""Objects of another machine: made there, found there, called from here, and calling back."""

import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import callgate

# This machine plays both parts, each with a configuration of its own. In a laboratory the other one has registered the
# class and runs the broker, and this one has its key: docs/machines.md.
folder = tempfile.TemporaryDirectory()
here, there = Path(folder.name, "here"), Path(folder.name, "there")
MODULE = """
from typing import Protocol
from callgate import IUnknown, f8, i4, interface

@interface("{5B1D5A9E-6A0B-4C7C-9C33-0B1C5A9E7F02}")
class IWatcher(IUnknown, Protocol):
    def Reached(self, level: f8) -> None: ...

@interface("{5B1D5A9E-6A0B-4C7C-9C33-0B1C5A9E7F03}")
class IBench(IUnknown, Protocol):
    def Raise(self, level: f8, watcher: IWatcher) -> i4: ...
    def Level(self) -> f8: ...

class Bench(IBench):
    def __init__(self) -> None:
        self._level = 0.0
    def Raise(self, level: float, watcher: IWatcher) -> int:
        steps = 0
        while self._level < level:
            self._level += 1.0
            steps += 1
            watcher.Reached(self._level)
        return steps
    def Level(self) -> float:
        return self._level
"""
EXPORTING = """
import sys, callgate, lab_bench
with callgate.connect(sys.argv[1]) as broker, broker.export(lab_bench.Bench(), "lab.shared"):
    print("ready", flush=True)
    sys.stdin.read()
"""
Path(folder.name, "lab_bench.py").write_text(MODULE)
sys.path.insert(0, folder.name)


def callgate_there(*words: str) -> str:
    """`callgate …`, on the other machine."""
    command = [sys.executable, "-m", "callgate", *words]
    done = subprocess.run(command, env=environment_there, check=True, capture_output=True, text=True)
    return done.stdout.strip()


environment_there = os.environ | {"XDG_CONFIG_HOME": str(there), "PYTHONPATH": os.pathsep.join(sys.path)}
os.environ["XDG_CONFIG_HOME"] = str(here)
made = [sys.executable, "-m", "callgate", "keys", "make", "default"]
mine = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()

callgate_there("keys", "make", "broker")
callgate_there("register", "lab_bench:Bench", "--progid", "lab.Bench", "--surrogate")
allow = Path(folder.name, "clients.toml")
allow.write_text(f'[laptop]\nkey = "{mine}"\nclasses = ["lab.*"]\nobjects = ["lab.shared"]\n')
listen = ["broker", "--name", "lab-there", "--listen", "tcp://127.0.0.1:0", "--allow", str(allow)]
broker = subprocess.Popen(
    [sys.executable, "-m", "callgate", *listen], env=environment_there, stdout=subprocess.PIPE, text=True
)
assert broker.stdout is not None
local = broker.stdout.readline().strip()
address, key = broker.stdout.readline().split()
program = subprocess.Popen(
    [sys.executable, "-c", EXPORTING, local],
    env=environment_there,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
)
assert program.stdin is not None
assert program.stdout is not None
program.stdout.readline()

# From here on it is what a program on a laptop does.
IBench: Any = import_module("lab_bench").IBench


class Watcher:
    """An object of this program, called by the one over there."""

    def __init__(self) -> None:
        self.levels: list[float] = []

    def Reached(self, level: float) -> None:  # noqa: N802 - as the interface says
        """Remember it."""
        self.levels.append(level)


with callgate.connect(address, server_key=key) as rig:
    bench, watcher = rig.create("lab.Bench", IBench), Watcher()
    print("steps:", bench.Raise(3.0, watcher), "- told of:", watcher.levels)
    print("another process:", callgate.info(bench).process not in (0, os.getpid()))
    print("private:", callgate.info(bench).authentication)

    shared = rig.get_object("lab.shared", IBench)
    shared.Raise(2.0, watcher)
    again = rig.get_object("lab.shared", IBench)
    print("the shared one:", again.Level(), "- one object, one proxy:", again is shared)

    for name in ("secret.Bench", "lab.Bensh"):
        try:
            rig.create(name, IBench)
        except (callgate.AccessDenied, callgate.ComError) as error:
            print(f"{type(error).__name__}:", str(error).partition(":")[0])

program.stdin.close()
program.wait()
program.stdout.close()
broker.terminate()
broker.wait()
broker.stdout.close()
folder.cleanup()
