"""Classes by name: registered once, made with `callgate.create`, wherever they run."""

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import callgate

# A registry of this example's own; `callgate register` writes into the user's.
folder = tempfile.TemporaryDirectory()
os.environ["CALLGATE_REGISTRY"] = folder.name

# A module that could be an extension that crashes now and then.
MODULE = """
import os
from typing import Protocol
from callgate import IUnknown, f8, i4, interface

@interface("{5B1D5A9E-6A0B-4C7C-9C33-0B1C5A9E7F01}")
class IThermometer(IUnknown, Protocol):
    def Read(self) -> f8: ...
    def Process(self) -> i4: ...
    def Break(self) -> None: ...

class Thermometer(IThermometer):
    def Read(self) -> float:
        return 21.5
    def Process(self) -> int:
        return os.getpid()
    def Break(self) -> None:
        os.abort()
"""
Path(folder.name, "lab_devices.py").write_text(MODULE)
sys.path.insert(0, folder.name)
IThermometer: Any = import_module("lab_devices").IThermometer

callgate.register("lab_devices:Thermometer", progid="lab.Thermometer")
print("registered:", [(each.progid, each.server, each.threading) for each in callgate.classes()])

thermometer = callgate.create("lab.Thermometer", IThermometer)
print("read:", thermometer.Read(), "in another process:", thermometer.Process() != os.getpid())

try:
    thermometer.Break()
except callgate.HostCrashed as crash:
    print("crashed:", crash.signal)
print("again:", callgate.create("lab.Thermometer", IThermometer).Read())

for name in ("lab.Termometer", "{5B1D5A9E-6A0B-4C7C-9C33-0B1C5A9E7FFF}"):
    try:
        callgate.create(name, IThermometer)
    except callgate.ComError as error:
        print(error)

callgate.unregister("lab.Thermometer")
print("left:", callgate.classes())
folder.cleanup()
