"""The face that type checkers see: good programs pass, and every line marked `# E` is an error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOTS = [str(HERE.parent.parent / root) for root in ("client", "protocol", "transport", "native_host", "broker")]
MODULES = ("t_ok.py", "t_bad.py", "t_more.py", "t_more_bad.py", "t_header.py", "t_header_bad.py")

Found = Mapping[str, set[int]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user's own, with nothing of the project in it but the programs."""
    folder = tmp_path_factory.mktemp("programs")
    for module in MODULES:
        shutil.copy(HERE / module, folder)
    return folder


@pytest.fixture(scope="module")
def mypy(programs: Path) -> Found:
    """Lines at which mypy --strict sees errors, by file."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    finished = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", *MODULES],
        cwd=programs,
        env=os.environ | {"MYPYPATH": os.pathsep.join(ROOTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not finished.stderr, finished.stderr
    return _by_file(re.findall(r"^(\w+\.py):(\d+): error", finished.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def pyright(programs: Path) -> Found:
    """Lines at which pyright in strict mode sees errors, by file."""
    program = shutil.which("pyright") or shutil.which("pyright", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("pyright is not installed")
    settings = {
        "include": list(MODULES),
        "extraPaths": ROOTS,
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnusedExpression": False,
        "reportMissingModuleSource": False,
    }
    (programs / "pyrightconfig.json").write_text(json.dumps(settings))
    finished = subprocess.run(
        [program, "--outputjson", "--pythonpath", sys.executable],
        cwd=programs,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(finished.stdout)["generalDiagnostics"]
    except ValueError:
        pytest.skip(f"pyright does not run here: {(finished.stderr or finished.stdout)[:200]}")
    errors = [each for each in report if each["severity"] == "error"]
    places = [(Path(each["file"]).name, str(each["range"]["start"]["line"] + 1)) for each in errors]
    return _by_file(places)


def _by_file(places: list[tuple[str, str]]) -> Found:
    return {module: {int(line) for name, line in places if name == module} for module in MODULES}


def _marked(module: str) -> set[int]:
    lines = (HERE / module).read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.rstrip().endswith("# E")}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize("module", MODULES)
def test_errors_are_where_they_should_be(module: str, checker: str, request: pytest.FixtureRequest) -> None:
    """Exactly the marked lines are wrong, and the others right."""
    found: Found = request.getfixturevalue(checker)

    assert found[module] == _marked(module)


@pytest.mark.parametrize("module", ["t_bad.py", "t_more_bad.py", "t_header_bad.py"])
def test_there_are_marks(module: str) -> None:
    """The comparison above would also hold of an empty list."""
    assert len(_marked(module)) >= 6
