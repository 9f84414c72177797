"""What type checkers have to refuse, though only the header knows the C."""

import callgate
from t_header import Z, z

z.crc32("0", b"abc")  # E
z.crc32(0, "abc")  # E
z.zlibVersion(1)  # E
z.compress(b"abc", 9, b"abc", 3)  # E
z.inflate(3)  # E
text: bytes = z.zlibVersion()  # E
callgate.library("libz.so.1", header=3)  # E
callgate.library("libz.so.1", headers="zlib.h")  # E
callgate.load(Z, header=3)  # E
