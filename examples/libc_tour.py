"""A tour of libc: what C does with pointers, structs and `...`, and what it looks like from Python."""

import callgate

libc = callgate.load(
    "libc.so.6",
    """
    typedef struct { int quot; int rem; } div_t;
    struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
                long tm_gmtoff; const char *tm_zone; };

    void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, int (*compare)(const int *a, const int *b));
    long strtol(const char *text, [out, offset(text)] char **end, int base);
    div_t div(int numerator, int denominator);
    struct tm *gmtime_r(const time_t *moment, [out] struct tm *result);
    const char *getenv(const char *name);
    int  setenv(const char *name, const char *value, int overwrite);
    int  snprintf([out, size_is(n)] char *s, size_t n, const char *format, ...);
    int  open(const char *path, int flags);
    """,
)

# An array that is changed in place, and a Python function as the comparator.
numbers = [5, -3, 12, 0]
libc.qsort(numbers, len(numbers), 4, lambda a, b: a - b)
print("sorted:", numbers)

# An end pointer comes back as a distance from the beginning of the text.
text = "42 apples"
value, end = libc.strtol(text, 10)
print("number:", value, "rest:", repr(text[end:]))

# A struct by value is a small object.
result = libc.div(17, 5)
print("div:", result.quot, result.rem, result)

# A struct that the function fills. The first result is the pointer to it, which C repeats.
_, moon = libc.gmtime_r(-14_182_940)
print(f"moon landing: {moon.tm_year + 1900}-{moon.tm_mon + 1:02}-{moon.tm_mday:02} {moon.tm_hour}:{moon.tm_min:02}")

# The environment is that of the host process. NULL is None.
libc.setenv("GREETING", "hello", 1)
print("getenv:", libc.getenv("GREETING"), libc.getenv("NO_SUCH_VARIABLE"))

# After `...` Python's types choose C's; `arg` says otherwise.
line = callgate.StrBuf(64)
length = libc.snprintf(line, 64, "%s costs %.2f, %ld times", "tea", 1.5, callgate.arg(3_000_000_000, "long"))
print("snprintf:", line, f"({length} bytes)")

# errno of the last call.
if libc.open("/no/such/file", 0) == -1:
    print("errno:", callgate.get_last_error(libc))
