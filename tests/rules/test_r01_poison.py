"""R1.17 in a program that looks for pointers which outlive their call: `CALLGATE_POISON=1`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

PROGRAM = """
import sys, callgate
lib = callgate.load(sys.argv[1], "void keep(const char *p); int kept_byte(void);", isolation=sys.argv[2])
memory = callgate.load(sys.argv[1], "void keep(const void *p); int kept_byte(void);", isolation=sys.argv[2])
for text in ("first", "second", "x" * 5000):
    lib.keep(text)
    print(hex(lib.kept_byte()), end=" ")
with callgate.buffer(memory, b"stays") as block:
    memory.keep(block)
    print(hex(memory.kept_byte()))
"""


@pytest.mark.parametrize("isolation", ["library", "none"])
def test_r01_17_a_pointer_that_was_kept_too_long_reads_poison(compiled: Callable[[str], str], isolation: str) -> None:
    """Text that was given for a call is 0xDD after it, each time; memory that stays is itself."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, compiled("directions"), isolation],
        env={**os.environ, "CALLGATE_POISON": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.split() == ["0xdd", "0xdd", "0xdd", "0x73"], done.stderr
