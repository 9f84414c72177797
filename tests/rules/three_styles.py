"""The same libraries in every style of declaring: the texts that headers and typed classes are compared with."""

from __future__ import annotations

from typing import Final

__all__ = ["GALLERY", "GALLERY_BEYOND_C", "SQLITE", "SQLITE_BEYOND_C", "ZLIB"]

GALLERY_BEYOND_C: Final = """
    void free_text([unique] char *s);
    int get_text([out, free(free_text)] char **out);
    long parse(const char *s, [out, offset(s)] char **end);
    int things_total([size_is(n)] struct Thing **v, int n);
    [size_is(*n)] int *make_numbers([out] int *n);
"""
"""What the header of the gallery cannot say."""

GALLERY: Final = (
    """
    typedef int (*Unary)(int value);
    enum Color { RED, GREEN = 5, BLUE = -1 };
    struct Point { int x, y; };
    struct Small { float a, b; };
    struct Mixed {
        signed char tag; double weight; short level; char name[8]; int values[3]; struct Point corners[2];
        const char *text; _Bool on; enum Color color; unsigned char raw[4];
    };
    struct Bits { unsigned a : 3, b : 5; int c : 10; _Bool d : 1; };
    union Number { int i; double d; unsigned char bytes[8]; };
    struct Tagged { int tag; union Number number; };
    struct Flexible { int n; int v[]; };
    #pragma pack(push, 1)
    struct Packed { char c; int i; short s; };
    #pragma pack(pop)
    struct Stream {
        const unsigned char *next_in; unsigned avail_in; unsigned char *next_out; unsigned avail_out;
        int (*hook)(int moved); const char *message; const char *messages[2]; struct Point points[2];
    };
    struct Thing;
    typedef struct Other Other;
    struct Aligned;
    struct Empty_array_first;

    int aligned_first(struct Aligned *a);
    int fail_with(int code);
    void nothing(void);
    enum Color echo_color(enum Color color);
    long text_length(const char *s);
    const char *static_text(void);
    char *new_text(const char *s);
    size_t wcslen(const wchar_t *s);
    int sum_all(int n, ...);
    int sum([size_is(n), unique] const int *v, int n);
    void negate([in, out, size_is(n), unique] int *v, int n);
    unsigned checksum([size_is(n)] const unsigned char *v, size_t n);
    void pattern([in, out, size_is(n)] unsigned char *v, size_t n);
    int shrink([in, out, size_is(*n), unique] int *v, [in, out, unique] int *n);
    int increment([in, out, unique] int *v);
    int point_weight([unique] const struct Point *p);
    void point_swap([in, out, unique] struct Point *p);
    struct Point point_make(int x, int y);
    int point_sum(struct Point p);
    int packed_check([unique] const struct Packed *p);
    int flexible_sum([unique] const struct Flexible *f);
    double number_read([unique] const struct Tagged *t);
    void bits_next([in, out, unique] struct Bits *b);
    int mixed_check([unique] const struct Mixed *m);
    int pump([in, out, unique] struct Stream *s);
    struct Thing *thing_open(int value);
    int thing_make(int value, [out] struct Thing **out);
    int thing_value(const struct Thing *t);
    void thing_close([closes] struct Thing *t);
    Other *other_open(void);
    int apply(Unary f, int value);
    int apply_with(int (*f)([context] void *context, int value), [context] void *context, int value);
    void set_handler([keep] Unary f);
    int is_null(const void *p);
"""
    + GALLERY_BEYOND_C
)
"""tests/native/gallery.h as prototypes."""

ZLIB: Final = """
    typedef unsigned char Bytef;
    typedef unsigned long uLong;
    typedef uLong uLongf;
    typedef unsigned int uInt;
    typedef void *voidpf;
    typedef voidpf (*alloc_func)(voidpf opaque, uInt items, uInt size);
    typedef void (*free_func)(voidpf opaque, voidpf address);
    struct internal_state;
    typedef struct z_stream_s {
        Bytef *next_in; uInt avail_in; uLong total_in;
        Bytef *next_out; uInt avail_out; uLong total_out;
        char *msg; struct internal_state *state;
        alloc_func zalloc; free_func zfree; voidpf opaque;
        int data_type; uLong adler; uLong reserved;
    } z_stream;
    const char *zlibVersion(void);
    uLong crc32(uLong crc, [size_is(len)] const Bytef *buf, uInt len);
    uLong compressBound(uLong sourceLen);
    int compress([in, out, size_is(*destLen)] Bytef *dest, [in, out, unique] uLongf *destLen,
                 [size_is(sourceLen)] const Bytef *source, uLong sourceLen);
    int inflateInit_([in, out, unique] z_stream *strm, const char *version, int stream_size);
    int inflate([in, out, unique] z_stream *strm, int flush);
    int inflateEnd([in, out, unique] z_stream *strm);
"""
"""A part of zlib.h as prototypes."""

SQLITE_BEYOND_C: Final = """
    int sqlite3_exec(sqlite3 *db, const char *sql,
                     int (*callback)([context] void *, int n, [size_is(n)] char **values, [size_is(n)] char **names),
                     [context] void *data, [out, free(sqlite3_free)] char **errmsg);
"""
"""What sqlite3.h cannot say."""

SQLITE: Final = (
    """
    typedef struct sqlite3 sqlite3;
    typedef struct sqlite3_stmt sqlite3_stmt;
    int sqlite3_open(const char *filename, [out] sqlite3 **ppDb);
    int sqlite3_close([closes] sqlite3 *arg1);
    const char *sqlite3_errmsg(sqlite3 *arg1);
    const char *sqlite3_libversion(void);
    int sqlite3_prepare_v2(sqlite3 *db, const char *zSql, int nByte, [out] sqlite3_stmt **ppStmt,
                           [out] const char **pzTail);
    int sqlite3_step(sqlite3_stmt *arg1);
    double sqlite3_column_double(sqlite3_stmt *arg1, int iCol);
    const unsigned char *sqlite3_column_text(sqlite3_stmt *arg1, int iCol);
    int sqlite3_bind_blob(sqlite3_stmt *arg1, int arg2, [size_is(n)] const void *arg3, int n, void (*arg5)(void *arg1));
    int sqlite3_finalize([closes] sqlite3_stmt *pStmt);
    void sqlite3_free(void *arg1);
"""
    + SQLITE_BEYOND_C
)
"""A part of sqlite3.h as prototypes."""
