"""A library as a Python class: type checkers know what goes in and what comes back."""

from typing import Annotated, Protocol

import callgate
from callgate import Array, In, LPStr, Out, Ref, at_position, count_of, f8, int_, library, long_, offset_in, struct


@struct
class Tm:
    tm_sec: int_ = 0
    tm_min: int_ = 0
    tm_hour: int_ = 0
    tm_mday: int_ = 1
    tm_mon: int_ = 0
    tm_year: int_ = 70
    tm_wday: int_ = 0
    tm_yday: int_ = 0
    tm_isdst: int_ = 0
    tm_gmtoff: long_ = 0
    tm_zone: LPStr | None = None

    def __str__(self) -> str:  # Python's own: it never crosses
        return f"{1900 + self.tm_year}-{self.tm_mon + 1:02}-{self.tm_mday:02}"


End = Annotated[Out[int], offset_in("text"), at_position(1)]  # C has it in the middle; in Python it is a result


@library("libc.so.6")
class C(Protocol):
    def timegm(self, time: In[Ref[Tm]]) -> long_: ...
    def gmtime_r(self, seconds: In[Ref[long_]], result: Ref[Tm]) -> callgate.NativePtr | None: ...
    def strtol(self, text: LPStr, base: int_ = 10) -> tuple[long_, End]: ...
    def getloadavg(self, averages: Out[Array[f8]], n: int_ = count_of("averages")) -> int_: ...


libc = callgate.load(C)

moment = callgate.Box(Tm())
libc.gmtime_r(1_000_000_000, moment)
print("a thousand million seconds:", moment.value)
print("and back:", libc.timegm(moment.value))

number, end = libc.strtol("42 apples")
print("number:", number, "rest:", "42 apples"[end:])
try:
    libc.strtol(12)  # type: ignore[arg-type]  # a type checker sees it before callgate does
except callgate.InvalidCastError as error:
    print(error)

averages = [-1.0] * 3
print("averages:", libc.getloadavg(averages), min(averages) >= 0)
