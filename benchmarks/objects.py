"""`python -m benchmarks.objects`: what methods cost beside functions, what references cost, and when they are gone."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import callgate
from benchmarks.holder import Holder, IHolder
from benchmarks.rounds import Case, measure
from callgate.lib import binding_of
from callgate_protocol.system import HostFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callgate.host import Host

PROTOTYPES = """
    [object, local, uuid(00000050-CA11-4A7E-8000-C0DEC0DEC0DE)]
    interface IHalf : IUnknown {
        double Half(double value);
        HRESULT Give(double value, [out, retval] double *half);
    };
    double halved(double value);
    [throws] HRESULT give_half(double value, [out, retval] double *half);
    IHalf *make(void);
    int living(void);
"""
_SOURCE = Path(__file__).parent.parent / "tests" / "native" / "halves.c"
_AT_ONCE = 1_000
_HELD = 100
"""Objects that a client holds when it is killed."""
_PATIENCE = 60.0


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/libhalves.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", file, str(_SOURCE)], check=True)
        os.environ["CALLGATE_REGISTRY"] = folder
        callgate.register(Holder, progid="bench.Holder")
        with callgate.load(file, PROTOTYPES) as lib:
            python = _holder()
            _calls(lib, python)
            native, other = binding_of(lib).ready(), python._host  # noqa: SLF001 - its table is compared
            _references("native", options.references, lib.make, native)
            if options.python:
                _references("Python", options.references, python.Make, other)
            _killed("native", options.kills, lib.make, native)
            _killed("Python", options.kills, python.Make, other)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objects", description=__doc__)
    parser.add_argument("--references", type=int, default=100_000, help="how many are made and released")
    parser.add_argument("--python", action="store_true", help="as many between two Python processes")
    parser.add_argument("--kills", type=int, default=10, help="how many clients are killed, for each kind of owner")
    return parser.parse_args()


def _holder() -> Any:
    """A Python object in a process of its own."""
    return callgate.create("bench.Holder", IHolder, isolation="object")


def _calls(lib: callgate.Lib, python: Any) -> None:
    thing = lib.make()
    function = "HRESULT give_half(double, double *)"  # a typed method is one as well, unless it says otherwise
    cases = [
        Case("double halved(double)", lambda: lib.halved(3.0), 1000),
        Case("double Half(double), a method", lambda: thing.Half(3.0), 1000, "double halved(double)"),
        Case(function, lambda: lib.give_half(3.0), 1000),
        Case("HRESULT Give(…), a method", lambda: thing.Give(3.0), 1000, function),
        Case("Half of a Python object elsewhere", lambda: python.Half(3.0), 1000, function),
    ]
    for name, result in measure(cases, 5, lambda _text: None).items():
        ratio = f"  {result.ratio:.2f} times {result.case.against}" if result.ratio else ""
        print(f"{name:<40}{result.time * 1e6:8.1f} us{ratio}")


def _tables(host: Host) -> tuple[int, int]:
    """How many objects of a host this process has proxies of, and how many the host has given out."""
    return host.holdings.imported, host.system(HostFunction.INFO)["objects"]


@contextmanager
def _balanced(host: Host) -> Iterator[tuple[int, int]]:
    """At the end both tables are where they were at the start. Raises TimeoutError when they are not in time."""
    before = _settled(host, lambda tables: tables[0] == tables[1])
    yield before
    _settled(host, lambda tables: tables == before)


def _settled(host: Host, expected: Callable[[tuple[int, int]], bool]) -> tuple[int, int]:
    """The tables when what was given back has arrived. Raises TimeoutError."""
    gc.collect()
    end = time.monotonic() + _PATIENCE
    while not expected(tables := _tables(host)):
        if time.monotonic() > end:
            raise TimeoutError(f"the tables have {tables} objects, and nothing more is given back")
        time.sleep(0.01)
    return tables


def _references(kind: str, number: int, make: Callable[[], Any], host: Host) -> None:
    """So many made and released, some alive at a time."""
    started = time.perf_counter()
    with _balanced(host) as before:
        for _ in range(number // _AT_ONCE):
            held = [make() for _ in range(_AT_ONCE)]
            held.clear()
    seconds = time.perf_counter() - started
    each = seconds / number * 1e6
    print(f"{number} {kind} references made and released: {seconds:.1f} s, {each:.1f} us each; tables at {before}")


def _killed(kind: str, times: int, make: Callable[[], Any], host: Host) -> None:
    """How long after its death what a client held is gone from its owner's table: the least, the median, the most."""
    found = []
    for _ in range(times):
        with _balanced(host) as (_, before):
            holder = _holder()
            process = callgate.info(holder).process
            for _ in range(_HELD):
                holder.Hold(make())
            gc.collect()
            while (given := _tables(host)[1]) != before + _HELD:
                time.sleep(0.01)
            started = time.perf_counter()
            os.kill(process, signal.SIGKILL)
            while given > before:
                given = _tables(host)[1]
            found.append((time.perf_counter() - started) * 1e3)
    least, middle, most = min(found), statistics.median(found), max(found)
    print(f"{_HELD} {kind} objects of a killed client gone after {least:.1f}, {middle:.1f}, {most:.1f} ms")


if __name__ == "__main__":
    main()
