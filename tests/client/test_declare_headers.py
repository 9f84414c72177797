"""Texts as users type them: the examples of the documentation, and parts of well-known headers."""

from __future__ import annotations

from callgate.declare import parse, parse_declarations
from callgate_protocol.model import (
    Attribute,
    Field,
    FunctionPointer,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Scalar,
    StructType,
    TypeLibrary,
    Void,
)
from callgate_protocol.typelib import decode_library, encode_library

INT = Scalar("int")
CHAR = Scalar("char")


def names(library: TypeLibrary) -> list[str]:
    """The functions of a library."""
    return [function.name for function in library.functions]


DOCUMENTED = """
    typedef struct sqlite3 sqlite3;                                   // opaque: a handle, never a struct
    int  sqlite3_open(const char *filename, [out] sqlite3 **db);
    int  sqlite3_close([closes] sqlite3 *db);                         // afterwards the handle is gone: ObjectGone
    int  sqlite3_exec(sqlite3 *db, const char *sql,
                      int (*callback)([context] void *, int n, [size_is(n)] char **values, [size_is(n)] char **names),
                      [context] void *data, [out, free(sqlite3_free)] char **errmsg);
    void sqlite3_free(void *);
"""


def test_one_line_of_the_documentation() -> None:
    """The first example declares two functions of doubles."""
    library = parse("double cos(double x); double pow(double x, double y);")
    double = Scalar("double")
    assert names(library) == ["cos", "pow"]
    assert library.functions[1].result == Parameter("", double)
    assert library.functions[1].parameters == (Parameter("x", double), Parameter("y", double))


def test_prototypes_without_semicolon() -> None:
    """The last semicolon may be missing, as on a command line or in a decorator."""
    assert names(parse("double cos(double)")) == ["cos"]
    fill = parse("int fill(int *v, int n)").functions[0]
    assert [parameter.name for parameter in fill.parameters] == ["v", "n"]


def test_documented_sqlite() -> None:
    """The sqlite example of the documentation means what its comments say."""
    library = parse(DOCUMENTED)
    handle = Pointer(Opaque("sqlite3"))
    close, execute, free, opened = library.functions
    assert names(library) == ["sqlite3_close", "sqlite3_exec", "sqlite3_free", "sqlite3_open"]
    assert library.opaques == (OpaqueType("sqlite3"),)
    assert opened.parameters[1] == Parameter("db", Pointer(handle), (Attribute("out"),))
    assert close.parameters == (Parameter("db", handle, (Attribute("closes"),)),)
    assert free.parameters == (Parameter("arg1", Pointer(Void())),)
    assert execute.parameters[2:] == (
        Parameter("callback", FunctionPointer("sqlite3_exec.callback")),
        Parameter("data", Pointer(Void()), (Attribute("context"),)),
        Parameter("errmsg", Pointer(Pointer(CHAR)), (Attribute("free", "sqlite3_free"), Attribute("out"))),
    )
    table = Pointer(Pointer(CHAR))
    assert library.delegate("sqlite3_exec.callback").parameters == (
        Parameter("arg1", Pointer(Void()), (Attribute("context"),)),
        Parameter("n", INT),
        Parameter("values", table, (Attribute("size_is", "n"),)),
        Parameter("names", table, (Attribute("size_is", "n"),)),
    )


SQLITE = """
/* Results */
#define SQLITE_OK      0   /* Successful result */
#define SQLITE_ROW     100 /* sqlite3_step() has another row ready */
#define SQLITE_DONE    101
#define SQLITE_OPEN_READONLY 0x00000001
#define SQLITE_OPEN_URI      0x00000040
#define MY_FLAGS (SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
#define SQLITE_IOERR   10
#define SQLITE_IOERR_READ (SQLITE_IOERR | (1<<8))

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_context sqlite3_context;
typedef struct Mem sqlite3_value;
typedef long long int sqlite_int64;
typedef sqlite_int64 sqlite3_int64;
typedef void (*sqlite3_destructor_type)(void *);

extern const char *sqlite3_libversion(void);
int sqlite3_libversion_number(void);
int sqlite3_open_v2(const char *filename, [out] sqlite3 **ppDb, int flags, [unique] const char *zVfs);
int sqlite3_prepare_v2(sqlite3 *db, [string] const char *zSql, int nByte,
                       [out] sqlite3_stmt **ppStmt, [out, offset(zSql)] const char **pzTail);
int sqlite3_step(sqlite3_stmt *);
int sqlite3_finalize([closes] sqlite3_stmt *pStmt);
int sqlite3_bind_blob(sqlite3_stmt *, int, [size_is(n)] const void *, int n, void (*)(void *));
int sqlite3_bind_text(sqlite3_stmt *, int, const char *, int, [keep] sqlite3_destructor_type);
sqlite3_int64 sqlite3_last_insert_rowid(sqlite3 *);
const unsigned char *sqlite3_column_text(sqlite3_stmt *, int iCol);
int sqlite3_create_function(
  sqlite3 *db,
  const char *zFunctionName,
  int nArg,
  int eTextRep,
  [context] void *pApp,
  [keep] void (*xFunc)(sqlite3_context *, int n, [size_is(n)] sqlite3_value **),
  [keep] void (*xStep)(sqlite3_context *, int n, [size_is(n)] sqlite3_value **),
  [keep] void (*xFinal)(sqlite3_context *)
);
char *sqlite3_mprintf(const char *, ...);
[free(sqlite3_free)] char *sqlite3_expanded_sql(sqlite3_stmt *pStmt);
void sqlite3_free(void *);
int sqlite3_table_column_metadata(sqlite3 *db, const char *, const char *, const char *,
                                  [out] char const **pzDataType, [out] int *pNotNull);
"""


def test_sqlite() -> None:
    """Part of sqlite3.h: opaque handles, callbacks with tables, constants made of constants, typedef of typedef."""
    declarations = parse_declarations(SQLITE)
    library = declarations.library
    assert len(library.functions) == 15
    assert [opaque.name for opaque in library.opaques] == [
        "sqlite3",
        "sqlite3_context",
        "sqlite3_stmt",
        "sqlite3_value",
    ]
    assert declarations.constants["MY_FLAGS"] == 0x41
    assert declarations.constants["SQLITE_IOERR_READ"] == 266
    assert declarations.typedefs["sqlite3_int64"] == Scalar("llong")
    assert [delegate.name for delegate in library.delegates] == [
        "sqlite3_bind_blob.arg5",
        "sqlite3_create_function.xFinal",
        "sqlite3_create_function.xFunc",
        "sqlite3_create_function.xStep",
        "sqlite3_destructor_type",
    ]
    step = library.delegate("sqlite3_create_function.xStep")
    value = Pointer(Pointer(Opaque("sqlite3_value")))
    assert step.parameters[2] == Parameter("arg3", value, (Attribute("size_is", "n"),))


ZLIB = """
typedef unsigned char  Byte;
typedef unsigned int   uInt;
typedef unsigned long  uLong;
typedef Byte  Bytef;
typedef void *voidpf;
typedef void const *voidpc;

typedef voidpf (*alloc_func)(voidpf opaque, uInt items, uInt size);
typedef void   (*free_func)(voidpf opaque, voidpf address);

struct internal_state;

typedef struct z_stream_s {
    const Bytef *next_in;     /* next input byte */
    uInt     avail_in;
    uLong    total_in;
    Bytef    *next_out;
    uInt     avail_out;
    uLong    total_out;
    const char *msg;
    struct internal_state *state; /* not visible by applications */
    alloc_func zalloc;
    free_func  zfree;
    voidpf     opaque;
    int     data_type;
    uLong   adler;
    uLong   reserved;
} z_stream;

typedef z_stream *z_streamp;
typedef struct gzFile_s *gzFile;    /* semi-opaque gzip file descriptor */

const char *zlibVersion(void);
int deflateInit_(z_streamp strm, int level, const char *version, int stream_size);
int inflate(z_streamp strm, int flush);
int compress([out, size_is(*destLen)] Bytef *dest, [in, out] uLong *destLen,
             [size_is(sourceLen)] const Bytef *source, uLong sourceLen);
uLong crc32(uLong crc, [size_is(len)] const Bytef *buf, uInt len);
gzFile gzopen(const char *path, const char *mode);
int gzread(gzFile file, [out, size_is(len)] void *buf, unsigned len);
int gzprintf(gzFile file, const char *format, ...);
int gzclose([closes] gzFile file);
"""


def test_zlib() -> None:
    """Part of zlib.h: a struct with a typedef of another name, pointers behind typedefs, counts through pointers."""
    library = parse(ZLIB)
    stream = library.record("z_stream")
    assert [record.name for record in library.records] == ["z_stream"]
    assert len(stream.fields) == 14
    assert stream.fields[0] == Field("next_in", Pointer(Scalar("uchar"), const=True))
    assert stream.fields[7] == Field("state", Pointer(Opaque("internal_state")))
    assert stream.fields[8] == Field("zalloc", FunctionPointer("alloc_func"))
    functions = {function.name: function for function in library.functions}
    assert functions["inflate"].parameters[0].type == Pointer(StructType("z_stream"))
    assert functions["compress"].parameters[0].attributes == (Attribute("out"), Attribute("size_is", "*destLen"))
    assert functions["gzopen"].result.type == Pointer(Opaque("gzFile_s"))
    assert functions["gzprintf"].variadic
    assert [opaque.name for opaque in library.opaques] == ["gzFile_s", "internal_state"]


TIME = """
struct tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
    long int tm_gmtoff;
    const char *tm_zone;
};
struct timespec { time_t tv_sec; long tv_nsec; };
extern time_t time (time_t *__timer) __attribute__ ((__nothrow__));
extern double difftime (time_t __time1, time_t __time0) __attribute__ ((__const__));
extern time_t mktime ([in, out] struct tm *__tp);
extern size_t strftime ([out, size_is(__maxsize)] char *__restrict __s, size_t __maxsize,
                        const char *__restrict __format, const struct tm *__restrict __tp);
extern struct tm *gmtime_r (const time_t *__restrict __timer, [out] struct tm *__restrict __tp);
extern int clock_gettime (clockid_t __clock_id, [out] struct timespec *__tp);
extern int nanosleep (const struct timespec *request, [out, unique] struct timespec *remaining);
"""


def test_time() -> None:
    """Part of time.h as glibc writes it: restrict, compiler attributes, structs by pointer."""
    library = parse(TIME)
    assert [record.name for record in library.records] == ["timespec", "tm"]
    assert [field.name for field in library.record("tm").fields][-3:] == ["tm_isdst", "tm_gmtoff", "tm_zone"]
    strftime = next(function for function in library.functions if function.name == "strftime")
    assert strftime.parameters[0] == Parameter(
        "__s", Pointer(CHAR), (Attribute("out"), Attribute("size_is", "__maxsize"))
    )
    assert strftime.parameters[3].type == Pointer(StructType("tm"), const=True)


STDLIB = """
typedef struct { int quot; int rem; } div_t;
typedef struct ldiv { long int quot; long int rem; } ldiv_t;
typedef int (*__compar_fn_t) (const void *, const void *);
extern double strtod (const char *__nptr, [out, offset(__nptr)] char **__endptr);
extern void qsort ([in, out] void *__base, size_t __nmemb, size_t __size, __compar_fn_t __compar);
extern void *bsearch (const void *key, const void *base, size_t nmemb, size_t size,
                      int (*compar)(const void *, const void *));
extern div_t div (int __numer, int __denom);
extern ldiv_t ldiv (long int, long int);
extern void exit (int __status) __attribute__ ((__nothrow__ , __leaf__)) __attribute__ ((__noreturn__));
extern int atexit (void (*__func) (void));
extern int getsubopt (char **, char *const *, char **);
extern char *getenv (const char *__name);
"""


def test_stdlib() -> None:
    """Part of stdlib.h: structs as values, comparison callbacks, a struct and a function of one name."""
    library = parse(STDLIB)
    functions = {function.name: function for function in library.functions}
    assert functions["div"].result.type == StructType("div_t")
    assert functions["ldiv"].result.type == StructType("ldiv_t")
    assert functions["qsort"].parameters[3].type == FunctionPointer("__compar_fn_t")
    assert functions["atexit"].parameters[0].type == FunctionPointer("atexit.__func")
    assert functions["getsubopt"].parameters[1].type == Pointer(Pointer(CHAR), const=True)
    assert len(library.functions) == 9


TABLE_OF_FUNCTIONS = """
typedef unsigned long CK_RV, CK_ULONG, CK_SLOT_ID;
typedef struct CK_FUNCTION_LIST CK_FUNCTION_LIST;
#pragma pack(push, 1)
typedef struct CK_VERSION { unsigned char major; unsigned char minor; } CK_VERSION;
#pragma pack(pop)
struct CK_FUNCTION_LIST {
    CK_VERSION version;
    CK_RV (*C_Initialize)([unique] void *arguments);
    CK_RV (*C_GetSlotList)(unsigned char present, [out, size_is(*count)] CK_SLOT_ID *slots, [in, out] CK_ULONG *count);
};
CK_RV C_GetFunctionList([out] CK_FUNCTION_LIST **list);
"""


def test_struct_of_function_pointers() -> None:
    """A table of functions becomes a record whose members are delegates with attributes."""
    library = parse(TABLE_OF_FUNCTIONS)
    assert library.record("CK_VERSION").pack == 1
    assert library.record("CK_FUNCTION_LIST").pack == 0
    slots = library.delegate("CK_FUNCTION_LIST.C_GetSlotList").parameters[1]
    assert slots == Parameter("slots", Pointer(Scalar("ulong")), (Attribute("out"), Attribute("size_is", "*count")))


def test_every_text_has_a_canonical_encoding() -> None:
    """What the parser makes can be sent to a host and read back unchanged, also at the deepest type it accepts."""
    deep = f"int f(int {'*' * 31}p);"
    for text in (DOCUMENTED, SQLITE, ZLIB, TIME, STDLIB, TABLE_OF_FUNCTIONS, deep):
        library = parse(text)
        assert decode_library(encode_library(library)) == library
