"""Two machines of a lab: where they are, how they are reached, and (for this example) brokers to stand in for them.

In a real lab each machine runs `callgate broker --listen tcp://0.0.0.0:5570 --allow clients.toml` as a service, and
this file holds nothing but the addresses. Here both machines are this one: two loopback addresses, with keys that are
made on the spot.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
ADDRESSES = {"a": "127.0.0.1", "b": "127.0.0.2"}
DRIVER = """
    typedef [release(scope_close)] struct scope scope;
    typedef int (*trigger_cb)(int index);
    scope *scope_open(int channel);
    void scope_close([closes] scope *device);
    int scope_set_range(scope *device, int range);
    int scope_capture(scope *device, [in, out, size_is(count)] double *samples, int count);
    int scope_watch(scope *device, double level, int count, trigger_cb trigger);
    int scope_self_test(scope *device, int ms);
"""


class Lab:
    """Brokers for all machines, with one key for the tests. Tells the tests where they are by the environment."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="lab-")
        self._path = Path(self._directory.name)
        self._brokers: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        os.environ["XDG_CONFIG_HOME"] = str(self._path)
        driver = self._path / "libscope.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(driver), str(HERE / "scope.c")], check=True)
        tests = self._run("keys", "make", "tests").split()[0]
        allow = self._path / "clients.toml"
        allow.write_text(f'[tests]\nkey = "{tests}"\nlibraries = ["{driver}"]\n')
        for name, address in ADDRESSES.items():
            self._run("keys", "make", name)
            where = ["--listen", f"tcp://{address}:0", "--allow", str(allow), "--key", str(self._key(name))]
            command = [sys.executable, "-m", "callgate", "broker", "--name", f"lab-{name}", *where]
            broker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self._brokers.append(broker)
            assert broker.stdout is not None
            broker.stdout.readline()  # its address for programs on the same machine
            listens, public = broker.stdout.readline().split()
            self._run("keys", "trust", listens, public)
            os.environ[f"LAB_{name.upper()}"] = listens
        os.environ["LAB_KEY"] = str(self._key("tests"))
        os.environ["LAB_DRIVER"] = str(driver)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for broker in self._brokers:
            broker.terminate()
            broker.wait()
            assert broker.stdout is not None
            broker.stdout.close()
        self._directory.cleanup()

    def _key(self, name: str) -> Path:
        return self._path / "callgate" / f"{name}.key"

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-m", "callgate", *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
