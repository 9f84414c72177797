"""Callbacks: for one call, for longer, with an object of yours; too late, and what happens when one fails."""

import logging

import callgate

logging.getLogger("callgate").addHandler(logging.NullHandler())  # what is wrong below is raised as well as logged
sqlite = callgate.load(
    "libsqlite3.so.0",
    """
    typedef [release(sqlite3_close_v2)] struct sqlite3 sqlite3;
    typedef void (*update_cb)([context] void *seen, int operation, const char *base, const char *table, long row);
    typedef [on_error(1)] int (*progress_cb)(void *unused);
    int sqlite3_open(const char *filename, [out] sqlite3 **db);
    int sqlite3_exec(sqlite3 *db, const char *sql, void *row, void *data, void *message);
    void *sqlite3_update_hook(sqlite3 *db, update_cb on_change, [context] void *seen);
    void sqlite3_progress_handler(sqlite3 *db, int steps, progress_cb on_step, void *unused);
    """,
)
_, db = sqlite.sqlite3_open(":memory:")


def run(sql: str) -> None:
    sqlite.sqlite3_exec(db, sql, None, None, None)


def note(seen: list[str], _operation: int, _database: str, table: str, row: int) -> None:
    seen.append(f"{table} {row}")


# SQLite remembers this one: it is an object that is kept until it is closed, and so is the list that it gets.
run("create table cheese (name text)")
changes: list[str] = []
with callgate.callback(sqlite, "update_cb", note) as on_change, callgate.context(sqlite, changes) as carried:
    sqlite.sqlite3_update_hook(db, on_change, carried)
    run("insert into cheese values ('brie'), ('cheddar')")
    sqlite.sqlite3_update_hook(db, None, None)
print("changes:", changes)

# A plain function is valid during its call only. SQLite remembers the pointer all the same: an error, and no crash.
sqlite.sqlite3_update_hook(db, note, changes)
try:
    run("insert into cheese values ('gouda')")
except callgate.CallbackOnCollectedDelegateError as error:
    print("too late:", type(error).__name__, "- counted:", callgate.info(sqlite).stale_callbacks)
sqlite.sqlite3_update_hook(db, None, None)


# What a callback raises comes out of the call around it; SQLite got 1 (`on_error`), which means: stop.
def enough(_unused: object) -> int:
    raise InterruptedError("that is enough")


sqlite.sqlite3_progress_handler(db, 100, callgate.retain(sqlite, enough), None)
try:
    run("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n")
except InterruptedError as error:
    print("stopped:", error)
callgate.release(sqlite, enough)
