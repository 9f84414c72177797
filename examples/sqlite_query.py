"""SQLite: handles, SQL with a Python callback, prepared statements, error messages."""

import callgate

sqlite = callgate.load(
    "libsqlite3.so.0",
    """
    typedef struct sqlite3 sqlite3;                      // opaque: pointers to it are handles
    typedef struct sqlite3_stmt sqlite3_stmt;
    int  sqlite3_open(const char *filename, [out] sqlite3 **db);
    int  sqlite3_close([closes] sqlite3 *db);
    int  sqlite3_exec(sqlite3 *db, const char *sql,
                      int (*row)([context] void *, int n, [size_is(n)] char **values, [size_is(n)] char **names),
                      [context] void *data, [out, free(sqlite3_free)] char **message);
    void sqlite3_free(void *);
    int  sqlite3_prepare_v2(sqlite3 *db, const char *sql, int nbyte, [out] sqlite3_stmt **stmt, void *tail);
    int  sqlite3_bind_text(sqlite3_stmt *stmt, int index, const char *text, int n, void (*destructor)(void *));
    int  sqlite3_bind_double(sqlite3_stmt *stmt, int index, double value);
    int  sqlite3_step(sqlite3_stmt *stmt);
    int  sqlite3_reset(sqlite3_stmt *stmt);
    const unsigned char *sqlite3_column_text(sqlite3_stmt *stmt, int column);
    double sqlite3_column_double(sqlite3_stmt *stmt, int column);
    int  sqlite3_finalize([closes] sqlite3_stmt *stmt);
    const char *sqlite3_errmsg(sqlite3 *db);
    """,
)
SQLITE_OK, SQLITE_ROW, SQLITE_DONE = 0, 100, 101
SQLITE_TRANSIENT = callgate.constant(-1)  # "make a copy of the text": SQLite writes it as a pointer of value -1


def add_row(rows: list[dict[str, str]], _n: int, values: list[str], names: list[str]) -> int:
    """SQLite calls this for every row. `rows` is the very list that was given to sqlite3_exec."""
    rows.append(dict(zip(names, values, strict=True)))
    return 0


code, db = sqlite.sqlite3_open(":memory:")
assert code == SQLITE_OK

sqlite.sqlite3_exec(db, "create table cheese (name text, price real)", None, None)
_, insert = sqlite.sqlite3_prepare_v2(db, "insert into cheese values (?, ?)", -1, None)
for name, price in {"brie": 2.5, "cheddar": 4.0, "gruyère": 5.5}.items():
    sqlite.sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT)
    sqlite.sqlite3_bind_double(insert, 2, price)
    assert sqlite.sqlite3_step(insert) == SQLITE_DONE
    sqlite.sqlite3_reset(insert)
sqlite.sqlite3_finalize(insert)

rows: list[dict[str, str]] = []
sqlite.sqlite3_exec(db, "select name, price from cheese order by price", add_row, rows)
print("callback:", rows)

_, query = sqlite.sqlite3_prepare_v2(db, "select name, price * 2 from cheese where price > 3", -1, None)
while sqlite.sqlite3_step(query) == SQLITE_ROW:
    print("statement:", callgate.string(sqlite.sqlite3_column_text(query, 0)), sqlite.sqlite3_column_double(query, 1))
sqlite.sqlite3_finalize(query)

code, message = sqlite.sqlite3_exec(db, "select colour from cheese", None, None)
print("error:", code, message)  # the message was copied and then freed with sqlite3_free
print("closed:", sqlite.sqlite3_close(db))
