"""Layouts against cffi's own parser and against the compiler, and how libraries are found."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cffi  # type: ignore[import-untyped]
import pytest

from callgate_native_host.backend import Backend
from callgate_native_host.convert.records import RawConverter, StructureConverter
from callgate_native_host.measure import measure_abi
from callgate_native_host.probing import candidates, open_library
from callgate_protocol.abi import Abi
from callgate_protocol.errors import Fault
from callgate_protocol.model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    Array,
    CType,
    Field,
    Pointer,
    Record,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)

from .bench import Bench

SPELLINGS = INTEGERS | FLOATS | COMPLEX | {"bool": "_Bool"}
BIT_TYPES = ("uchar", "short", "uint", "int", "ulong", "bool")


class Structs:
    """Structs made at random, in the model and in C."""

    def __init__(self, seed: int, count: int) -> None:
        self._random = random.Random(seed)
        self.records: list[Record] = []
        for number in range(count):
            self.records.append(self._record(f"S{number:03}"))

    def _record(self, name: str) -> Record:
        pack = self._random.choice((0, 0, 0, 1, 2, 4))
        fields = tuple(self._field(f"f{index}", bits=not pack) for index in range(self._random.randint(1, 7)))
        return Record(name, fields, self._random.random() < 0.2, pack)

    def _field(self, name: str, *, bits: bool) -> Field:
        if bits and self._random.random() < 0.25:
            scalar = self._random.choice(BIT_TYPES)
            most = {"uchar": 8, "short": 16, "bool": 1}.get(scalar, 20)
            return Field(name, Scalar(scalar), bits=self._random.randint(1, most))
        return Field(name, self._type())

    def _type(self) -> CType:
        chance = self._random.random()
        if chance < 0.15:
            return Pointer(Void())
        if chance < 0.35 and self.records:
            return StructType(self._random.choice(self.records).name)
        element: CType = Scalar(self._random.choice(list(SPELLINGS)))
        return Array(element, self._random.randint(1, 5)) if chance < 0.55 else element

    @property
    def library(self) -> TypeLibrary:
        return TypeLibrary(records=tuple(self.records))


def c_field(field: Field) -> str:
    array = field.type if isinstance(field.type, Array) else None
    ctype, suffix = (array.element, f"[{array.length}]") if array else (field.type, "")
    if isinstance(ctype, Pointer):
        return f"void *{field.name};"
    base = f"T_{ctype.name}" if isinstance(ctype, StructType) else SPELLINGS[ctype.name]  # type: ignore[union-attr]
    return f"{base} {field.name}{suffix}{f' : {field.bits}' if field.bits else ''};"


def c_record(record: Record) -> str:
    word = "union" if record.union else "struct"
    return f"typedef {word} {{ {' '.join(map(c_field, record.fields))} }} T_{record.name};"


@pytest.fixture(scope="module")
def structs() -> Structs:
    return Structs(seed=20250, count=150)


def layouts(structs: Structs) -> Iterator[tuple[Record, StructureConverter | RawConverter]]:
    bench = Bench("libc.so.6", structs.library)
    for record in structs.records:
        yield record, bench.library.space.record(record.name)


def test_layouts_are_those_of_cffi(structs: Structs) -> None:
    """R7.1, R7.5: size, alignment and offsets of random structs equal what cffi's own parser makes of the C text."""
    backend = Backend()
    ffi = cffi.FFI()
    for record in structs.records:
        ffi.cdef(c_record(record), pack=record.pack or None)
    for record, ours in layouts(structs):
        theirs = ffi.typeof(f"T_{record.name}")
        expected = [ffi.sizeof(theirs), ffi.alignof(theirs), [field.offset for _, field in theirs.fields]]
        assert expected == [ours.size, backend.alignof(ours.ctype), [each.offset for each in ours.layout.values()]], (
            c_record(record)
        )


def test_layouts_are_those_of_the_compiler(structs: Structs, tmp_path: Path) -> None:
    """R7.1: gcc gives every random struct the same size and offsets."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (gcc) on this machine")
    source, program = tmp_path / "layouts.c", tmp_path / "layouts"
    source.write_text(c_program(structs.records))
    subprocess.run([compiler, "-w", "-o", str(program), str(source)], check=True)
    printed = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()

    ours = [
        [found.size, *(found.layout[field.name].offset for field in record.fields if not field.bits)]
        for record, found in layouts(structs)
    ]

    assert [list(map(int, line.split())) for line in printed] == ours


def c_program(records: list[Record]) -> str:
    lines = ["#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>", "#include <sys/types.h>"]
    lines += ["#include <uchar.h>", "#include <wchar.h>"]
    for record in records:
        lines += [f"#pragma pack(push, {record.pack})" if record.pack else "", c_record(record)]
        lines += ["#pragma pack(pop)" if record.pack else ""]
    lines.append("int main(void) {")
    for record in records:
        offsets = [f"offsetof(T_{record.name}, {field.name})" for field in record.fields if not field.bits]
        values = ", ".join(f"(long)({each})" for each in (f"sizeof(T_{record.name})", *offsets))
        lines.append(f'printf("{" ".join(["%ld"] * (1 + len(offsets)))}\\n", {values});')
    return "\n".join([*lines, "return 0; }"])


def test_the_abi_is_the_compilers(tmp_path: Path) -> None:
    """R2.13: sizes and signs of all scalars that welcome tells are those that gcc uses."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (gcc) on this machine")
    source, program = tmp_path / "abi.c", tmp_path / "abi"
    spellings = {**SPELLINGS, "pointer": "void *"}
    lines = ["#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>", "#include <sys/types.h>"]
    lines += ["#include <uchar.h>", "#include <wchar.h>", "int main(void) {"]
    for name, spelling in spellings.items():
        signed = f"({spelling})-1 < ({spelling})1" if name in INTEGERS else "0"
        lines.append(f'printf("{name} %d %d\\n", (int)sizeof({spelling}), {signed});')
    source.write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run([compiler, "-w", "-o", str(program), str(source)], check=True)
    printed = [
        line.split()
        for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    ]

    abi = measure_abi(Backend())

    assert abi.sizes == {name: int(size) for name, size, _ in printed}
    assert abi.signed == {name for name, _, signed in printed if signed == "1"}
    assert Abi.from_map(abi.as_map()) == abi


def test_packed_bit_fields_are_refused() -> None:
    """A bit-field that no `int` around it could hold whole is a TypeLoadError, never a guess."""
    fields = (Field("a", Scalar("int"), bits=5), Field("b", Scalar("int"), bits=28))
    bench = Bench("libc.so.6", TypeLibrary(records=(Record("S", fields, pack=2),)))

    with pytest.raises(Fault, match="cannot be laid out") as caught:
        bench.library.space.record("S")

    assert caught.value.name == "TypeLoadError"


def test_no_parser_is_ever_imported(gallery_file: str) -> None:
    """The host never parses C: importing and using all of it loads neither cffi's front end nor pycparser."""
    code = """
import sys
import callgate_native_host.template
from tests.native_host.bench import Bench
from tests.native_host.gallery import GALLERY
bench = Bench(sys.argv[1], GALLERY)
for number, function in enumerate(GALLERY.functions):
    if function.name != "absent":
        bench.library.function(number)
for delegate in GALLERY.delegates:
    bench.library.delegate(delegate.name)
print(sorted({"pycparser", "cffi", "ctypes"} & set(sys.modules)))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    printed = subprocess.run(
        [sys.executable, "-c", code, gallery_file], check=True, capture_output=True, text=True, env=environment
    )

    assert printed.stdout.strip() == "[]"


PROBES: list[tuple[str, list[str]]] = [
    ("foo", ["foo.so", "libfoo.so", "foo", "libfoo"]),
    ("foo.so", ["foo.so", "libfoo.so", "foo.so.so", "libfoo.so.so"]),
    ("foo.so.6", ["foo.so.6", "libfoo.so.6", "foo.so.6.so", "libfoo.so.6.so"]),
    ("a/foo", ["a/foo.so", "a/foo"]),
    ("./foo.so", ["./foo.so", "./foo.so.so"]),
    ("/abs/foo.so", ["/abs/foo.so"]),
    ("/abs/foo", ["/abs/foo"]),
]


@pytest.mark.parametrize(("name", "expected"), PROBES)
def test_names_are_probed_in_order(name: str, expected: list[str]) -> None:
    """R2.10: suffix and prefix depend on the name; an absolute path is taken as it is."""
    assert expected == candidates(name)


def test_the_first_meaningful_attempt_is_reported(tmp_path: Path) -> None:
    """R2.10: a file that is there and cannot be loaded is named before those that are not there."""
    broken = tmp_path / "broken.so"
    broken.write_text("no library")

    def problem(name: str) -> Fault:
        with pytest.raises(Fault) as caught:
            open_library(Backend(), name)
        return caught.value

    assert "cannot open shared object file" in problem("certainly-not-there").message
    assert (
        "invalid ELF header" in problem(f"{tmp_path}/broken.so").message
        or "file too short" in problem(str(broken)).message
    )
    assert {problem(name).name for name in ("", "a\0b", "nowhere")} == {"DllNotFoundError"}


def test_a_library_is_found_without_its_prefix() -> None:
    """R2.10: `m.so.6` finds libm."""
    assert open_library(Backend(), "m.so.6").file == "libm.so.6"


def test_missing_functions_are_known_at_once(bench: Bench) -> None:
    """R2.11: loading says which declared functions the file does not have."""
    missing: list[Any] = [bench.library.model.functions[number].name for number in bench.library.missing]

    assert missing == ["absent"]
