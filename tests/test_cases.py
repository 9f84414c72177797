"""The pages of `docs/cases`: their C is compiled, their Python is run against it, and every `# → value` is checked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .test_readme import ROOT, blocks, run

CASES = ROOT / "docs" / "cases"


@pytest.mark.parametrize("page", sorted(CASES.glob("*.md")), ids=lambda page: page.stem)
def test_page(page: Path, tmp_path: Path) -> None:
    """A page does what it says."""
    (source,) = blocks(page, "c library")
    library = tmp_path / "libcase.so"
    compiler = os.environ.get("CC", "gcc")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), "-x", "c", "-"], input=source, text=True, check=True
    )

    finished = run([f"import callgate\nLIBRARY = {str(library)!r}", *blocks(page, "python")])

    assert finished.returncode == 0, finished.stderr
