"""The README and the pages of `docs`: their commands are the real ones, and their programs run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from callgate.declare import parse

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "prototypes.md"
TRY_IT = "python3 -m venv .venv && .venv/bin/pip install '.[cli]' && .venv/bin/callgate demo"
TEST_IT = ".venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest -n auto"

RUNNER = '''
import ast, re, sys

names = globals()

def check(value, comment, line):
    """Compare what an expression gave with the comment behind it."""
    shown = repr(value)
    assert shown == comment, f"line {line}: {shown}, but the page says {comment}"

def instrumented(source, name):
    """The program, with every `expression   # → value` checked."""
    lines = source.splitlines()
    tree = ast.parse(source, name)
    class Checks(ast.NodeTransformer):
        def visit_Expr(self, node):
            promised = re.search("# → (.*)$", lines[node.end_lineno - 1])
            if promised is None:
                return node
            call = ast.Call(ast.Name("check", ast.Load()),
                            [node.value, ast.Constant(promised[1].strip()), ast.Constant(node.lineno)], [])
            return ast.copy_location(ast.Expr(call), node)
    return compile(ast.fix_missing_locations(Checks().visit(tree)), name, "exec")

names["check"] = check
for number, block in enumerate(sys.stdin.read().split("\\0"), 1):
    exec(instrumented(block, f"block {number}"), names)
'''


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of a page whose opening line says `kind`."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run(programs: list[str]) -> subprocess.CompletedProcess[str]:
    """Run blocks of Python one after the other, as a reader who types them would."""
    return subprocess.run(
        [sys.executable, "-X", "utf8", "-c", RUNNER],
        input="\0".join(programs),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_commands() -> None:
    """The README's two commands stand in it, each on a line of its own and once."""
    lines = README.read_text(encoding="utf-8").splitlines()

    assert (lines.count(TRY_IT), lines.count(TEST_IT)) == (1, 1)


def test_ci_runs_the_readme() -> None:
    """Continuous integration takes its test command out of the README, and finds this one."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -m1 -E '([^']*)' README\.md", script)

    assert pattern is not None
    assert re.findall(pattern[1], README.read_text(encoding="utf-8"), re.MULTILINE) == [TEST_IT]


WITHOUT_HEADERS = pytest.mark.skipif(
    not all(os.path.exists(f"/usr/include/{name}") for name in ("zlib.h", "sqlite3.h")),
    reason="the development packages of zlib and sqlite3 are not installed",
)


MARKS = {"headers.md": WITHOUT_HEADERS, "typed.md": WITHOUT_HEADERS}
PAGES = [
    pytest.param(page, id=page.name, marks=MARKS.get(page.name, ()))
    for page in (README, *sorted((ROOT / "docs").glob("*.md")))
    if blocks(page, "python")
]


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks(page: Path) -> None:
    """Every Python block runs, and every `# → value` in it is what comes out."""
    programs = blocks(page, "python")

    finished = run(programs)

    assert finished.returncode == 0, finished.stderr


def test_wrong_promises_are_found() -> None:
    """The check of the pages is one: a value that does not come out fails."""
    finished = run(["1 + 1   # → 3"])

    assert "2, but the page says 3" in finished.stderr


@pytest.mark.parametrize("text", blocks(GUIDE, "c prototypes"))
def test_prototype_blocks(text: str) -> None:
    """Every prototype that the guide tells to write is understood."""
    assert parse(text).functions


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """Links to files of this repository lead somewhere."""
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []
