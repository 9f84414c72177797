"""zlib: whole buffers, and a stream. zlib remembers the stream's address, so the stream lives in the host."""

import zlib

import callgate

libz = callgate.load(
    "libz.so.1",
    """
    typedef struct {
        const unsigned char *next_in;  unsigned avail_in;  unsigned long total_in;
        unsigned char       *next_out; unsigned avail_out; unsigned long total_out;
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
    """,
)
Z_OK, Z_STREAM_END, Z_NO_FLUSH = 0, 1, 0

data = b"All work and no play makes Jack a dull boy.\n" * 5000
print("crc32:", hex(libz.crc32(0, data, len(data))))
assert libz.crc32(0, data, len(data)) == zlib.crc32(data)

# compress() fills a bytearray of ours and says how much of it it used.
packed = bytearray(libz.compressBound(len(data)))
code, length = libz.compress(packed, len(packed), data, len(data))
assert code == Z_OK
del packed[length:]
print(f"compressed: {len(data)} -> {len(packed)} bytes")

# inflate() goes on where it stopped: stream and buffers stay where they are in the host, and nothing is copied twice.
pieces = []
with (
    callgate.new(libz, "z_stream") as stream,
    callgate.buffer(libz, packed) as source,
    callgate.buffer(libz, 32_768) as target,
):
    stream.next_in, stream.avail_in = source, len(source)
    code = libz.inflateInit_(stream, libz.zlibVersion(), callgate.sizeof(libz, "z_stream"))
    while code == Z_OK:
        stream.next_out, stream.avail_out = target, len(target)
        code = libz.inflate(stream, Z_NO_FLUSH)
        pieces.append(target[: stream.next_out - target])
    assert code == Z_STREAM_END, stream.msg
    print(f"inflated: {stream.total_out} bytes in {len(pieces)} pieces")
    libz.inflateEnd(stream)
print("the same:", b"".join(pieces) == data)
