"""`callgate register`, `unregister` and `classes` at a terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate_transport import registryfiles

from .test_cli import run

ROOT = Path(__file__).parents[2]
PLAYER = "{3CA6A62E-7E5C-4E0C-9B0D-1D7B6F5B0C12}"

MODULE = """
import abc
class Player:
    @classmethod
    def __callgate_register__(cls, clsid): print("registering", clsid)
    @classmethod
    def __callgate_unregister__(cls, clsid): print("unregistering", clsid)
    def open(self, path): return path
class NeedsPath:
    def __init__(self, path): pass
class Abstract(abc.ABC):
    @abc.abstractmethod
    def open(self): ...
class _Hidden: pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a module in it and registrations of its own."""
    (tmp_path / "acme_player.py").write_text(MODULE)
    monkeypatch.setenv(registryfiles.OVERRIDE, str(tmp_path / "registered"))
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, paths)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_library_is_registered_listed_and_taken_back(folder: Path) -> None:
    """Paths become absolute; the table fits a terminal; --json says everything."""
    path = folder / "registered" / f"{PLAYER.strip('{}').lower()}.toml"

    finished = run("register", "./libplayer.so", "--clsid", PLAYER, "--progid", "acme.Player", "--threading", "Both")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == f"registered in {path}\n"

    shown = run("classes").stdout.split()
    assert [word for word in shown if word in ("acme.Player", PLAYER)] == ["acme.Player", PLAYER]
    (listed,) = json.loads(run("classes", "--json").stdout)["classes"]
    assert (listed["server"], listed["threading"]) == (str(folder / "libplayer.so"), "Both")

    again = run("register", "./libplayer.so", "--clsid", PLAYER)
    assert (again.returncode, again.stdout) == (1, "")
    assert "is there already" in again.stderr

    assert run("unregister", "acme.Player").stdout == f"unregistered from {path}\n"
    assert run("classes").stdout == "No class is registered.\n"


def test_r16_17_a_python_class_is_registered(folder: Path) -> None:
    """Its interpreter and folder are stored, its hooks run once each, and it is Both."""
    finished = run("register", "acme_player:Player", "--progid", "acme.Player")

    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.count("registering {") == 1
    (listed,) = json.loads(run("classes", "--json").stdout)["classes"]
    text = Path(listed["file"]).read_text()
    assert (listed["progid"], listed["threading"]) == ("acme.Player", "Both")
    assert f'Path = ["{folder}", "' in text
    assert sys.executable in text

    finished = run("unregister", "acme.Player")
    assert (finished.returncode, finished.stdout.count("unregistering {")) == (0, 1)


@pytest.mark.rule("R16.3", "R19.39")
@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("acme_player:NeedsPath", "cannot be created without arguments: missing a required argument: 'path'"),
        ("acme_player:Abstract", "is abstract: it has no open"),
        ("acme_player:_Hidden", "is not public"),
        ("acme_player:Nothing", "has no attribute 'Nothing'"),
        ("acme_nothing:Nothing", "No module named 'acme_nothing'"),
    ],
)
def test_r16_17_what_nobody_can_create_is_not_registered(folder: Path, server: str, said: str) -> None:
    """Only public, whole classes without arguments: else CLASS_E_CLASSNOTAVAILABLE."""
    finished = run("register", server)

    assert (finished.returncode, finished.stdout) == (2, "")
    assert said in finished.stderr
    assert "0x80040111 (CLASS_E_CLASSNOTAVAILABLE)" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (folder / "registered").exists()


@pytest.mark.skipif(not Path("/usr/lib/p7zip/7z.so").exists(), reason="7-Zip (p7zip-full) is not installed")
def test_r16_04_what_the_page_says_of_7_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of `docs/registry.md` and its Python, for a user who has registered nothing."""
    page = (ROOT / "docs" / "registry.md").read_text(encoding="utf-8")
    shown = page[page.index("`examples/7zip.toml`") : page.index("`examples/sevenzip_by_name.py`")]
    commands = [line.removeprefix("$ callgate ").split() for line in shown.splitlines() if line.startswith("$ ")]
    code = shown[shown.index("```python notest\n") :].split("\n", 1)[1].partition("```")[0]
    monkeypatch.delenv(registryfiles.OVERRIDE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)

    registering, listing = [run(*words) for words in commands]
    assert (registering.returncode, registering.stderr) == (0, "")
    assert registering.stdout == f"registered in {tmp_path}/callgate/registry.d/7zip.toml\n"
    assert {"7zip.7z", "7zip.zip", "7zip.tar"} <= set(listing.stdout.split())
    known: dict[str, Any] = {"callgate": callgate}
    exec(code, known)  # the page's own words
    archive = known["archive"]
    assert callgate.info(archive).process not in (0, os.getpid())
    assert callgate.query(archive, known["types"].IOutArchive) is archive
    assert run("unregister", "7zip.InArchive").returncode == 0
    with pytest.raises(callgate.ComError, match="CO_E_CLASSSTRING"):
        callgate.create("7zip.InArchive", known["types"].IInArchive)
    callgate.final_release(archive)
