"""The C source and the prototypes of a library of random functions, and its compilation."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .callbacks import CallbackSlot
from .cases import Case, Types
from .kinds import Check
from .slots import assign

__all__ = ["Source", "compile_source", "write"]

_HEAD = """\
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

static char found[4096];
static int entered;
static void note(int id) { size_t n = strlen(found); if (n < 4000) snprintf(found + n, 16, "%d ", id); }
const char *report(void) { static char last[4096]; strcpy(last, found); found[0] = 0; return last; }
int times_called(void) { return entered; }
"""
_PROTOTYPES = "const char *report(void); int times_called(void);\n"


class Source(NamedTuple):
    """One library."""

    c: str
    prototypes: str
    paths: dict[str, list[str]]
    """What each check of a function looks at."""


def write(types: Types, cases: Sequence[Case]) -> Source:
    """A library of these functions."""
    definitions = [each.define() for group in types for each in group]
    c, prototypes, paths = [_HEAD, *definitions], [_PROTOTYPES, *definitions], {}
    for case in cases:
        for callback in case.callbacks:
            told, typed = callback.define()
            prototypes.append(told)
            c.append(typed)
        prototypes.append(f"{_head(case, [slot.prototype() for slot in case.slots])};")
        checks: list[str] = []
        c += [_head(case, [slot.declaration() for slot in case.slots]), "{", *_body(case, checks), "}"]
        paths[case.name] = checks
    return Source("\n".join(c) + "\n", "\n".join(prototypes), paths)


def _head(case: Case, parameters: list[str]) -> str:
    call = f"{case.name}({', '.join(parameters) or 'void'})"
    return f"void {call}" if case.result is None else case.result.declare(call)


def _body(case: Case, paths: list[str]) -> Iterator[str]:
    yield "entered++;"
    for slot in case.slots:
        yield from _noted(slot.checks(), paths)
    for slot in case.slots:
        yield from slot.writes()
        if isinstance(slot, CallbackSlot):
            yield from _noted(slot.checks_after(), paths)
            yield "}"
    if case.result is not None:
        yield f"{case.result.declare('answer')};"
        yield assign("answer", case.result, case.answer, "constant")
        yield "return answer;"


def _noted(checks: Iterator[Check], paths: list[str]) -> Iterator[str]:
    for path, condition in checks:
        yield f"if (!({condition})) note({len(paths)});"
        paths.append(path)


def compile_source(source: Source, target: str, *options: str) -> None:
    """Make a shared library of it. Raises CalledProcessError with what the compiler said."""
    command = ["gcc", "-shared", "-fPIC", "-w", "-std=gnu11", *options, "-x", "c", "-", "-o", target, "-lm"]
    subprocess.run(command, input=source.c, text=True, check=True, capture_output=True)
