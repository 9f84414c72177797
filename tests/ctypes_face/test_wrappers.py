"""Wrappers as people write them, with the one line changed: libmagic, zlib, sqlite3, expat, libxml2."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from callgate import ctypes
from callgate.ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_int,
    c_long,
    c_size_t,
    c_ubyte,
    c_uint,
    c_ulong,
    c_void_p,
    cast,
    create_string_buffer,
    pointer,
    py_object,
    sizeof,
    string_at,
)
from callgate.ctypes.util import find_library


def opened(name: str) -> Any:
    """The library; skips when this machine has none."""
    found = find_library(name)
    if found is None:
        pytest.skip(f"this machine has no {name}")
    return CDLL(found)


class MagicError(Exception):
    pass


def test_libmagic() -> None:
    """Handles as `c_void_p`, `errcheck` that raises, bytes in and text out."""
    magic = opened("magic")

    def check_null(result: Any, _function: Any, _arguments: Any) -> Any:
        if result is None:
            raise MagicError("no result")
        return result

    def check_code(result: int, _function: Any, arguments: Any) -> int:
        if result == -1:
            raise MagicError(magic.magic_error(arguments[0]))
        return result

    magic.magic_open.restype, magic.magic_open.argtypes = c_void_p, [c_int]
    magic.magic_close.restype, magic.magic_close.argtypes = None, [c_void_p]
    magic.magic_load.argtypes, magic.magic_load.errcheck = [c_void_p, c_char_p], check_code
    magic.magic_error.restype, magic.magic_error.argtypes = c_char_p, [c_void_p]
    magic.magic_buffer.restype, magic.magic_buffer.argtypes = c_char_p, [c_void_p, c_void_p, c_size_t]
    magic.magic_buffer.errcheck = check_null
    cookie = magic.magic_open(0x10)
    magic.magic_load(cookie, None)

    assert magic.magic_buffer(cookie, b"%PDF-1.4\n", 9) == b"application/pdf"
    assert magic.magic_buffer(cookie, b"plain text\n", 11) == b"text/plain"
    with pytest.raises(MagicError, match="could not find any"):
        magic.magic_load(cookie, b"no/such/database")
    magic.magic_close(cookie)


class Stream(Structure):
    _fields_ = [
        ("next_in", POINTER(c_ubyte)),
        ("avail_in", c_uint),
        ("total_in", c_ulong),
        ("next_out", POINTER(c_ubyte)),
        ("avail_out", c_uint),
        ("total_out", c_ulong),
        ("msg", c_char_p),
        ("state", c_void_p),
        ("zalloc", c_void_p),
        ("zfree", c_void_p),
        ("opaque", c_void_p),
        ("data_type", c_int),
        ("adler", c_ulong),
        ("reserved", c_ulong),
    ]


def test_zlib_stream() -> None:
    """A struct that the library keeps in use between calls, with pointers into buffers that move on."""
    z = opened("z")
    z.zlibVersion.restype = c_char_p
    data = b"".join(b"line %d of the input\n" % number for number in range(2000))
    source = create_string_buffer(data, len(data))
    target = create_string_buffer(400)
    stream = Stream()
    assert z.deflateInit_(byref(stream), 9, z.zlibVersion(), sizeof(Stream)) == 0
    stream.next_in, stream.avail_in = cast(source, POINTER(c_ubyte)), len(data)
    packed = b""
    code = 0
    while code == 0:
        stream.next_out, stream.avail_out = cast(target, POINTER(c_ubyte)), sizeof(target)
        code = z.deflate(byref(stream), 4)
        packed += target.raw[: sizeof(target) - stream.avail_out]

    assert code == 1
    assert z.deflateEnd(byref(stream)) == 0
    assert (stream.total_in, stream.total_out) == (len(data), len(packed))
    assert zlib.decompress(packed) == data


def test_zlib_in_one_call() -> None:
    """In-out counts through `byref`."""
    z = opened("z")
    z.compressBound.restype, z.compressBound.argtypes = c_ulong, [c_ulong]
    size = c_ulong(z.compressBound(1000))
    target = create_string_buffer(size.value)

    assert z.compress(target, byref(size), b"x" * 1000, c_ulong(1000)) == 0
    assert zlib.decompress(target[: size.value]) == b"x" * 1000


def test_sqlite() -> None:
    """Handles through `POINTER(c_void_p)`, row callbacks with `char **`, functions of Python in SQL, a destructor."""
    lib = opened("sqlite3")
    lib.sqlite3_errmsg.restype, lib.sqlite3_errmsg.argtypes = c_char_p, [c_void_p]
    db = c_void_p()
    assert lib.sqlite3_open(b":memory:", byref(db)) == 0
    rows = []
    row_type = CFUNCTYPE(c_int, c_void_p, c_int, POINTER(c_char_p), POINTER(c_char_p))

    def row(context: Any, count: int, values: Any, names: Any) -> int:
        rows.append((context, dict(zip(names[:count], values[:count], strict=True))))
        return 0

    lib.sqlite3_exec.argtypes = [c_void_p, c_char_p, row_type, c_void_p, POINTER(c_char_p)]
    error = c_char_p()
    run = row_type(row)
    for sql in (b"create table cheese (name, price)", b"insert into cheese values ('brie', 2.5), ('gouda', null)"):
        assert lib.sqlite3_exec(db, sql, row_type(), None, None) == 0
    assert lib.sqlite3_exec(db, b"select * from cheese", run, 77, byref(error)) == 0
    assert rows == [(77, {b"name": b"brie", b"price": b"2.5"}), (77, {b"name": b"gouda", b"price": None})]
    assert lib.sqlite3_exec(db, b"select colour from cheese", run, None, byref(error)) == 1
    assert error.value == lib.sqlite3_errmsg(db) == b"no such column: colour"
    lib.sqlite3_free(error)

    function_type = CFUNCTYPE(None, c_void_p, c_int, POINTER(c_void_p))
    lib.sqlite3_value_double.restype, lib.sqlite3_value_double.argtypes = c_double, [c_void_p]
    lib.sqlite3_result_double.argtypes = [c_void_p, c_double]

    @function_type  # type: ignore[untyped-decorator]
    def twice(context: Any, count: int, values: Any) -> None:
        lib.sqlite3_result_double(context, sum(2 * lib.sqlite3_value_double(values[i]) for i in range(count)))

    assert lib.sqlite3_create_function(db, b"twice", 2, 1, None, twice, None, None) == 0
    statement = c_void_p()
    assert lib.sqlite3_prepare_v2(db, b"select twice(1.5, ?)", -1, byref(statement), None) == 0
    assert lib.sqlite3_bind_double(statement, 1, c_double(4)) == 0
    assert lib.sqlite3_step(statement) == 100
    lib.sqlite3_column_double.restype = c_double
    assert lib.sqlite3_column_double(statement, 0) == 11
    assert lib.sqlite3_finalize(statement) == lib.sqlite3_close(db) == 0


def test_expat() -> None:
    """A parser that keeps callbacks, and hands out arrays of text that end with NULL."""
    lib = opened("expat")
    lib.XML_ParserCreate.restype = c_void_p
    start_type = CFUNCTYPE(None, c_void_p, c_char_p, POINTER(c_char_p))
    text_type = CFUNCTYPE(None, c_void_p, c_void_p, c_int)
    seen: list[Any] = []

    def start(_context: Any, name: bytes, attributes: Any) -> None:
        index = 0
        while attributes[index] is not None:
            seen.append((name, attributes[index], attributes[index + 1]))
            index += 2

    parser = c_void_p(lib.XML_ParserCreate(None))
    on_start, on_text = start_type(start), text_type(lambda _, text, length: seen.append(string_at(text, length)))
    lib.XML_SetStartElementHandler(parser, on_start)
    lib.XML_SetCharacterDataHandler(parser, on_text)
    document = b"<shop><cheese name='brie' age='3'>soft</cheese></shop>"

    assert lib.XML_Parse(parser, document, len(document), 1) == 1
    assert seen == [(b"cheese", b"name", b"brie"), (b"cheese", b"age", b"3"), b"soft"]
    lib.XML_ParserFree(parser)


class Node(Structure):
    pass


Node._fields_ = [
    ("private", c_void_p),
    ("type", c_int),
    ("name", c_char_p),
    ("children", POINTER(Node)),
    ("last", POINTER(Node)),
    ("parent", POINTER(Node)),
    ("next", POINTER(Node)),
]


def test_libxml2() -> None:
    """A tree of the library's own structs, walked by following pointers."""
    lib = opened("xml2")
    lib.xmlReadMemory.restype, lib.xmlReadMemory.argtypes = c_void_p, [c_char_p, c_int, c_char_p, c_char_p, c_int]
    lib.xmlDocGetRootElement.restype, lib.xmlDocGetRootElement.argtypes = POINTER(Node), [c_void_p]
    lib.xmlFreeDoc.argtypes = [c_void_p]
    document = b"<a><b/><c><d/></c></a>"
    doc = lib.xmlReadMemory(document, len(document), b"a.xml", None, 0)
    root = lib.xmlDocGetRootElement(doc)

    def names(node: Any) -> list[bytes]:
        found = []
        while node:
            found += [node.contents.name, *names(node.contents.children)]
            node = node.contents.next
        return found

    assert names(root) == [b"a", b"b", b"c", b"d"]
    assert root.contents.last.contents.parent.contents.name == b"a"
    lib.xmlFreeDoc(doc)


def test_libc_qsort_with_structs() -> None:
    """An array of structs, sorted by a callback that looks at members through pointers."""
    libc = CDLL(None)

    class Item(Structure):
        _fields_ = [("weight", c_long), ("name", ctypes.c_char * 8)]

    items = (Item * 4)((3, b"c"), (1, b"a"), (4, b"dddd"), (2, b"b"))
    compare = CFUNCTYPE(c_int, POINTER(Item), POINTER(Item))

    libc.qsort(items, c_size_t(4), c_size_t(sizeof(Item)), compare(lambda a, b: a[0].weight - b[0].weight))

    assert [(item.weight, item.name) for item in items] == [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"dddd")]
    assert pointer(items[2]).contents.name == b"c"
    with pytest.raises(ctypes.NotAcrossProcesses):
        libc.puts(py_object(items))
