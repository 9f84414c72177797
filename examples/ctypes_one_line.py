"""An existing ctypes wrapper, crash-isolated by its first line."""

import callgate
from callgate import ctypes  # was: import ctypes

libc = ctypes.CDLL("libc.so.6", use_errno=True)


class Moment(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_int)
            for name in [
                "tm_sec",
                "tm_min",
                "tm_hour",
                "tm_mday",
                "tm_mon",
                "tm_year",
                "tm_wday",
                "tm_yday",
                "tm_isdst",
            ]
        ),
        ("tm_gmtoff", ctypes.c_long),
        ("tm_zone", ctypes.c_char_p),
    ]


COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, COMPARE]
libc.gmtime_r.argtypes = [ctypes.POINTER(ctypes.c_long), ctypes.POINTER(Moment)]


def sort(numbers: list[int]) -> list[int]:
    array = (ctypes.c_int * len(numbers))(*numbers)
    libc.qsort(array, len(array), ctypes.sizeof(ctypes.c_int), COMPARE(lambda a, b: a[0] - b[0]))
    return list(array)


def year(seconds: int) -> int:
    moment = Moment()
    libc.gmtime_r(ctypes.byref(ctypes.c_long(seconds)), ctypes.byref(moment))
    return 1900 + int(moment.tm_year)


print("sorted:", sort([5, -3, 12, 0]))
print("year:", year(1_000_000_000))
print("open:", libc.open(b"/no/such/file", 0), "errno:", ctypes.get_errno())

kept = ctypes.pointer(ctypes.c_int(5))
try:
    libc.memset(ctypes.c_void_p(8), 0, 100)
except callgate.HostCrashed as crash:
    print("crashed:", str(crash).partition(" ")[0], "in", crash.function)
print("go on:", sort([2, 1]))
try:
    print(kept.contents)
except callgate.ObjectGone:
    print("what lived in the old host is gone")
