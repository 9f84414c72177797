"""libz: buffers, and a struct whose address the library remembers."""

from __future__ import annotations

import zlib

import callgate
from callgate import Lib

from .stage import Stage

__all__ = ["compression"]

_PROTOTYPES = """
    typedef struct z_stream_s {
        const unsigned char *next_in; unsigned avail_in; unsigned long total_in;
        unsigned char *next_out; unsigned avail_out; unsigned long total_out;
        const char *msg; void *state; void *zalloc; void *zfree; void *opaque;
        int data_type; unsigned long adler; unsigned long reserved;
    } z_stream;
    const char *zlibVersion(void);
    unsigned long crc32(unsigned long crc, [size_is(len)] const void *buf, unsigned len);
    unsigned long compressBound(unsigned long source_len);
    int compress([out, size_is(*dest_len)] void *dest, [in, out] unsigned long *dest_len,
                 [size_is(source_len)] const void *source, unsigned long source_len);
    int inflateInit_([in, out] z_stream *stream, const char *version, int stream_size);
    int inflate([in, out] z_stream *stream, int flush);
    int inflateEnd([in, out] z_stream *stream);
"""
_Z_OK, _Z_STREAM_END, _Z_NO_FLUSH = 0, 1, 0


def compression(stage: Stage) -> None:
    """A checksum, compression into a bytearray, and inflating piece by piece with a stream in the host."""
    data = b"callgate calls native libraries in another process. " * 4000
    with stage.load("libz, compression", "libz.so.1", _PROTOTYPES) as libz:
        stage.say(f"data = {len(data)} bytes")
        stage.step("libz.crc32(0, data, len(data))", lambda: libz.crc32(0, data, len(data)), zlib.crc32(data))
        packed = bytearray(libz.compressBound(len(data)))
        done: list[int] = []
        stage.step("libz.compress(packed, …, data, …)", lambda: _compressed(libz, packed, data, done), _Z_OK)
        del packed[done[0] :]
        stage.say(f"packed = {len(packed)} bytes")
        stage.step("Python's zlib.decompress(packed) == data", lambda: zlib.decompress(packed) == data, True)
        stage.say('stream = callgate.new(libz, "z_stream"); zlib remembers its address between calls')
        stage.step("inflate(packed) in pieces of 16 kB", lambda: _inflated(libz, packed) == data, True)


def _compressed(libz: Lib, packed: bytearray, data: bytes, done: list[int]) -> int:
    code, length = libz.compress(packed, len(packed), data, len(data))
    done.append(length)
    return int(code)


def _inflated(libz: Lib, packed: bytearray) -> bytes:
    """What inflating gives, through a stream and two buffers that stay where they are in the host."""
    pieces = []
    with (
        callgate.new(libz, "z_stream") as stream,
        callgate.buffer(libz, packed) as source,
        callgate.buffer(libz, 16_384) as target,
    ):
        stream.next_in, stream.avail_in = source, len(source)
        code = libz.inflateInit_(stream, libz.zlibVersion(), callgate.sizeof(libz, "z_stream"))
        while code == _Z_OK:
            stream.next_out, stream.avail_out = target, len(target)
            code = libz.inflate(stream, _Z_NO_FLUSH)
            pieces.append(target[: stream.next_out - target])
        libz.inflateEnd(stream)
    return b"".join(pieces) if code == _Z_STREAM_END else b""
