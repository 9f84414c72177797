"""Runs one module of the standard library's own ctypes tests with `callgate.ctypes` in the place of `ctypes`.

`python -m tests.ctypes_face.standard test_callbacks` prints one JSON object: test → [outcome, reason]. The outcomes are
`passed`, `refused` (by `NotAcrossProcesses`, or because Python 3.11 lets no class written in Python export a buffer),
`skipped` (by the test itself) and `failed`.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
import unittest
from pathlib import Path
from typing import Any

from callgate import ctypes as face
from callgate.ctypes import NotAcrossProcesses, wintypes
from callgate.ctypes.refusals import NoBuffer, refuse

__all__ = ["folder", "modules"]

_NO_BUFFER = ("a bytes-like object is required", "cannot convert", "no buffer")


OTHER = {"test_macholib": "file names of another system; not part of what callgate.ctypes offers"}
"""Modules that test nothing of the face."""


def folder() -> Path | None:
    """Where the tests are; None when the interpreter came without them."""
    for name in ("ctypes.test", "test.test_ctypes"):
        try:
            spec = importlib.util.find_spec(name)
        except ImportError:
            continue
        if spec is not None and spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations)))
    return None


def modules() -> list[str]:
    """Names of the test modules."""
    found = folder()
    return sorted(path.stem for path in found.glob("test_*.py")) if found is not None else []


class Recorder(unittest.TestResult):
    """Outcome and reason of each test."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[str, list[str]] = {}

    def _note(self, test: unittest.TestCase, outcome: str, reason: str = "") -> None:
        name = ".".join(test.id().split(".")[-2:])
        if self.outcomes.get(name, ["passed"])[0] in ("passed", "skipped"):
            self.outcomes[name] = [outcome, reason]

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        self._note(test, "passed")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802 - unittest's name
        self._note(test, "skipped", reason)

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        self._note(test, *judge(err[1]))

    addFailure = addError  # noqa: N815 - unittest's name

    def addSubTest(self, test: Any, _subtest: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        if err is not None:
            self.addError(test, err)


def judge(error: BaseException | None) -> tuple[str, str]:
    """Whether an exception is a refusal, and its words."""
    first = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300]
    while error is not None:
        if isinstance(error, NotAcrossProcesses):
            return "refused", error.feature
        if isinstance(error, NoBuffer) or (
            isinstance(error, TypeError) and "bytes-like object is required" in str(error)
        ):
            return "refused", "the buffer protocol"
        error = error.__cause__ or error.__context__
    return "failed", first


def put_in_place(tests: Path) -> None:
    """`ctypes`, `_ctypes` and what belongs to them are ours from now on."""
    shim = types.ModuleType("_ctypes")
    shim.__dict__.update({name: value for name, value in vars(face).items() if not name.startswith("__")})
    shim.CTYPES_MAX_ARGCOUNT = 1024  # type: ignore[attr-defined]
    for name in ("PyObj_FromPtr", "Py_INCREF", "Py_DECREF"):
        setattr(shim, name, lambda *_, name=name: refuse(name, "Python objects stay in this process"))
    sys.modules |= {"ctypes": face, "_ctypes": shim, "ctypes.util": face.util, "ctypes.wintypes": wintypes}
    for name in [name for name in sys.modules if name.startswith(("ctypes.test", "test.test_ctypes"))]:
        del sys.modules[name]
    package = load("ctypes.test", tests / "__init__.py")
    face.test = package  # type: ignore[attr-defined]


def load(name: str, path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(name: str) -> int:
    tests = folder()
    assert tests is not None
    if name in OTHER:
        sys.stdout.write(json.dumps({"(the module)": ["skipped", OTHER[name]]}) + "\n")
        return 0
    recorder = Recorder()
    put_in_place(tests)
    try:
        module = load(f"ctypes.test.{name}", tests / f"{name}.py")
    except unittest.SkipTest as skipped:
        recorder.outcomes["(the module)"] = ["skipped", str(skipped)]
    except BaseException as error:
        recorder.outcomes["(the module)"] = list(judge(error))
    else:
        setattr(face.test, name, module)  # type: ignore[attr-defined]
        unittest.defaultTestLoader.loadTestsFromModule(module).run(recorder)
    sys.__stdout__.write("\n" + json.dumps(recorder.outcomes) + "\n")  # type: ignore[union-attr]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
