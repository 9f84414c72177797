"""The types of Windows' interfaces, with Python's own values: DATE, DECIMAL's cousin CURRENCY, GUID, BSTR, HRESULT.

The C library has none of them, but it has functions on numbers and bytes, which is all that they are.
"""

import uuid
from datetime import datetime
from decimal import Decimal

import callgate
from callgate.variant import BStrBytes

libm = callgate.load("libm.so.6", "DATE floor(DATE moment); double fabs(DATE moment);")
libc = callgate.load(
    "libc.so.6",
    """
    CURRENCY llabs(CURRENCY amount);
    int memcmp(REFGUID a, REFGUID b, size_t n);
    [throws] HRESULT atoi(const char *text);
    """,
)
strings = callgate.load("libc.so.6", "int memcmp(BSTR a, BSTR b, size_t bytes);")

# A DATE is a double: days since 1899-12-30.
print("midnight:", libm.floor(datetime(1969, 7, 20, 20, 17)))
print("days:", libm.fabs(datetime(1969, 7, 20)))

# A CURRENCY is ten-thousandths in 64 bits, whatever the precision of the caller's decimals.
print("amount:", libc.llabs(Decimal("-922337203685477.5807")))

# A GUID is sixteen bytes, in the order that C has them.
one = uuid.UUID("00020400-0000-0000-C000-000000000046")
print("same:", libc.memcmp(one, str(one), 16) == 0)

# A BSTR is UTF-16 with its length before it, so a NUL may stand inside.
print("two units:", strings.memcmp("a\0", BStrBytes(b"a\0\0\0"), 4) == 0)

# What does not fit is refused before native code runs.
try:
    libm.floor(datetime(99, 12, 31))
except OverflowError as problem:
    print(problem)

# A failing HRESULT is an exception, and the one that a Python user would catch.
try:
    libc.atoi(str(0x80070005 - 2**32))
except callgate.ComError as refused:
    print(refused.hresult, "- a PermissionError:", isinstance(refused, PermissionError))
