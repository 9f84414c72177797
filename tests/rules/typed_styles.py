"""The libraries of `three_styles` as typed declarations: what they declare has to be the same, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any, Protocol

from callgate import (
    Array,
    Bool8,
    Borrowed,
    Closes,
    Const,
    Context,
    FixedArray,
    FixedText,
    Handle,
    In,
    InOut,
    Keep,
    LPStr,
    LPWCharStr,
    Mutable,
    NativePtr,
    Out,
    Ptr,
    Ref,
    attribute,
    bits,
    char,
    delegate,
    f4,
    f8,
    free_with,
    int_,
    library,
    long_,
    named,
    offset_in,
    points_to,
    schar,
    short,
    size_is,
    size_t,
    struct,
    uchar,
    uint,
    ulong,
    union,
)

__all__ = ["Gallery", "Sqlite", "Zlib"]

# -- sqlite ------------------------------------------------------------------------------------------------------------


class Database(Handle, name="sqlite3"):
    pass


class Statement(Handle, name="sqlite3_stmt"):
    pass


@library("libsqlite3.so.0")
class Sqlite(Protocol):
    def sqlite3_open(self, filename: LPStr) -> tuple[int_, Annotated[Out[Database], named("ppDb")]]: ...
    def sqlite3_close(self, arg1: Closes[Database]) -> int_: ...
    def sqlite3_errmsg(self, arg1: Database) -> Borrowed[LPStr]: ...
    def sqlite3_libversion(self) -> Borrowed[LPStr]: ...
    def sqlite3_prepare_v2(
        self, db: Database, zSql: LPStr, nByte: int_
    ) -> tuple[
        int_, Annotated[Out[Statement], named("ppStmt")], Annotated[Out[Borrowed[LPStr]] | None, named("pzTail")]
    ]: ...
    def sqlite3_step(self, arg1: Statement) -> int_: ...
    def sqlite3_column_double(self, arg1: Statement, iCol: int_) -> f8: ...
    def sqlite3_column_text(
        self, arg1: Statement, iCol: int_
    ) -> Const[Annotated[NativePtr, points_to(uchar)]] | None: ...
    def sqlite3_bind_blob(
        self,
        arg1: Statement,
        arg2: int_,
        arg3: Annotated[bytes, size_is("n")],
        n: int_,
        arg5: Callable[[Ptr[None]], None],
    ) -> int_: ...
    def sqlite3_finalize(self, pStmt: Closes[Statement]) -> int_: ...
    def sqlite3_free(self, arg1: Ptr[None]) -> None: ...
    def sqlite3_exec(
        self,
        db: Database,
        sql: LPStr,
        callback: Callable[
            [
                Context,
                Annotated[int_, named("n")],
                Annotated[Array[LPStr], size_is("n"), named("values")],
                Annotated[Array[LPStr], size_is("n"), named("names")],
            ],
            int_,
        ],
        data: Context,
    ) -> tuple[int_, Annotated[Out[LPStr], free_with("sqlite3_free"), named("errmsg")]]: ...


# -- zlib --------------------------------------------------------------------------------------------------------------


class InternalState(Handle, name="internal_state"):
    pass


@delegate(name="alloc_func")
class Allocate(Protocol):
    def __call__(self, opaque: Ptr[None], items: uint, size: uint, /) -> NativePtr | None: ...


@delegate(name="free_func")
class Free(Protocol):
    def __call__(self, opaque: Ptr[None], address: Ptr[None], /) -> None: ...


@struct(name="z_stream")
class Stream:
    next_in: Ptr[uchar]
    avail_in: uint
    total_in: ulong
    next_out: Ptr[uchar]
    avail_out: uint
    total_out: ulong
    msg: LPStr | None
    state: InternalState | None
    zalloc: Allocate | None
    zfree: Free | None
    opaque: Ptr[None]
    data_type: int_
    adler: ulong
    reserved: ulong


@library("libz.so.1")
class Zlib(Protocol):
    def zlibVersion(self) -> Borrowed[LPStr]: ...
    def crc32(self, crc: ulong, buf: Annotated[In[Array[uchar]], size_is("len")], len: uint) -> ulong: ...
    def compressBound(self, sourceLen: ulong) -> ulong: ...
    def compress(
        self,
        dest: Annotated[InOut[Array[uchar]], size_is("destLen")],
        destLen: Ref[ulong] | None,
        source: Annotated[In[Array[uchar]], size_is("sourceLen")],
        sourceLen: ulong,
    ) -> int_: ...
    def inflateInit_(self, strm: Ref[Stream] | None, version: LPStr, stream_size: int_) -> int_: ...
    def inflate(self, strm: Ref[Stream] | None, flush: int_) -> int_: ...
    def inflateEnd(self, strm: Ref[Stream] | None) -> int_: ...


# -- the gallery of the tests ------------------------------------------------------------------------------------------


class Color(IntEnum):
    RED = 0
    GREEN = 5
    BLUE = -1


@struct
class Point:
    x: int_
    y: int_


@struct
class Small:
    a: f4
    b: f4


@struct
class Mixed:
    tag: schar
    weight: f8
    level: short
    name: Annotated[str, FixedText(8)]
    values: Annotated[list[int_], FixedArray(3)]
    corners: Annotated[list[Point], FixedArray(2)]
    text: Const[LPStr] | None
    on: Bool8
    color: Color
    raw: Annotated[bytes, FixedArray(4)]


@struct
class Bits:
    a: Annotated[uint, bits(3)]
    b: Annotated[uint, bits(5)]
    c: Annotated[int_, bits(10)]
    d: Annotated[Bool8, bits(1)]


@union
class Number:
    i: int_ = 0
    d: f8 = 0.0
    bytes: Annotated[bytes, FixedArray(8)] = b""


@struct
class Tagged:
    tag: int_
    number: Number


@struct
class Flexible:
    n: int_
    v: Annotated[list[int_], FixedArray(0)]


@struct(pack=1)
class Packed:
    c: char
    i: int_
    s: short


@struct(name="Stream")
class Pump:
    next_in: Const[Ptr[uchar]]
    avail_in: uint
    next_out: Ptr[uchar]
    avail_out: uint
    hook: Callable[[Annotated[int_, named("moved")]], int_] | None
    message: Const[LPStr] | None
    messages: Annotated[list[Const[LPStr] | None], FixedArray(2)]
    points: Annotated[list[Point], FixedArray(2)]


class Thing(Handle):
    pass


class Other(Handle):
    pass


class Aligned(Handle):
    pass


class EmptyArrayFirst(Handle, name="Empty_array_first"):
    pass


@delegate
class Unary(Protocol):
    def __call__(self, value: int_, /) -> int_: ...


@library("libgallery.so", types=[Small, EmptyArrayFirst])
class Gallery(Protocol):
    def aligned_first(self, a: Aligned) -> int_: ...
    def fail_with(self, code: int_) -> int_: ...
    def nothing(self) -> None: ...
    def echo_color(self, color: Color) -> Color: ...
    def text_length(self, s: LPStr) -> long_: ...
    def static_text(self) -> Borrowed[LPStr]: ...
    def new_text(self, s: LPStr) -> Borrowed[Mutable[LPStr]]: ...
    def wcslen(self, s: LPWCharStr) -> size_t: ...
    def sum_all(self, n: int_, *more: Any) -> int_: ...
    def sum(self, v: Annotated[In[Array[int_]] | None, size_is("n")], n: int_) -> int_: ...
    def negate(self, v: Annotated[InOut[Array[int_]] | None, size_is("n")], n: int_) -> None: ...
    def checksum(self, v: Annotated[In[Array[uchar]], size_is("n")], n: size_t) -> uint: ...
    def pattern(self, v: Annotated[InOut[Array[uchar]], size_is("n")], n: size_t) -> None: ...
    def shrink(self, v: Annotated[InOut[Array[int_]] | None, size_is("n")], n: Ref[int_] | None) -> int_: ...
    def increment(self, v: Ref[int_] | None) -> int_: ...
    def point_weight(self, p: In[Ref[Point]] | None) -> int_: ...
    def point_swap(self, p: Ref[Point] | None) -> None: ...
    def point_make(self, x: int_, y: int_) -> Point: ...
    def point_sum(self, p: Point) -> int_: ...
    def packed_check(self, p: In[Ref[Packed]] | None) -> int_: ...
    def flexible_sum(self, f: In[Ref[Flexible]] | None) -> int_: ...
    def number_read(self, t: In[Ref[Tagged]] | None) -> f8: ...
    def bits_next(self, b: Ref[Bits] | None) -> None: ...
    def mixed_check(self, m: In[Ref[Mixed]] | None) -> int_: ...
    def pump(self, s: Ref[Pump] | None) -> int_: ...
    def thing_open(self, value: int_) -> Thing | None: ...
    def thing_make(self, value: int_) -> tuple[int_, Annotated[Out[Thing], named("out")]]: ...
    def thing_value(self, t: Const[Thing]) -> int_: ...
    def thing_close(self, t: Closes[Thing]) -> None: ...
    def other_open(self) -> Other | None: ...
    def apply(self, f: Unary, value: int_) -> int_: ...
    def apply_with(
        self,
        f: Callable[[Annotated[Context, named("context")], Annotated[int_, named("value")]], int_],
        context: Context,
        value: int_,
    ) -> int_: ...
    def set_handler(self, f: Keep[Unary]) -> None: ...
    def is_null(self, p: Const[Ptr[None]]) -> int_: ...
    def free_text(self, s: Annotated[Mutable[LPStr], attribute("unique")]) -> None: ...
    def get_text(self) -> tuple[int_, Annotated[Out[LPStr], free_with("free_text"), named("out")]]: ...
    def parse(self, s: LPStr) -> tuple[long_, Annotated[Out[int], offset_in("s"), named("end")]]: ...
    def things_total(self, v: Annotated[Array[Thing], size_is("n")], n: int_) -> int_: ...
    def make_numbers(
        self,
    ) -> tuple[Borrowed[Annotated[list[int_], size_is("n")]], Annotated[Out[int_], named("n")]]: ...
