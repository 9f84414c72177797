"""libz: buffers with lengths, and a struct whose address the library remembers."""

from __future__ import annotations

import zlib as python_zlib

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import Loader

ZLIB = """
    typedef unsigned char Bytef;
    typedef unsigned long uLong;
    typedef uLong uLongf;
    typedef unsigned int uInt;
    typedef void *voidpf;
    typedef voidpf (*alloc_func)(voidpf opaque, uInt items, uInt size);
    typedef void (*free_func)(voidpf opaque, voidpf address);
    struct internal_state;
    typedef struct z_stream_s {
        const Bytef *next_in; uInt avail_in; uLong total_in;
        Bytef *next_out; uInt avail_out; uLong total_out;
        const char *msg; struct internal_state *state;
        alloc_func zalloc; free_func zfree; voidpf opaque;
        int data_type; uLong adler; uLong reserved;
    } z_stream;
    const char *zlibVersion(void);
    uLong crc32(uLong crc, [size_is(len)] const Bytef *buf, uInt len);
    uLong compressBound(uLong sourceLen);
    int compress([out, size_is(*destLen)] Bytef *dest, [in, out] uLongf *destLen,
                 [size_is(sourceLen)] const Bytef *source, uLong sourceLen);
    int uncompress([out, size_is(*destLen)] Bytef *dest, [in, out] uLongf *destLen,
                   [size_is(sourceLen)] const Bytef *source, uLong sourceLen);
    int inflateInit_([in, out] z_stream *strm, const char *version, int stream_size);
    int inflate([in, out] z_stream *strm, int flush);
    int inflateEnd([in, out] z_stream *strm);
"""
DATA = b"callgate " * 20_000


@pytest.fixture(scope="module")
def libz(load_both: Loader) -> Lib:
    """zlib in both ways."""
    return load_both("libz.so.1", ZLIB)


def test_crc32(libz: Lib) -> None:
    """A buffer given as bytes reaches the library whole."""
    assert libz.crc32(0, DATA, len(DATA)) == python_zlib.crc32(DATA)


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 100_000, 5 << 20, 20 << 20])
def test_buffers_of_every_size(libz: Lib, size: int) -> None:
    """Inline, as a bulk frame and in chunks: the bytes that arrive are the bytes that were sent."""
    data = bytes(range(256)) * (size // 256 + 1)

    assert libz.crc32(0, data[:size], size) == python_zlib.crc32(data[:size])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_kinds_of_buffers(libz: Lib, kind: type) -> None:
    """Anything with the buffer protocol is a buffer."""
    assert libz.crc32(0, kind(DATA), len(DATA)) == python_zlib.crc32(DATA)


def test_count_beyond_the_buffer(libz: Lib) -> None:
    """R6.3: a length beyond the buffer is refused before native code could read past its end."""
    with pytest.raises(callgate.ArgumentError, match="argument 2 'buf' of crc32: it has 3 bytes, but 'len' says 4"):
        libz.crc32(0, b"abc", 4)


def test_compress(libz: Lib) -> None:
    """A caller's bytearray is filled in place, and the length comes back."""
    target = bytearray(libz.compressBound(len(DATA)))

    code, length = libz.compress(target, len(target), DATA, len(DATA))

    assert code == 0
    assert python_zlib.decompress(target[:length]) == DATA


def test_large_outs(libz: Lib) -> None:
    """20 MB come back in place."""
    data = bytes(range(256)) * (20 << 12)
    packed = python_zlib.compress(data, 1)
    target = bytearray(len(data))

    code, length = libz.uncompress(target, len(target), packed, len(packed))

    assert (code, length) == (0, len(data))
    assert target == data


def test_immutable_target(libz: Lib) -> None:
    """R1.18: bytes cannot be filled."""
    with pytest.raises(callgate.InvalidCastError, match="argument 1 'dest' of compress"):
        libz.compress(b"123", 3, b"", 0)


def test_streaming_inflate(libz: Lib) -> None:
    """zlib accepts the stream in every call, so its address did not change; pointers subtract to what was made."""
    packed = python_zlib.compress(DATA)
    made = b""
    stream = callgate.new(libz, "z_stream")
    assert libz.inflateInit_(stream, libz.zlibVersion(), callgate.sizeof(libz, "z_stream")) == 0
    with callgate.buffer(libz, packed) as source, callgate.buffer(libz, 4096) as target:
        stream.next_in, stream.avail_in = source, len(source)
        code = 0
        while code == 0:
            stream.next_out, stream.avail_out = target, len(target)
            code = libz.inflate(stream, 0)
            made += target[: stream.next_out - target]
        assert code == 1
        assert stream.next_in - source == len(packed)
    assert libz.inflateEnd(stream) == 0
    assert made == DATA
    callgate.free(stream)


def test_identity_of_memory(libz: Lib) -> None:
    """A buffer whose address the library hands back is the same Python object."""
    stream = callgate.new(libz, "z_stream")
    target = callgate.buffer(libz, 16)
    stream.next_out = target

    assert stream.next_out is target
    assert stream.next_in is None


def test_freed_memory(libz: Lib) -> None:
    """Freed memory cannot be used."""
    memory = callgate.buffer(libz, 16)
    callgate.free(memory)

    with pytest.raises(callgate.ObjectGone, match="freed"):
        bytes(memory)


def test_unknown_member(libz: Lib) -> None:
    """A wrong member name is an AttributeError that lists the right ones."""
    stream = callgate.new(libz, "z_stream")

    with pytest.raises(AttributeError, match="next_in"):
        stream.next_inn = None


def test_buffer_slices(libz: Lib) -> None:
    """Slices of a buffer read and write in the host."""
    with callgate.buffer(libz, b"0123456789") as memory:
        memory[2:4] = b"ab"
        assert memory[1:5] == b"1ab4"
        assert bytes(memory) == b"01ab456789"
        with pytest.raises(callgate.ArgumentError):
            memory[0:3] = b"toolong"


def test_values_out_of_a_members_range(libz: Lib) -> None:
    """A member refuses what its C type cannot hold, and names itself."""
    stream = callgate.new(libz, "z_stream")

    with pytest.raises(callgate.OutOfRange, match="member 'avail_in' of z_stream"):
        stream.avail_in = -1


def test_struct_comes_home_as_itself() -> None:
    """The address of a host-owned struct that the library hands back is the object that the user holds."""
    prototypes = "struct pair { int a, b; }; void *memset(struct pair *p, int c, size_t n);"
    with callgate.load("libc.so.6", prototypes) as libc:
        pair = callgate.new(libc, "pair")

        assert libc.memset(pair, 1, 8) is pair
        assert pair.a == 0x01010101
