"""Made-up structs and unions by value: C checks every member against constants and gives back others.

The same seed makes the same types each time. What the face cannot pass it refuses; most it passes.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import callgate
from callgate import ctypes

_COUNT = 60
_SCALARS = {
    "signed char": ("c_byte", 7),
    "unsigned char": ("c_ubyte", 8),
    "short": ("c_short", 15),
    "unsigned": ("c_uint", 32),
    "int": ("c_int", 31),
    "long long": ("c_longlong", 63),
    "float": ("c_float", 0),
    "double": ("c_double", 0),
}


class Member(NamedTuple):
    """A scalar, an array of them, or a bit-field."""

    name: str
    spelling: str
    length: int
    bits: int

    def declared(self) -> str:
        behind = f"[{self.length}]" if self.length else f" : {self.bits}" if self.bits else ""
        return f"{self.spelling} {self.name}{behind};"

    def field(self) -> tuple[Any, ...]:
        kind = getattr(ctypes, _SCALARS[self.spelling][0])
        return (
            (self.name, kind * self.length) if self.length else (self.name, kind, *([self.bits] if self.bits else []))
        )

    def values(self, rng: random.Random) -> list[Any]:
        bits = self.bits or _SCALARS[self.spelling][1]
        count = max(1, self.length)
        if not bits:
            return [rng.randrange(-1000, 1000) / 4 for _ in range(count)]
        signed = not self.spelling.startswith("unsigned") and self.bits > 0
        top = (1 << (bits - signed)) - 1
        return [
            rng.randint(-top if signed or (not self.bits and "unsigned" not in self.spelling) else 0, top)
            for _ in range(count)
        ]

    def places(self, of: str) -> list[str]:
        return [f"{of}.{self.name}[{i}]" for i in range(self.length)] if self.length else [f"{of}.{self.name}"]


class Case(NamedTuple):
    """One type, what goes in and what comes back."""

    number: int
    word: str
    packed: bool
    members: list[Member]
    given: list[list[Any]]
    answer: list[list[Any]]

    @classmethod
    def made(cls, number: int) -> Case:
        rng = random.Random(number)
        word = "union" if rng.random() < 0.2 else "struct"
        spellings = ["unsigned"] if word == "struct" and rng.random() < 0.2 else list(_SCALARS)
        members = []
        for index in range(rng.randint(1, 5)):
            spelling = rng.choice(spellings)
            # only bit-fields of one type: before Python 3.14, ctypes puts others elsewhere than C compilers do
            bits = rng.randint(1, 31) if len(spellings) == 1 and rng.random() < 0.7 else 0
            length = rng.randint(1, 3) if not bits and rng.random() < 0.3 else 0
            members.append(Member(f"m{index}", spelling, length, bits))
        packed = word == "struct" and rng.random() < 0.2 and not any(member.bits for member in members)
        seen = members if word == "struct" else members[-1:]
        values = [[member.values(rng) for member in seen] for _ in range(2)]
        return cls(number, word, packed, members, *values)

    @property
    def seen(self) -> list[Member]:
        return self.members if self.word == "struct" else self.members[-1:]

    def c(self) -> str:
        name = f"{self.word} t{self.number}"
        pack = ("#pragma pack(push, 1)\n", "#pragma pack(pop)\n") if self.packed else ("", "")
        lines = [f"{pack[0]}{name} {{ {' '.join(member.declared() for member in self.members)} }};", pack[1]]
        lines.append(f"{name} f{self.number}(int before, {name} s, double behind) {{ {name} r; int bad = 0;")
        number = 0
        for member, given, answer in zip(self.seen, self.given, self.answer, strict=True):
            for place, result, value, back in zip(member.places("s"), member.places("r"), given, answer, strict=True):
                number += 1
                lines.append(f"  if (!bad && {place} != {value}) bad = {number};")
                lines.append(f"  {result} = {back};")
        lines.append("  problem = bad ? bad : before != 11 ? 98 : behind != 0.25 ? 99 : 0; return r; }")
        return "\n".join(lines)

    def kind(self) -> Any:
        base: Any = ctypes.Structure if self.word == "struct" else ctypes.Union
        body: dict[str, Any] = {"_fields_": [member.field() for member in self.members]}
        return type(base)(f"t{self.number}", (base,), body | ({"_pack_": 1} if self.packed else {}))


CASES = [Case.made(number) for number in range(_COUNT)]


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All of them, compiled."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder: Path = tmp_path_factory.mktemp("values")
    source = folder / "values.c"
    source.write_text("int problem = -1;\n" + "\n".join(case.c() for case in CASES))
    library = folder / "libvalues.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def passed(lib: Any, case: Case) -> bool:
    """Whether it went both ways; False when it was refused."""
    kind = case.kind()
    function = lib[f"f{case.number}"]
    function.argtypes, function.restype = [ctypes.c_int, kind, ctypes.c_double], kind
    value = kind()
    for member, given in zip(case.seen, case.given, strict=True):
        setattr(value, member.name, tuple(given) if member.length else given[0])
    try:
        back = function(11, value, 0.25)
    except callgate.MarshalDirectiveError:
        return False
    assert ctypes.c_int.in_dll(lib, "problem").value == 0, case.c()
    for member, answer in zip(case.seen, case.answer, strict=True):
        found = getattr(back, member.name)
        assert (list(found) if member.length else [found]) == answer, case.c()
    return True


def test_values_go_both_ways(lib: Any) -> None:
    """Each of them, and what is refused is packed crookedly."""
    refused = [case for case in CASES if not passed(lib, case)]

    assert all(case.packed for case in refused)
    assert len(refused) < _COUNT // 10
