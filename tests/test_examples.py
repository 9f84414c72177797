"""Every example runs alone, as a person would run it, and prints what it should."""

from __future__ import annotations

import ctypes.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
LONGEST = 60
LONGER = {
    "sevenzip.py": 140,  # an application of its own: three classes that 7-Zip calls
    "objects_elsewhere.py": 130,  # two machines, and what makes this one stand for both
}

EXPECTED = {
    "callbacks.py": r"""
        changes: \['cheese 1', 'cheese 2'\]
        too late: CallbackOnCollectedDelegateError - counted: 1
        stopped: that is enough
    """,
    "handles.py": r"""
        memory: written into memory of the host
        gone: ObjectGone
        closed: 0
        no file: None
        no converter: True - one: True
        owned: a copy that was freed
        not ours: the result of zlibVersion cannot be freed with free\(\)
        block: made with malloc 17
    """,
    "crash_and_go_on.py": r"""
        crashed: SIGSEGV in memset - had begun: True
        next call: 7
        a new host: True - hosts used up: 1
        gone: ObjectGone
        exited: status 3
        lost: HostCrashed
        cos\(0\) = 1\.0 - restarts of libm: 0
    """,
    "ctypes_one_line.py": r"""
        sorted: \[-3, 0, 5, 12\]
        year: 2001
        open: -1 errno: 2
        crashed: SIGSEGV in memset
        go on: \[1, 2\]
        what lived in the old host is gone
    """,
    "deadlines.py": r"""
        stopped: sqlite3_exec .*deadline.*
        waited about half a second: True
        the old database is gone
        a new one: code 0
        it was sleeping
        abs: 7
    """,
    "in_this_process.py": r"""
        this process: True - and there: False
        sorted: \[1, 2, 3\] - in the stack of the comparator: False
        sorted: \[1, 2, 3\] - in the stack of the comparator: True
        refused: argument 1 'base' of qsort: it has 1 elements, but 'n' says 2 \(R6\.3\)
        refused: argument 1 'base' of qsort: it has 1 elements, but 'n' says 2 \(R6\.3\)
        no deadlines: nothing can stop native code that runs in this process; leave one of the two out
    """,
    "classes_by_name.py": r"""
        registered: \[\('lab\.Thermometer', 'lab_devices:Thermometer', 'Both'\)\]
        read: 21\.5 in another process: True
        crashed: 6
        again: 21\.5
        failed with 0x800401f3 \(CO_E_CLASSSTRING\): no class is registered as .* did you mean 'lab\.Thermometer'\?
        failed with 0x80040154 \(REGDB_E_CLASSNOTREG\): class \{.*7FFF\} is not registered; see callgate classes
        left: \[\]
    """,
    "objects_elsewhere.py": r"""
        steps: 3 - told of: \[1\.0, 2\.0, 3\.0\]
        another process: True
        private: privacy
        the shared one: 2\.0 - one object, one proxy: True
        AccessDenied: the client 'laptop' may not create 'secret\.Bench'
        ComValueError: failed with 0x800401f3 \(CO_E_CLASSSTRING\)
    """,
    "header_zlib.py": r"""
        version: (True|False)
        compressed: True True
        argument 1 'dest' of compress: it has \d+ bytes, but 'destLen' says \d+ \(R6\.3\)
        'deflateInit' of the header of libz\.so\.1 cannot be used: it is a macro with arguments: .*
    """,
    "libc_tour.py": r"""
        sorted: \[-3, 0, 5, 12\]
        number: 42 rest: ' apples'
        div: 3 2 div_t\(quot=3, rem=2\)
        moon landing: 1969-07-20 20:17
        getenv: hello None
        snprintf: tea costs 1\.50, 3000000000 times \(32 bytes\)
        errno: 2
    """,
    "libm_math.py": r"""
        cos\(0\.5\)   = 0\.87758256189037\d+
        pow\(2, 10\) = 1024\.0
        frexp\(40\)  = \(0\.625, 6\)
        fmaf       = 10\.0
        lround     = -3
        signature  = \(x: 'double', y: 'double'\) -> 'double'
        functions  = cos, fmaf, frexp, lround, pow
        argument 1 'x' of cos: expected a number \(double\), got str 'half'
    """,
    "sevenzip.py": r"""
        formats: \d+ \['7z', 'bzip2', 'gzip'\]
        7z: 53600 -> \d{3} bytes, the same: True
        zip: 53600 -> \d{3} bytes, the same: True
        stopped: 0x80004004
        garbage: None
    """,
    "sevenzip_by_name.py": r"""
        registered: \['7zip\.7z', '7zip\.tar', '7zip\.zip'\]
        written: b'7z' read: \['0\.txt', '1\.txt', '2\.txt'\]
    """,
    "sqlite_query.py": r"""
        callback: \[\{'name': 'brie', 'price': '2\.5'\}, .* \{'name': 'gruyère', 'price': '5\.5'\}\]
        statement: cheddar 8\.0
        statement: gruyère 11\.0
        error: 1 no such column: colour
        closed: 0
    """,
    "system_types.py": r"""
        midnight: 1969-07-20 00:00:00
        days: 25404\.0
        amount: 922337203685477\.5807
        same: True
        two units: True
        argument 1 'moment' of floor: a DATE begins with the year 100, not with 99 \(R12\.4\)
        HResult\(0x80070005: E_ACCESSDENIED\) - a PermissionError: True
    """,
    "structs_and_unions.py": r"""
        ldiv: ldiv_t\(quot=9, rem=2\)
        parts of -2\.5: 1 1 0x4000000000000
        without its sign: 2\.5
        layout: Layout\(size=12, alignment=4, offsets=\{'left': 0, 'right': 8\}\)
        equal: True False
        decimal point: \.
        upper case: X
        sqrt\(-4\): 2j abs\(3\+4j\): 5\.0
    """,
    "text_and_arrays.py": r"""
        wide: naïve 😀
        made: \(8, 'it has 3'\)
        edited: /usr/lib
        overrun: 'target' as it came out of strcat - still /usr/lib
        path: .*/bin.*
        line: \(11, 'first line\\n'\)
        sorted: \[-3, 5, 12\] swapped: badc pipe: 0 2
        refused: argument 1 'base'\[1\]
        refused: argument 1 'base'\[1\]
        refused: argument 1 'base'
    """,
    "threads.py": r"""
        8 naps of 0\.2 s overlap: True
        sorted: \[\[3, 2, 1\], \[30, 20, 10\], \[9, 8, 7\]\]
        submitted: 499500\.0
    """,
    "typed_library.py": r"""
        a thousand million seconds: 2001-09-09
        and back: 1000000000
        number: 42 rest:  apples
        argument 1 'text' of strtol: expected a str, .* got int 12
        averages: 3 True
    """,
    "zlib_stream.py": r"""
        crc32: 0x25c7bd3f
        compressed: 220000 -> \d+ bytes
        inflated: 220000 bytes in 7 pieces
        the same: True
    """,
}
NEED_SQLITE = {"callbacks.py", "deadlines.py", "sqlite_query.py"}


def test_every_example_is_tested() -> None:
    """No example stands in the folder without a test of what it prints."""
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_output(name: str) -> None:
    """The example ends well, says nothing on standard error, and prints these lines."""
    if name in NEED_SQLITE and ctypes.util.find_library("sqlite3") is None:
        pytest.skip("libsqlite3 is not installed")

    finished = subprocess.run(
        [sys.executable, "-X", "utf8", str(EXAMPLES / name)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    lines = finished.stdout.splitlines()
    if lines[:1] and lines[0].startswith("skipped: "):
        pytest.skip(lines[0])
    patterns = [line.strip() for line in EXPECTED[name].strip().splitlines()]
    assert len(lines) == len(patterns), finished.stdout
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


@pytest.mark.parametrize("name", EXPECTED)
def test_length(name: str) -> None:
    """An example is read in one go."""
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= LONGER.get(name, LONGEST)
