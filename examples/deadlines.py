"""Native code that does not come back is stopped, and the program goes on."""

import time

import callgate

sqlite = callgate.load(
    "libsqlite3.so.0",
    """
    typedef struct sqlite3 sqlite3;
    int sqlite3_open(const char *filename, [out] sqlite3 **db);
    int sqlite3_exec(sqlite3 *db, const char *sql, void *callback, void *data, [out] char **message);
    """,
)
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"

_, db = sqlite.sqlite3_open(":memory:")
started = time.monotonic()
try:
    with callgate.deadline(0.5):  # for everything inside, calls from callbacks too
        sqlite.sqlite3_exec(db, ENDLESS, None, None)
except TimeoutError as late:  # callgate.DeadlineExceeded is one
    print("stopped:", late)
print(f"waited about half a second: {0.4 < time.monotonic() - started < 5}")

# The host was stopped, so the database in its memory is gone. The library works.
try:
    sqlite.sqlite3_exec(db, "select 1", None, None)
except callgate.ObjectGone:
    print("the old database is gone")
code, db = sqlite.sqlite3_open(":memory:")
print("a new one: code", code)

# A limit for every call of a library.
libc = callgate.load("libc.so.6", "unsigned sleep(unsigned); int abs(int);", deadline=0.3)
try:
    libc.sleep(60)
except callgate.DeadlineExceeded as late:
    print("it was", late.where)
print("abs:", libc.abs(-7))
