"""libm: numbers in, numbers out."""

from __future__ import annotations

import math

from .stage import Stage

__all__ = ["mathematics"]

_PROTOTYPES = """
    double cos(double x);
    double pow(double x, double y);
    double frexp(double x, [out] int *exponent);
"""


def mathematics(stage: Stage) -> None:
    """Plain calls, names for arguments, and a value that comes back through a pointer."""
    with stage.load("libm, mathematics", "libm.so.6", _PROTOTYPES) as libm:
        stage.step("libm.cos(0.5)", lambda: libm.cos(0.5), math.cos(0.5))
        stage.step("libm.pow(2, y=10)", lambda: libm.pow(2, y=10), math.pow(2, 10))
        stage.step("libm.frexp(40.0)", lambda: libm.frexp(40.0), math.frexp(40.0))
        stage.fails('libm.cos("x")', lambda: libm.cos("x"), TypeError, "argument 1 'x' of cos")
