"""Text and arrays: given, filled, edited in place, replaced by the library, in the caller's own memory."""

import array

import callgate

libc = callgate.load(
    "libc.so.6",
    """
    typedef struct _IO_FILE FILE;
    [free(free)] wchar_t *wcsdup(const wchar_t *text);
    int asprintf([out, free(free)] char **text, const char *format, ...);
    char *strcat([in, out, string] char *target, const char *source);
    size_t confstr(int name, [out, size_is(size)] char *buffer, size_t size);
    FILE *fmemopen([unique] void *memory, size_t size, const char *mode);
    ssize_t getline([in, out, free(free)] char **line, [in, out] size_t *room, FILE *stream);
    void swab([size_is(n)] const void *from, [out, size_is(n)] void *to, ssize_t n);
    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    int pipe([out] int descriptors[2]);
    """,
)

# wchar_t has four bytes here; char16_t would have two. Either way it is a str, and the copy is freed.
print("wide:", libc.wcsdup("naïve 😀"))

# What the library allocated comes back as a str, and is freed with the function that the declaration names.
print("made:", libc.asprintf("%s has %d", "it", 3))

# A StrBuf is memory for text; strcat edits it where it lies. What is written past its end is an error, not a mystery.
path = callgate.StrBuf(12, "/usr")
libc.strcat(path, "/lib")
print("edited:", path)
try:
    libc.strcat(path, "/far/too/long/for/it/in/any/encoding")
except callgate.BufferOverrunError as overrun:
    print("overrun:", str(overrun).partition(":")[0], "- still", path)

# How much room does it need? Ask, and once more with that much.
print("path:", callgate.grow_call(lambda buffer, size: libc.confstr(0, buffer, size), 4))

# The library may free the text it is given and store another one: None is NULL behind the pointer.
with callgate.buffer(libc, b"first line\nsecond line\n") as memory:
    stream = libc.fmemopen(memory, len(memory), "r")
    print("line:", libc.getline(None, 0, stream)[:2])

# Numbers in the caller's own memory: lists, arrays, NumPy arrays and other buffers are updated in place.
numbers = array.array("i", [5, -3, 12])
libc.qsort(numbers, 3, numbers.itemsize, lambda a, b: a - b)
swapped = bytearray(4)
libc.swab(b"abcd", swapped, 4)
descriptors = [0, 0]
print("sorted:", numbers.tolist(), "swapped:", swapped.decode(), "pipe:", libc.pipe(descriptors), len(set(descriptors)))

# What does not fit is refused by name, before the library is entered.
for bad in ([1, 2.5, 3], [1, 1 << 40, 3], array.array("d", [1, 2, 3])):
    try:
        libc.qsort(bad, 3, 4, lambda a, b: a - b)
    except callgate.MarshalError as error:
        print("refused:", str(error).partition(" of qsort")[0])
