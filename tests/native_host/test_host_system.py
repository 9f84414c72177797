"""System types at the host's own border: whatever a client sends ends in a value or a refusal, and leaves nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callgate.declare import parse
from callgate_native_host.libc import Libc
from callgate_native_host.scope import Scope
from callgate_protocol.errors import Fault
from callgate_protocol.limits import DEFAULT_LIMITS

from .bench import Bench

PROTOTYPES = """
    int length_of(BSTR b);
    int change(int how, [in, out] BSTR *b);
    struct person { int32_t id; BSTR name; BSTR names[2]; };
    int weigh(struct person p);
    int weigh_at(const struct person *p);
    int total([size_is(n)] BSTR *v, int n);
"""
ARRAYS = """
    int64_t sum_longs(SAFEARRAY(long) *a);
    int text_bytes(SAFEARRAY(BSTR) *a);
    int weigh(SAFEARRAY(struct item) *a);
    struct item { int32_t id; BSTR name; };
    int change(int how, [in, out] SAFEARRAY(int32_t) **a);
    int describe([bounds] SAFEARRAY(VARIANT) *a, [out, size_is(n)] int *fields, int n);
"""
VARIANTS = """
    int overwrite(VARIANT v);
    int64_t array_of(VARIANT v);
    int change(int how, [in, out] VARIANT *v);
    int types([size_is(n)] const VARIANT *v, int n);
"""


class Heap(Libc):
    """Knows which of our blocks are still there."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.backend)
        self.live: set[int] = set()

    def copy(self, data: bytes) -> int:
        address = super().copy(data)
        self.live.add(address)
        return address

    def block(self, data: Any, size: int) -> int:
        address = super().block(data, size)
        self.live.add(address)
        return address

    def free(self, address: int) -> None:
        self.live.discard(address)
        super().free(address)


def bench_of(file: str, prototypes: str) -> tuple[Bench, Heap]:
    bench = Bench(file, parse(prototypes))
    heap = Heap(bench)
    bench.library.space.tools = bench.tools._replace(libc=heap)
    return bench, heap


@pytest.fixture(scope="module", params=["bstr", "safearray", "variant"])
def border(request: pytest.FixtureRequest, compiled: Callable[[str], str]) -> tuple[Bench, Heap]:
    prototypes = {"bstr": PROTOTYPES, "safearray": ARRAYS, "variant": VARIANTS}[request.param]
    return bench_of(compiled(request.param), prototypes)


numbers = st.integers(-(1 << 64), 1 << 64) | st.sampled_from([0, 1, 2, 3, 8, 12, 0x2003, 0x200C, 0x4003, 0x400C])
leaves = st.none() | st.booleans() | numbers | st.floats() | st.binary(max_size=20) | st.text(max_size=3)
wires = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(numbers, inner).map(list)
        | st.tuples(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)).map(list), max_size=2), inner).map(list)
        | st.dictionaries(st.sampled_from(["payload", "at", "constant"]), inner, max_size=1)
    ),
    max_leaves=8,
).filter(lambda wire: "constant" not in repr(wire))
"""What a client in any state of mind may send; never a magic pointer, which native code would follow."""


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_sent_ends_and_leaves_nothing(border: tuple[Bench, Heap], data: st.DataObject) -> None:
    """A value or a Fault, never another exception; and every block that was made is freed."""
    bench, heap = border
    plan = bench.library.function(data.draw(st.sampled_from(sorted(bench.index.values()))))
    sent = [data.draw(st.integers(0, 3) if each.name in ("n", "how") else wires) for each in plan.signature.passed]
    scope = Scope(bench.session)
    with contextlib.suppress(Fault):
        plan.enter(sent, scope)
    scope.end()
    assert not heap.live


PROBES = [
    ("bstr", "length_of", 5, "MarshalError"),
    ("bstr", "length_of", "text", "MarshalError"),
    ("bstr", "length_of", {"payload": 1}, "MarshalError"),
    ("bstr", "length_of", {"at": [99, 0]}, "ObjectGone"),
    ("safearray", "sum_longs", [], "MarshalError"),
    ("safearray", "sum_longs", [[], b""], "ArgumentError"),
    ("safearray", "sum_longs", [[[1, 0]], b""], "ArgumentError"),
    ("safearray", "sum_longs", [[[1, 0]], b"1234567"], "ArgumentError"),
    ("safearray", "sum_longs", [[[1 << 32, 0]], b""], "OutOfRange"),
    ("safearray", "sum_longs", [[[1, 1]], bytes(8)], "SafeArrayRankMismatchError"),
    ("safearray", "sum_longs", [[[1, 0], [1, 0]], bytes(8)], "SafeArrayRankMismatchError"),
    ("safearray", "text_bytes", [[[2, 0]], [b"ab", 5]], "MarshalError"),
    ("variant", "overwrite", 5, "MarshalError"),
    ("variant", "overwrite", [5], "MarshalError"),
    ("variant", "overwrite", [3, "x"], "MarshalError"),
    ("variant", "overwrite", [3, 1 << 40], "OutOfRange"),
    ("variant", "overwrite", [-1, 0], "InvalidOleVariantTypeError"),
    ("variant", "overwrite", [1 << 20, 0], "InvalidOleVariantTypeError"),
    ("variant", "overwrite", [0x4003, 5], "InvalidOleVariantTypeError"),
    ("variant", "overwrite", [0x400C, [0x400C, [3, 1]]], "InvalidOleVariantTypeError"),
    ("variant", "overwrite", [13, 5], "MarshalError"),
    ("variant", "overwrite", [14, bytes(15)], "ArgumentError"),
    ("variant", "overwrite", [0x200C, [[[1, 0]], [[3, "x"]]]], "MarshalError"),
]


@pytest.mark.parametrize(("library", "name", "wire", "fault"), PROBES, ids=str)
def test_refused_by_name(compiled: Callable[[str], str], library: str, name: str, wire: Any, fault: str) -> None:
    """Each wrong wire value has its own refusal."""
    prototypes = {"bstr": PROTOTYPES, "safearray": ARRAYS, "variant": VARIANTS}[library]
    bench, heap = bench_of(compiled(library), prototypes)

    with pytest.raises(Fault) as caught:
        bench(name, wire)

    assert caught.value.name == fault, caught.value.message
    assert not heap.live


def test_deep_variants_are_bounded(compiled: Callable[[str], str]) -> None:
    """A message has a bounded depth; what fits into it is converted or refused, not a stack overflow."""
    bench, heap = bench_of(compiled("variant"), VARIANTS)
    wire: Any = [3, 1]
    for _ in range(DEFAULT_LIMITS.depth // 3):
        wire = [0x200C, [[[1, 0]], [wire]]]

    assert bench("overwrite", wire) != 0
    assert not heap.live
