"""The face that type checkers see: good programs pass, and every line marked `# E` is an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .checkers import Places, marked, mypy_errors, pyright_errors

HERE = Path(__file__).parent
GOOD = ("t_ok.py", "t_more.py", "t_header.py", "t_iface.py", "t_interface.py", "t_classes.py")
BAD = ("t_bad.py", "t_more_bad.py", "t_header_bad.py", "t_iface_bad.py", "t_interface_bad.py")
MODULES = GOOD + BAD


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user's own, with nothing of the project in it but the programs."""
    folder = tmp_path_factory.mktemp("programs")
    for module in MODULES:
        shutil.copy(HERE / module, folder)
    return folder


@pytest.fixture(scope="module")
def mypy(programs: Path) -> Places:
    """Where mypy sees errors."""
    return mypy_errors(programs, *MODULES)


@pytest.fixture(scope="module")
def pyright(programs: Path) -> Places:
    """Where pyright sees errors."""
    return pyright_errors(programs, *MODULES)


def _marked(module: str) -> Places:
    return marked(module, (HERE / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
@pytest.mark.parametrize("module", MODULES)
def test_errors_are_where_they_should_be(module: str, checker: str, request: pytest.FixtureRequest) -> None:
    """Exactly the marked lines are wrong, and the others right."""
    found: Places = request.getfixturevalue(checker)

    assert {place for place in found if place[0] == module} == _marked(module)


@pytest.mark.parametrize("module", BAD)
def test_there_are_marks(module: str) -> None:
    """The comparison above would also hold of an empty list."""
    assert len(_marked(module)) >= 2
