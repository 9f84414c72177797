"""`python -m benchmarks.objects`: what a method costs beside a function, and what references cost."""

from __future__ import annotations

import gc
import subprocess
import tempfile
import time
from pathlib import Path

import callgate
from benchmarks.rounds import Case, measure

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
_REFERENCES = 100_000
_AT_ONCE = 1_000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/libhalves.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", file, str(_SOURCE)], check=True)
        with callgate.load(file, PROTOTYPES) as lib:
            _calls(lib)
            _references(lib)


def _calls(lib: callgate.Lib) -> None:
    thing = lib.make()
    cases = [
        Case("double halved(double)", lambda: lib.halved(3.0), 1000),
        Case("double Half(double), a method", lambda: thing.Half(3.0), 1000, "double halved(double)"),
        Case("HRESULT give_half(double, double *)", lambda: lib.give_half(3.0), 1000),
        Case("HRESULT Give(…), a method", lambda: thing.Give(3.0), 1000, "HRESULT give_half(double, double *)"),
    ]
    for name, result in measure(cases, 5, lambda _text: None).items():
        ratio = f"  {result.ratio:.2f} times {result.case.against}" if result.ratio else ""
        print(f"{name:<40}{result.time * 1e6:8.1f} us{ratio}")


def _references(lib: callgate.Lib) -> None:
    """So many made and released, some alive at a time; both tables are where they were."""
    gc.collect()
    started = time.perf_counter()
    for _ in range(_REFERENCES // _AT_ONCE):
        held = [lib.make() for _ in range(_AT_ONCE)]
        held.clear()
    seconds = time.perf_counter() - started
    while lib.living():
        time.sleep(0.01)
    print(f"{_REFERENCES} references made and released: {seconds:.1f} s, {seconds / _REFERENCES * 1e6:.1f} us each")


if __name__ == "__main__":
    main()
