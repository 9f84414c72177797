"""libsqlite3: handles, SQL with a Python callback, a prepared statement, an error message that is freed."""

from __future__ import annotations

from typing import Any

import callgate
from callgate import Lib

from .stage import Stage

__all__ = ["database"]

_PROTOTYPES = """
    typedef struct sqlite3 sqlite3;
    typedef struct sqlite3_stmt sqlite3_stmt;
    const char *sqlite3_libversion(void);
    int  sqlite3_open(const char *filename, [out] sqlite3 **db);
    int  sqlite3_close([closes] sqlite3 *db);
    int  sqlite3_exec(sqlite3 *db, const char *sql,
                      int (*callback)([context] void *, int n, [size_is(n)] char **values, [size_is(n)] char **names),
                      [context] void *data, [out, free(sqlite3_free)] char **errmsg);
    void sqlite3_free(void *);
    int  sqlite3_prepare_v2(sqlite3 *db, const char *sql, int nbyte, [out] sqlite3_stmt **stmt, void *tail);
    int  sqlite3_bind_text(sqlite3_stmt *stmt, int index, const char *text, int n, void (*destructor)(void *));
    int  sqlite3_bind_double(sqlite3_stmt *stmt, int index, double value);
    int  sqlite3_step(sqlite3_stmt *stmt);
    double sqlite3_column_double(sqlite3_stmt *stmt, int column);
    int  sqlite3_finalize([closes] sqlite3_stmt *stmt);
"""
_SQLITE_OK, _SQLITE_ERROR, _SQLITE_ROW = 0, 1, 100
_SQLITE_TRANSIENT = callgate.constant(-1)
_TABLE = "create table fruit (name, price); insert into fruit values ('apple', 0.5), ('melon', 3.0), ('fig', 0.25)"


def database(stage: Stage) -> None:
    """A database in memory: the memory of the host."""
    with stage.load("libsqlite3, a database", "libsqlite3.so.0", _PROTOTYPES) as sqlite:
        stage.fact("sqlite3_libversion()", sqlite.sqlite3_libversion())
        code, db = sqlite.sqlite3_open(":memory:")
        stage.say(f"db = {db!r}")
        stage.step("sqlite3_exec(db, 'create table fruit …')", lambda: _execute(sqlite, db, _TABLE), (code, None, []))
        stage.step(
            "select name from fruit … (with callback)",
            lambda: _execute(sqlite, db, "select name from fruit order by price"),
            (_SQLITE_OK, None, ["fig", "apple", "melon"]),
        )
        stage.step("a prepared statement with bound values", lambda: _price(sqlite, db), 3.25)
        stage.step(
            "sqlite3_exec(db, 'selec 1')",
            lambda: _execute(sqlite, db, "selec 1"),
            (_SQLITE_ERROR, 'near "selec": syntax error', []),
        )
        stage.step("sqlite3_close(db)", lambda: sqlite.sqlite3_close(db), _SQLITE_OK)
        stage.fails("sqlite3_close(db) once more", lambda: sqlite.sqlite3_close(db), callgate.ObjectGone, "closed it")


def _execute(sqlite: Lib, db: Any, sql: str) -> tuple[int, str | None, list[str]]:
    """Code, message, and the first column of every row, gathered by a callback in the list that is its context."""
    found: list[str] = []
    code, message = sqlite.sqlite3_exec(db, sql, lambda rows, _n, values, _names: rows.append(values[0]) or 0, found)
    return code, message, found


def _price(sqlite: Lib, db: Any) -> float:
    """What a melon costs with a surcharge."""
    sql = "select price + ?1 from fruit where name = ?2"
    _, statement = sqlite.sqlite3_prepare_v2(db, sql, -1, None)
    sqlite.sqlite3_bind_double(statement, 1, 0.25)
    sqlite.sqlite3_bind_text(statement, 2, "melon", -1, _SQLITE_TRANSIENT)
    price = sqlite.sqlite3_column_double(statement, 0) if sqlite.sqlite3_step(statement) == _SQLITE_ROW else -1.0
    sqlite.sqlite3_finalize(statement)
    return float(price)
