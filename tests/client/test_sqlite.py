"""libsqlite3: handles, callbacks with context, text that the library owns, magic pointers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.rules.ways import Loader

SQLITE = """
    typedef struct sqlite3 sqlite3;
    typedef struct sqlite3_stmt sqlite3_stmt;
    int  sqlite3_open(const char *filename, [out] sqlite3 **db);
    int  sqlite3_close([closes] sqlite3 *db);
    int  sqlite3_exec(sqlite3 *db, const char *sql,
                      int (*callback)([context] void *, int n, [size_is(n)] char **values, [size_is(n)] char **names),
                      [context] void *data, [out, free(sqlite3_free)] char **errmsg);
    void sqlite3_free(void *);
    const char *sqlite3_errmsg(sqlite3 *db);
    const char *sqlite3_libversion(void);
    int  sqlite3_prepare_v2(sqlite3 *db, const char *sql, int nbyte,
                            [out] sqlite3_stmt **stmt, [out, offset(sql)] const char **tail);
    int  sqlite3_bind_int(sqlite3_stmt *stmt, int index, int value);
    int  sqlite3_bind_double(sqlite3_stmt *stmt, int index, double value);
    int  sqlite3_bind_text(sqlite3_stmt *stmt, int index, const char *text, int n, void (*destructor)(void *));
    int  sqlite3_bind_blob(sqlite3_stmt *stmt, int index, [size_is(n)] const void *data, int n,
                           void (*destructor)(void *));
    int  sqlite3_step(sqlite3_stmt *stmt);
    int  sqlite3_column_int(sqlite3_stmt *stmt, int column);
    double sqlite3_column_double(sqlite3_stmt *stmt, int column);
    const unsigned char *sqlite3_column_text(sqlite3_stmt *stmt, int column);
    const void *sqlite3_column_blob(sqlite3_stmt *stmt, int column);
    int  sqlite3_column_bytes(sqlite3_stmt *stmt, int column);
    int  sqlite3_finalize([closes] sqlite3_stmt *stmt);
    sqlite3 *sqlite3_db_handle(sqlite3_stmt *stmt);
"""
TRANSIENT = callgate.constant(-1)
ROW, DONE = 100, 101


@pytest.fixture(scope="module")
def sqlite(load_both: Loader) -> Lib:
    """SQLite in both ways."""
    try:
        return load_both("libsqlite3.so.0", SQLITE)
    except callgate.DllNotFoundError as missing:
        pytest.skip(f"libsqlite3 is not installed: {missing}")


@pytest.fixture
def db(sqlite: Lib) -> Iterator[Any]:
    """An open database."""
    code, handle = sqlite.sqlite3_open(":memory:")
    assert code == 0
    yield handle
    sqlite.sqlite3_close(handle)


def test_exec_with_a_callback(sqlite: Lib, db: Any) -> None:
    """A Python callback sees every row, and the very context object that was given."""
    rows: list[dict[str, str]] = []

    def row(seen: list[dict[str, str]], n: int, values: list[str], names: list[str]) -> int:
        assert seen is rows
        assert n == 2
        seen.append(dict(zip(names, values, strict=True)))
        return 0

    result = sqlite.sqlite3_exec(db, "select 1 as a, 'é' as b union all select 2, null", row, rows)

    assert result == (0, None)
    assert rows == [{"a": "1", "b": "é"}, {"a": "2", "b": None}]


def test_error_message_is_returned_and_freed(sqlite: Lib, db: Any) -> None:
    """An out string that the declaration frees comes back as text."""
    code, message = sqlite.sqlite3_exec(db, "selec 1", None, None)

    assert code == 1
    assert 'near "selec"' in message


def test_callback_exception(sqlite: Lib, db: Any) -> None:
    """An exception in a callback is raised by the call around it, as the same object (R9.9)."""
    error = ValueError("no")

    def fail(*_: object) -> int:
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        sqlite.sqlite3_exec(db, "select 1", fail, None)
    assert caught.value is error


def test_callback_that_aborts(sqlite: Lib, db: Any) -> None:
    """What a callback returns reaches native code."""
    code, message = sqlite.sqlite3_exec(db, "select 1", lambda *_: 1, None)

    assert (code, message) == (4, "query aborted")


def test_prepared_statement(sqlite: Lib, db: Any) -> None:
    """Values bound to a statement come back through the column functions."""
    code, statement, tail = sqlite.sqlite3_prepare_v2(db, "select ?1, ?2, ?3, ?4; select 9", -1)
    assert (code, tail) == (0, len("select ?1, ?2, ?3, ?4;"))
    assert sqlite.sqlite3_bind_int(statement, 1, 42) == 0
    assert sqlite.sqlite3_bind_double(statement, 2, 2.5) == 0
    assert sqlite.sqlite3_bind_text(statement, 3, "naïve", -1, TRANSIENT) == 0
    assert sqlite.sqlite3_bind_blob(statement, 4, b"\0\1\2", 3, TRANSIENT) == 0

    assert sqlite.sqlite3_step(statement) == ROW
    assert sqlite.sqlite3_column_int(statement, 0) == 42
    assert sqlite.sqlite3_column_double(statement, 1) == 2.5
    assert callgate.string(sqlite.sqlite3_column_text(statement, 2)) == "naïve"
    blob = callgate.read(sqlite.sqlite3_column_blob(statement, 3), sqlite.sqlite3_column_bytes(statement, 3))
    assert blob == b"\0\1\2"
    assert sqlite.sqlite3_step(statement) == DONE
    assert sqlite.sqlite3_finalize(statement) == 0


def test_one_object_one_proxy(sqlite: Lib, db: Any) -> None:
    """A handle that the library hands back is the very object that was given out before."""
    _, statement, _ = sqlite.sqlite3_prepare_v2(db, "select 1", -1)

    assert sqlite.sqlite3_db_handle(statement) is db
    sqlite.sqlite3_finalize(statement)


def test_closed_handle(sqlite: Lib) -> None:
    """A handle is gone after the function that closes it."""
    _, handle = sqlite.sqlite3_open(":memory:")
    sqlite.sqlite3_close(handle)

    with pytest.raises(callgate.ObjectGone, match="sqlite3_close closed it"):
        sqlite.sqlite3_errmsg(handle)


def test_wrong_handle(sqlite: Lib, db: Any) -> None:
    """A handle of another type is refused by name."""
    _, statement, _ = sqlite.sqlite3_prepare_v2(db, "select 1", -1)

    with pytest.raises(callgate.InvalidCastError, match="argument 1 'db' of sqlite3_errmsg: expected a sqlite3 handle"):
        sqlite.sqlite3_errmsg(statement)
    sqlite.sqlite3_finalize(statement)


def test_null_handle(sqlite: Lib) -> None:
    """None is no handle unless the declaration says [unique]."""
    with pytest.raises(callgate.ArgumentError, match="unique"):
        sqlite.sqlite3_errmsg(None)


def test_borrowed_text(sqlite: Lib) -> None:
    """Text that the library owns is read and not freed."""
    versions = {sqlite.sqlite3_libversion() for _ in range(100)}

    assert len(versions) == 1
    assert versions.pop().startswith("3.")


def test_embedded_nul(sqlite: Lib) -> None:
    """R5.6: text with a NUL inside is refused rather than cut."""
    with pytest.raises(callgate.ArgumentError, match=r"filename.*embedded NUL at position 1"):
        sqlite.sqlite3_open("a\0b")
