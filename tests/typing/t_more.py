"""What else users write: it has to pass mypy --strict and pyright in strict mode."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any, Protocol, assert_type

import callgate
from callgate import (
    Array,
    Borrowed,
    Box,
    Closes,
    Context,
    FixedArray,
    FixedText,
    Handle,
    InOut,
    Keep,
    LPStr,
    LPWStr,
    NativePtr,
    Out,
    Ptr,
    Ref,
    StrBuf,
    closes,
    count_of,
    delegate,
    f8,
    free_with,
    i4,
    int_,
    layout_class,
    library,
    named,
    native,
    offset_in,
    size_is,
    size_t,
    struct,
    u1,
    u2,
    union,
)


class Color(IntEnum):
    RED = 0
    GREEN = 5


@struct(name="person_s", pack=4)
class Person:
    name: Annotated[str, FixedText(16)]
    age: i4
    marks: Annotated[list[i4], FixedArray(3)]
    color: Color = Color.RED

    @property
    def grown(self) -> bool:
        return self.age >= 18


@union
class Number:
    i: i4 = 0
    d: f8 = 0.0


@layout_class(layout="sequential")
class Moment:
    year: u2 = 0
    month: u2 = 0


class Db(Handle):
    pass


@delegate
class Row(Protocol):
    def __call__(self, seen: Context, n: int_, values: Annotated[Array[LPStr], size_is("n")], /) -> int_: ...


@library("libmore.so", charset="unicode", strict=True)
class More(Protocol):
    def open(self, path: LPWStr) -> tuple[i4, Out[Db]]: ...
    def close(self, db: Closes[Db]) -> i4: ...
    def close2(self, db: Annotated[Db, closes]) -> None: ...
    def errmsg(self, db: Db | None) -> Borrowed[LPStr]: ...
    def each(self, db: Db, row: Row, seen: Context) -> tuple[i4, Annotated[Out[LPStr], free_with("db_free")]]: ...
    def watch(self, call: Keep[Callable[[i4], i4]]) -> None: ...
    def strtol(self, text: LPStr, base: i4 = 10) -> tuple[i4, Annotated[Out[int], offset_in("text"), named("end")]]: ...
    def swap(self, a: Ref[i4], b: Ref[i4]) -> tuple[None, InOut[i4], InOut[i4]]: ...
    def now(self, moment: InOut[Moment]) -> None: ...
    def paint(self, color: Color) -> Color: ...
    def name(self, text: Annotated[StrBuf, size_is("n")], n: size_t) -> i4: ...
    def read(self, data: Annotated[Out[Array[u1]], size_is("n")], n: size_t = count_of("data")) -> i4: ...
    def pointer(self, at: Ptr[i4]) -> NativePtr | None: ...
    @native(entry_point="real_name")
    def other(self, p: Person) -> Person: ...


more = callgate.load(More, path="/opt/libmore.so", deadline=2)
assert_type(more, More)
code, db = more.open("x")
assert_type(db, Db)
more.close(db)
code, message = more.each(db, lambda seen, n, values: n, [])
assert_type(message, str)
value, end = more.strtol("12")
assert_type(end, int)
_, first, second = more.swap(1, Box(2))
assert_type(first, int)
more.now(Moment(year=2000))
assert_type(more.paint(Color.GREEN), Color)
more.name(StrBuf(10), 10)
more.read(bytearray(10))
person = more.other(Person("a", 3, [1, 2, 3]))
assert_type(person, Person)
assert_type(person.grown, bool)
assert_type(person.marks, list[int])
Number(d=2.5)
with callgate.deadline(1):
    more.watch(lambda n: n + 1)
callgate.close(more)
anything: Any = callgate.types(more)
