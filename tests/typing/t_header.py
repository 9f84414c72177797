"""A library of which the header says the C: plain annotations are enough, and markers may stand among them."""

from __future__ import annotations

from typing import Annotated, Any, Protocol, assert_type

import callgate
from callgate import count_of, library, native, prototype, size_is, size_t, ulong


@library("libz.so.1", header="zlib.h", include_dirs=["/usr/include"], defines="Z_SOLO")
class Z(Protocol):
    def zlibVersion(self) -> str: ...
    def crc32(self, crc: int, buf: bytes, n: int = count_of("buf")) -> int: ...
    def compress(self, dest: bytearray, size: int, source: bytes, n: int) -> tuple[int, int]: ...
    def crc32_z(self, crc: ulong, buf: Annotated[bytes, size_is("n")], n: size_t) -> ulong: ...
    @native(entry_point="adler32")
    def checksum(self, adler: int, buf: bytes, n: int) -> int: ...
    @prototype("uLong adler32_z(uLong start, [size_is(n)] const Bytef *data, z_size_t n)")
    def adler32_z(self, start: int, data: bytes, n: int) -> int: ...


z = callgate.load(Z, deadline=2)
assert_type(z, Z)
assert_type(z.zlibVersion(), str)
assert_type(z.crc32(0, b"abc"), int)
assert_type(z.compress(bytearray(9), 9, b"abc", 3), tuple[int, int])
assert_type(z.crc32_z(0, b"abc", 3), int)
constants: Any = callgate.types(z)
