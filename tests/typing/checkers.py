"""Type checkers, run on programs as a user would have them; they say at which lines they see errors."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

__all__ = ["Places", "marked", "mypy_errors", "pyright_errors"]

_ROOT = Path(__file__).parent.parent.parent
_SOURCES = [str(_ROOT / root) for root in ("client", "protocol", "transport", "native_host", "broker")]

Places = set[tuple[str, int]]
"""(file, line)."""


def marked(file: str, text: str) -> Places:
    """The lines of a file that end in `# E`: all that is wrong with it."""
    return {(file, number) for number, line in enumerate(text.splitlines(), 1) if line.rstrip().endswith("# E")}


def mypy_errors(folder: Path, *files: str) -> Places:
    """Where mypy --strict sees errors; skips without mypy."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", *files],
        cwd=folder,
        env=os.environ | {"MYPYPATH": os.pathsep.join(_SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    found = {(name, int(line)) for name, line in re.findall(r"^(\S+?):(\d+): error", done.stdout, re.MULTILINE)}
    assert found or "Success" in done.stdout, done.stdout
    return found


def pyright_errors(folder: Path, *files: str) -> Places:
    """Where pyright in strict mode sees errors; skips without pyright."""
    program = shutil.which("pyright") or shutil.which("pyright", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("pyright is not installed")
    settings = {
        "include": files,
        "extraPaths": _SOURCES,
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnusedExpression": False,
        "reportMissingModuleSource": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [program, "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(done.stdout)["generalDiagnostics"]
    except ValueError:
        pytest.skip(f"pyright does not run here: {(done.stderr or done.stdout)[:200]}")
    errors = [each for each in report if each["severity"] == "error"]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}
