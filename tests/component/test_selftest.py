"""The COM component of the tests keeps COM's rules itself: driven by C++ alone, it has all its counts back at zero."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.component.declared import CLSID, IDL, IID
from tests.conftest import COMPONENT, CXX_FLAGS

HEADER = (COMPONENT / "faces.h").read_text().replace(" MS ", " ")
_METHOD = re.compile(r"^ {4}(?:\[[^\]]*\] )?[\w ]+? \*?(\w+)\(.*\);$")
_SLOT = re.compile(r"^ {4}virtual (?!~)[\w ]+? \*?(\w+)\(")


def test_the_component_keeps_its_own_rules(component: str, tmp_path: Path) -> None:
    """Slots, values, calls back, late binding, events, other shapes, aggregation: and no object is left."""
    compiler = shutil.which("g++")
    assert compiler is not None
    program, folder = tmp_path / "selftest", Path(component).parent
    source = str(COMPONENT / "selftest.cpp")
    libraries = [f"-L{folder}", "-lcomponent", f"-Wl,-rpath,{folder}"]
    subprocess.run([compiler, *CXX_FLAGS, "-o", str(program), source, *libraries], check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("objects lived and are gone, 0 faults\n")


def _slots(text: str, begins: str, pattern: re.Pattern[str]) -> list[str]:
    """The methods of an interface, in order; the header's get_, put_ and putref_ are the IDL's attributes."""
    body = re.split(r"\n(?:END|};)", text[text.index(begins) :])[0]
    found = [match[1] for line in body.splitlines() if (match := pattern.match(line))]
    return [re.sub("^(get|put|putref)_", "", name) for name in found]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"^interface (\w+) :", IDL, re.MULTILINE)) - {"IShifted"}))
def test_the_declarations_have_the_slots_of_the_header(name: str) -> None:
    """A method more or less, or two that changed places, would call the wrong code. IShifted has no class of C++."""
    begins = f"FACE({name}," if f"FACE({name}," in HEADER else f"struct {name} "
    own = [slot for slot in _slots(HEADER, begins, _SLOT) if slot not in ("QueryInterface", "AddRef", "Release")]
    assert _slots(IDL, f"interface {name} :", _METHOD) == own


def test_the_declarations_have_the_guids_of_the_header() -> None:
    """Interfaces and classes are known by them alone: one digit that differs is another interface."""
    numbers = {name: guid.fields[0] for name, guid in {**IID, **CLSID}.items() if guid.fields[1] == 0xCA11}
    written = dict(re.findall(r"FACE\((\w+), \w+, (0x\w+)\)", HEADER))
    written |= re.findall(r"struct (\w+)(?: : IUnknown)? {\n    static constexpr GUID IID = OWN\((0x\w+)\)", HEADER)
    written |= re.findall(r"constexpr GUID IID_(\w+) = OWN\((0x\w+)\)", HEADER)
    classes = dict(re.findall(r"CLASS\((\w+), (0x\w+)\);", HEADER))
    own = {name: int(number, 16) for name, number in written.items()}
    assert numbers == own | {name: 0x100 + int(number, 16) for name, number in classes.items()}
