"""Handles: they end once, whoever lets go of them first, and never while a call uses them."""

import callgate

libc = callgate.load(
    "libc.so.6",
    """
    typedef [release(fclose)] struct _IO_FILE FILE;                       // a FILE * closes itself
    typedef [release(iconv_close), invalid(0, -1)] struct iconv *iconv_t; // -1 says that there is none
    FILE *fopen(const char *path, const char *mode);
    FILE *fmemopen(void *memory, size_t size, const char *mode);
    int fputs(const char *text, FILE *file);
    int fclose([closes] FILE *file);
    char *fgets([out, size_is(n)] char *line, int n, FILE *file);
    iconv_t iconv_open(const char *to, const char *from);
    [free] char *strdup(const char *text);
    """,
)

# `with` ends it; so does callgate.release, and so does nobody holding it any more.
memory = callgate.buffer(libc, 64)
with libc.fmemopen(memory, 64, "w") as file:
    libc.fputs("written into memory of the host", file)
print("memory:", callgate.string(memory))
try:
    libc.fputs("too late", file)
except callgate.ObjectGone as error:
    print("gone:", type(error).__name__)

# A function of the library that ends it itself says so: [closes].
print("closed:", libc.fclose(libc.fopen("/dev/null", "w")))

# None is NULL: there is no such file. Other values that mean a failure are handles too, and are never ended.
print("no file:", libc.fopen("/no/such/file", "r"))
nothing = libc.iconv_open("no such code", "utf-8")
print(
    "no converter:", callgate.is_invalid(nothing), "- one:", not callgate.is_invalid(libc.iconv_open("utf-16", "utf-8"))
)

# What the library hands out is freed with the function that is named; what cannot be freed is not, and is said.
print("owned:", libc.strdup("a copy that was freed"))
wrong = callgate.load("libz.so.1", "[free] char *zlibVersion(void);")
try:
    wrong.zlibVersion()
except callgate.OwnershipError as error:
    print("not ours:", str(error).partition(":")[0])

# Memory for native code to keep and free: a block of the heap.
block = callgate.alloc_string(libc, "made with malloc")
print("block:", callgate.string(block), len(block))
callgate.free(block)
