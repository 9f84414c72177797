"""What `docs/performance.md` attributes to a benchmark, that benchmark measures. No figure is judged here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

OBJECTS = r"""
double halved\(double\) +[\d.]+ us
double Half\(double\), a method +[\d.]+ us  [\d.]+ times double halved\(double\)
HRESULT give_half\(double, double \*\) +[\d.]+ us
HRESULT Give\(…\), a method +[\d.]+ us  [\d.]+ times HRESULT give_half\(double, double \*\)
Half of a Python object elsewhere +[\d.]+ us  [\d.]+ times HRESULT give_half\(double, double \*\)
2000 native references made and released: .* tables at \(0, 0\)
2000 Python references made and released: .* tables at \(1, 1\)
100 native objects of a killed client gone after [\d.]+, [\d.]+, [\d.]+ ms
100 Python objects of a killed client gone after [\d.]+, [\d.]+, [\d.]+ ms
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler (gcc)")
def test_objects() -> None:
    """`python -m benchmarks.objects`: every line is there, and both tables come back to where they were."""
    command = [sys.executable, "-X", "utf8", "-m", "benchmarks.objects", "--python", "--references=2000", "--kills=1"]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=100, check=True).stdout.splitlines()
    patterns = OBJECTS.strip().splitlines()

    assert len(said) == len(patterns), said
    for line, pattern in zip(said, patterns, strict=True):
        assert re.fullmatch(pattern, line), line
