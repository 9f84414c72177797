"""What hypothesis may draw: plain values, messages, type libraries."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from callgate_protocol.messages import (
    MAGIC,
    Call,
    Callback,
    Cancel,
    Cancelled,
    Chunk,
    CloseChannel,
    Credit,
    GiveBack,
    GivenBack,
    Goodbye,
    Hello,
    Message,
    Notice,
    Open,
    Opened,
    Ping,
    Pong,
    Raise,
    Refuse,
    Release,
    Resume,
    Resumed,
    Return,
    Welcome,
)
from callgate_protocol.model import (
    COMPLEX,
    FLOATS,
    INTEGERS,
    SYSTEM_TYPES,
    Array,
    Attribute,
    Coclass,
    CType,
    Delegate,
    Enum,
    EnumType,
    Field,
    Function,
    FunctionPointer,
    Implemented,
    Interface,
    InterfaceType,
    Opaque,
    OpaqueType,
    Parameter,
    Pointer,
    Record,
    SafeArray,
    Scalar,
    StructType,
    SystemType,
    TypeLibrary,
    Void,
)

__all__ = ["libraries", "messages", "plain_values", "quick"]


def quick(examples: int) -> settings:
    """Settings of a test that must stay fast and leaves no files behind."""
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


numbers = st.integers(0, (1 << 63) - 1)
call_numbers = st.integers(1, (1 << 63) - 1) | st.integers(-(1 << 63), -1)
small = st.integers(-(1 << 31), (1 << 31) - 1)
texts = st.text(max_size=8)
names = st.text("abcdefgh_", min_size=1, max_size=5)
sixteen = st.binary(min_size=16, max_size=16)
maps = st.dictionaries(texts, st.integers(-9, 9) | texts, max_size=3)
lengths = st.lists(numbers, max_size=3)

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=40)
    | texts
)
plain_values: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)

_hello = (st.just(MAGIC), numbers, numbers, st.lists(texts, max_size=3), maps, maps)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, *_hello),
    st.builds(Welcome, *_hello, maps, sixteen, sixteen, texts, texts),
    st.builds(Refuse, texts, texts),
    st.builds(
        Call,
        call_numbers,
        numbers,
        numbers,
        st.lists(plain_values, max_size=3),
        lengths,
        st.none() | numbers,
        st.none() | sixteen,
    ),
    st.builds(Callback, call_numbers, numbers, st.lists(plain_values, max_size=3), lengths),
    st.builds(Return, call_numbers, plain_values, st.lists(plain_values, max_size=3), small, lengths),
    st.builds(Raise, call_numbers, texts, texts, maps),
    st.builds(Chunk, call_numbers, numbers, numbers),
    st.builds(Credit, numbers),
    st.builds(Cancel, numbers, call_numbers),
    st.builds(Cancelled, numbers, call_numbers, st.booleans()),
    st.builds(Release, st.lists(st.tuples(numbers, numbers).map(list), max_size=3)),
    st.builds(Open, numbers, st.booleans()),
    st.builds(Opened, numbers, numbers, texts),
    st.builds(CloseChannel, numbers),
    st.builds(Notice, texts, texts),
    st.builds(Goodbye, texts),
    st.builds(Ping, numbers, numbers),
    st.builds(Pong, numbers),
    st.builds(GiveBack, numbers, st.lists(st.tuples(numbers, numbers).map(list), max_size=3)),
    st.builds(GivenBack, numbers),
    st.builds(Resume, numbers, numbers, numbers),
    st.builds(Resumed, numbers, numbers, numbers),
)
"""Every kind of message, with fields that the protocol allows."""

types: st.SearchStrategy[CType] = st.recursive(
    st.just(Void())
    | st.sampled_from([*INTEGERS, *FLOATS, *COMPLEX, "bool"]).map(Scalar)
    | st.sampled_from(SYSTEM_TYPES).map(SystemType)
    | st.builds(EnumType, names)
    | st.builds(StructType, names)
    | st.builds(Opaque, names)
    | st.builds(InterfaceType, names)
    | st.builds(FunctionPointer, names),
    lambda inner: (
        st.builds(Pointer, inner, st.booleans())
        | st.builds(Array, inner, st.integers(0, 9))
        | st.builds(SafeArray, inner)
    ),
    max_leaves=3,
)
attributes = st.lists(st.builds(Attribute, names, names | st.just("")), max_size=2, unique=True).map(
    lambda drawn: tuple(sorted(drawn))
)
parameters = st.builds(Parameter, names, types, attributes)
results = st.builds(Parameter, st.just(""), types, attributes)
members = st.builds(Field, names | st.just(""), types, attributes, st.integers(0, 31), st.integers(-1, 64))


def _many(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def _group(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    by_name = st.lists(strategy, max_size=2, unique_by=lambda entry: entry.name)
    return by_name.map(lambda entries: tuple(sorted(entries, key=lambda entry: entry.name)))


INVALID = st.lists(st.integers(-(1 << 63), (1 << 64) - 1), max_size=2, unique=True).map(
    lambda drawn: tuple(sorted(drawn))
)


guids = st.uuids().map(lambda drawn: f"{{{drawn}}}".upper())

libraries: st.SearchStrategy[TypeLibrary] = st.builds(
    TypeLibrary,
    functions=_group(st.builds(Function, names, results, _many(parameters), st.booleans(), texts)),
    records=_group(st.builds(Record, names, _many(members), st.booleans(), st.integers(0, 16), st.integers(0, 99))),
    enums=_group(
        st.builds(
            Enum,
            names,
            _many(st.tuples(names, st.integers(-(1 << 63), (1 << 63) - 1))),
            st.sampled_from(list(INTEGERS)),
        )
    ),
    delegates=_group(st.builds(Delegate, names, results, _many(parameters), st.booleans())),
    opaques=_group(st.builds(OpaqueType, names, names | st.just(""), INVALID, st.sampled_from(["", *INTEGERS]))),
    interfaces=_group(
        st.builds(
            Interface,
            names,
            guids,
            names | st.just(""),
            _many(st.builds(Function, names, results, _many(parameters))),
            attributes,
        )
    ),
    coclasses=_group(
        st.builds(Coclass, names, guids, _many(st.builds(Implemented, names, st.booleans(), st.booleans())))
    ),
)
"""Type libraries of any shape; that the names in them fit together is `marshal`'s business, not the encoding's."""
