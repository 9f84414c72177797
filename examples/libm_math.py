"""The smallest use: a library, two prototypes, calls. Each one is computed in another process."""

import inspect
import math

import callgate

libm = callgate.load(
    "libm.so.6",
    """
    double cos(double x);
    double pow(double x, double y);
    double frexp(double x, [out] int *exponent);     // [out]: not passed, comes back after the result
    float  fmaf(float x, float y, float z);
    long   lround(double x);
    """,
)

print("cos(0.5)   =", libm.cos(0.5))
print("pow(2, 10) =", libm.pow(2, y=10))
print("frexp(40)  =", libm.frexp(40.0))
print("fmaf       =", libm.fmaf(2.0, 3.0, 4.0))
print("lround     =", libm.lround(-2.5))

assert libm.cos(0.5) == math.cos(0.5)

# A function of a library looks like a Python function.
print(f"signature  = {inspect.signature(libm.pow)}")
print("functions  =", ", ".join(dir(libm)))

# What C would silently misread is refused before the library is called.
try:
    libm.cos("half")
except TypeError as error:
    print(error)
