"""R9: what native code can call, what it gets, and when it must not call any more."""

from __future__ import annotations

import functools
import gc
import logging
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import callgate
from callgate import Lib
from tests.conftest import wait_until

from .conftest import Loader

PROTOTYPES = """
    typedef int (*number_cb)(int value);
    typedef [on_error(-1)] int (*careful_cb)(int value);
    typedef [on_error(nan)] double (*ratio_cb)(double value);
    typedef int (*text_cb)(const char *text);
    typedef char *(*name_cb)(int value);
    typedef [oneway] void (*note_cb)(int value);
    typedef int (*context_cb)([context] void *context, int value);
    typedef int (*sum_cb)([in, out, size_is(n)] int *values, int n);
    int call_number(number_cb f, int value);
    double call_ratio(ratio_cb f, double value);
    int call_text(text_cb f, const char *text);
    int enumerate(number_cb f, int n);
    int call_all(careful_cb f, int n);
    void SetChangeHandler(number_cb f);
    void RemoveChangeHandler(void);
    number_cb GetChangeHandler(void);
    int Change(int value);
    void SetKept([keep] number_cb f);
    uintptr_t address_of(number_cb f);
    int same(number_cb f, number_cb g);
    number_cb native_function(void);
    int swap_functions([in, out] number_cb *f, [in, out] number_cb *g);
    int name_lengths(name_cb f, int n);
    int call_sum(sum_cb f);
    int each(context_cb f, [context] void *context, int n);
    void carry([keep] context_cb f, [context] void *context);
    int deliver(int value);
    int on_thread(number_cb f, int value);
    int note_on_thread(note_cb f, int from, int count);
    int note_here(note_cb f, int from, int count);
    void start_timer([keep] number_cb f);
    int stop_timer(void);
"""


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("callbacks", PROTOTYPES)


class Counter:
    """An object with a method that native code can call."""

    def __init__(self, start: int) -> None:
        self.total = start

    def add(self, value: int) -> int:
        self.total += value
        return self.total

    def __call__(self, value: int) -> int:
        return self.add(value)


def double(value: int) -> int:
    return 2 * value


def into(seen: list[Any], answer: Callable[[], int] = lambda: 0) -> Callable[[Any], int]:
    """A callable that remembers what it was given."""

    def remember(value: Any) -> int:
        seen.append(value)
        return answer()

    return remember


def fail(_value: object) -> int:
    raise KeyError("here")


# -- R9.1, R9.4, R9.12: what is accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: double,
        lambda: lambda v: 2 * v,
        lambda: Counter(21).add,
        lambda: Counter(21),
        lambda: functools.partial(int.__mul__, 2),
    ],
    ids=["function", "lambda", "bound method", "callable object", "partial"],
)
def test_r09_01_any_callable_is_a_function_pointer(lib: Lib, make: Any) -> None:
    assert lib.call_number(make(), 21) == 42


def test_r09_01_null_and_what_is_no_callable(lib: Lib) -> None:
    assert lib.call_number(None, 1) == -100
    with pytest.raises(callgate.InvalidCastError, match=r"argument 1 'f' of call_number.*a callable for number_cb"):
        lib.call_number("no", 1)


def test_r09_03_only_functions_by_reference_come_back(lib: Lib) -> None:
    """`number_cb *` is in and out: native code swapped two of ours, and we get our own callables, swapped."""
    first, second = double, Counter(10)

    assert lib.swap_functions(first, second) == (1102, second, first)


def test_r09_04_the_pointer_is_compared_and_called_from_c(lib: Lib) -> None:
    numbers = [each * 7919 % 1009 for each in range(1000)]
    libc_sort = callgate.load(
        "libc.so.6",
        "typedef int (*compare_fn)(const int *a, const int *b);"
        "void qsort([in, out, size_is(n)] int *base, size_t n, size_t width, compare_fn compare);",
    )
    with libc_sort:
        shuffled = list(numbers)
        libc_sort.qsort(shuffled, len(shuffled), 4, lambda a, b: (a > b) - (a < b))
    assert shuffled == sorted(numbers)
    with callgate.callback(lib, "number_cb", double) as d:
        assert lib.same(d, d) == 1
        assert lib.same(d, double) == 0


@pytest.mark.parametrize("answer", [True, None, 1.5, "1"])
def test_r09_04_a_comparator_answers_with_an_int(lib: Lib, answer: Any) -> None:
    with pytest.raises(callgate.InvalidCastError, match="the result of the callback for number_cb"):
        lib.call_number(lambda _value: answer, 1)


def test_r09_11_a_calling_convention_changes_nothing_here(load_both: Loader) -> None:
    conventions = load_both(
        "callbacks",
        """
        typedef int (__cdecl *cdecl_cb)(int value);
        typedef int (__stdcall *stdcall_cb)(int value);
        int call_number(cdecl_cb f, int value);
        int Change(int value);
        void SetChangeHandler(stdcall_cb f);
        """,
    )
    assert conventions.call_number(double, 4) == 8
    with callgate.callback(conventions, "stdcall_cb", double) as d:
        conventions.SetChangeHandler(d)
        assert conventions.Change(5) == 10


def test_r09_12_a_list_is_called_in_order_and_the_last_answer_counts(lib: Lib) -> None:
    seen: list[int] = []
    first, second = into(seen), into(seen)
    targets = [lambda v: first(v) + 1, lambda v: second(v) + 2]

    assert lib.call_number(targets, 0) == 2
    assert seen == [0, 0]
    with pytest.raises(KeyError):
        lib.call_number([fail, targets[0]], 0)
    assert seen == [0, 0], "an exception in the first stops the others"


# -- R9.5, R9.6: how long it lives ------------------------------------------------------------------------------------


def test_r09_05_set_and_remove_change_handler(lib: Lib) -> None:
    """Appendix D: the handler is a delegate object that its owner keeps; removed, it may go."""
    seen: list[int] = []
    d = callgate.callback(lib, "number_cb", into(seen, lambda: len(seen)))
    lib.SetChangeHandler(d)

    assert [lib.Change(value) for value in (5, 6)] == [1, 2]
    lib.RemoveChangeHandler()
    callgate.free(d)
    assert lib.Change(7) == -100
    assert seen == [5, 6]


@pytest.mark.rule("R9.6")
def test_r09_05_an_inline_callable_ends_with_its_call(lib: Lib) -> None:
    """The pointer that is left is called: a defined error, the declared answer, one more in the counter, no crash."""
    before = callgate.info(lib).stale_callbacks
    lib.SetChangeHandler(lambda _value: 1)
    gc.collect()

    with pytest.raises(callgate.CallbackOnCollectedDelegateError, match=r"number_cb.*callgate\.callback"):
        lib.Change(1)
    assert callgate.info(lib).stale_callbacks == before + 1
    lib.RemoveChangeHandler()


def test_r09_05_a_retained_callable_lives_until_it_is_released(lib: Lib) -> None:
    counter = Counter(0)
    lib.SetChangeHandler(callgate.retain(lib, counter.add))

    assert [lib.Change(3), lib.Change(4)] == [3, 7]
    assert lib.GetChangeHandler() == counter.add
    assert lib.address_of(counter.add) == lib.address_of(counter.add), "the same pointer wherever it is passed"
    callgate.release(lib, counter.add)
    with pytest.raises(callgate.CallbackOnCollectedDelegateError):
        lib.Change(1)
    with pytest.raises(LookupError, match="not retained"):
        callgate.release(lib, counter.add)
    lib.RemoveChangeHandler()


def test_r09_05_keep_outlives_the_call(lib: Lib) -> None:
    lib.SetKept(lambda value: value + 1)
    gc.collect()

    assert [lib.Change(value) for value in (1, 2)] == [2, 3]
    lib.RemoveChangeHandler()


def test_r09_06_a_pointer_made_to_last_is_never_anothers(lib: Lib) -> None:
    """A closed delegate's pointer is called after 2000 others were made: still nobody else is called."""
    with callgate.callback(lib, "number_cb", double) as d:
        lib.SetChangeHandler(d)
        closed = lib.address_of(d)
    addresses = set()
    for _ in range(20):
        with callgate.callback(lib, "number_cb", lambda _value: 5) as other:
            addresses.add(lib.address_of(other))
    addresses |= {lib.address_of(lambda _value: 5) for _ in range(1500)}

    assert closed not in addresses
    with pytest.raises(callgate.CallbackOnCollectedDelegateError):
        lib.Change(1)
    lib.RemoveChangeHandler()


def test_r09_06_slots_of_inline_callables_are_pooled(lib: Lib) -> None:
    """Thousands of inline callables do not make thousands of pointers, and none comes back at once."""
    before = callgate.info(lib).callbacks
    addresses = [lib.address_of(lambda _value: 5) for _ in range(2500)]

    assert len(set(addresses)) < 2200
    assert all(len(set(addresses[at : at + 1000])) == 1000 for at in range(0, 1500, 500))
    assert callgate.info(lib).callbacks == before


# -- R9.7: identity ---------------------------------------------------------------------------------------------------


def test_r09_07_the_same_delegate_is_the_same_pointer_and_comes_back(lib: Lib) -> None:
    d, other = callgate.callback(lib, "number_cb", double), callgate.callback(lib, "number_cb", double)

    assert lib.address_of(d) == lib.address_of(d)
    assert lib.address_of(d) != lib.address_of(other), "two delegate objects over one function are two identities"
    lib.SetChangeHandler(d)
    assert lib.GetChangeHandler() is d
    assert d(21) == 42
    lib.SetKept(double)
    assert lib.GetChangeHandler() is double
    lib.RemoveChangeHandler()
    assert lib.GetChangeHandler() is None
    callgate.free(d)
    callgate.free(other)


def test_r09_07_a_foreign_pointer_goes_back_as_itself(lib: Lib) -> None:
    assert lib.call_number(lib.native_function(), 21) == 42


# -- R9.8: values in the opposite direction ---------------------------------------------------------------------------


def test_r09_08_values_cross_both_ways(lib: Lib) -> None:
    def negate(values: list[int], n: int) -> tuple[int, list[int]]:
        return n, [-value for value in values]

    assert lib.call_text(len, "grüße") == 5
    assert lib.call_sum(negate) == 4000 - 10


def test_r09_08_a_text_that_a_callback_gives_is_malloced(lib: Lib) -> None:
    """Native code writes into each and frees it with `free`: a heap that was not malloc's would abort."""
    assert lib.name_lengths(lambda value: None if value % 2 else "x" * value, 200) == sum(range(0, 200, 2))


# -- R9.9: what fails -------------------------------------------------------------------------------------------------


def test_r09_09_the_third_of_five_fails(lib: Lib) -> None:
    """Native code gets zero and stops; the exception comes out of the call, with its traceback."""
    seen = []

    def third(value: int) -> int:
        seen.append(value)
        if value == 2:
            raise ValueError("the third")
        return 1

    with pytest.raises(ValueError, match="the third") as caught:
        lib.enumerate(third, 5)
    assert seen == [0, 1, 2]
    assert any(entry.name == "third" for entry in caught.traceback)


def test_r09_09_native_code_sees_on_error_and_the_first_failure_is_raised(lib: Lib) -> None:
    """Native code goes on after -1; what fails later in the same call is told in a note."""
    seen = []

    def odd(value: int) -> int:
        seen.append(value)
        if value % 2:
            raise ValueError(f"odd: {value}")
        return value

    with pytest.raises(ValueError, match="odd: 1") as caught:
        lib.call_all(odd, 4)
    assert seen == [0, 1, 2, 3]
    assert "odd: 3" in "".join(caught.value.__notes__)
    with pytest.raises(ZeroDivisionError):
        lib.call_ratio(lambda _value: 1 / 0, 1.0)


def test_r09_09_what_native_code_saw(lib: Lib) -> None:
    """The stale pointer shows it: its answer is the declared one, and here nothing is raised into the callback."""
    digits: list[int] = []

    def outer(value: int) -> int:
        try:
            lib.call_all(lambda v: fail(v) if v == 1 else v, 3)
        except KeyError:
            digits.append(value)
        return 1

    assert lib.call_number(outer, 5) == 1
    assert digits == [5], "the failure is raised by the call around the callback, where it can be caught"


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ("typedef [on_error(1)] void (*f)(int);", "needs a number"),
        ("typedef [on_error(1)] char *(*f)(int);", "needs a number"),
        ("typedef [on_error(7)] bool (*f)(int);", "truth value"),
        ("typedef [oneway] int (*f)(int);", "does not wait"),
        ("typedef [oneway] void (*f)([out] int *);", "does not wait"),
        ("[on_error(1)] int deliver(int); typedef int (*f)(int);", "belong to function pointers"),
        ("typedef int (*f)(int); int deliver([oneway] f callback);", "write it at its typedef"),
        ("typedef int (*f)(int); int deliver([on_error(3)] int value);", "part of a function pointer"),
        ("typedef [on_error(300)] unsigned char (*f)(int);", "on_error of f"),
    ],
)
def test_r09_09_a_declaration_that_cannot_be_is_refused(compiled: Any, declaration: str, words: str) -> None:
    """At the latest when it is used first."""

    def use() -> None:
        with callgate.load(compiled("callbacks"), declaration + " int stop_timer(void);") as refused:
            if "deliver" in declaration:
                refused.deliver(1)
            callgate.callback(refused, "f", double)

    with pytest.raises(callgate.DeclarationError, match=words):
        use()


def test_r09_09_without_a_call_it_goes_to_the_unraisable_hook(lib: Lib, monkeypatch: pytest.MonkeyPatch) -> None:
    caught: list[SimpleNamespace] = []
    monkeypatch.setattr(sys, "unraisablehook", caught.append)

    with callgate.callback(lib, "number_cb", fail) as d:
        assert lib.on_thread(d, 1) == 0
    assert [(each.exc_type, each.object) for each in caught] == [(KeyError, fail)]


# -- R9.10: threads ---------------------------------------------------------------------------------------------------


def test_r09_10_a_callback_of_a_call_runs_on_its_thread(lib: Lib) -> None:
    seen: list[int] = []
    lib.call_number(lambda value: into(seen)(threading.get_ident()) + value, 1)

    assert seen == [threading.get_ident()]


def test_r09_10_a_callback_of_a_foreign_thread_runs_beside_a_blocked_one(lib: Lib) -> None:
    """A timer of the library calls while this thread does nothing of the library's."""
    seen: list[tuple[int, int]] = []
    lib.start_timer(lambda value: into(seen)((threading.get_ident(), value)))

    assert wait_until(lambda: len(seen) >= 3)
    lib.stop_timer()
    assert threading.get_ident() not in {thread for thread, _ in seen}
    assert [value for _, value in seen[:3]] == [2, 3, 4]


def test_r09_10_a_blocked_executor_is_reported(lib: Lib, caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def block(value: int) -> int:
        go_on.wait(20)
        return value

    with caplog.at_level(logging.WARNING, "callgate"), callgate.callback(lib, "number_cb", block) as d:
        pending = lib.on_thread.submit(d, 7)
        told = wait_until(lambda: any("has not finished for 1 s" in record.message for record in caplog.records))
        go_on.set()
        assert told
        assert pending.result(10) == 7


# -- oneway -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def notes() -> list[int]:
    return []


@pytest.mark.rule("R9.10")
@pytest.mark.parametrize("function", ["note_here", "note_on_thread"])
def test_r09_09_native_code_does_not_wait_for_a_oneway_callback(lib: Lib, function: str, notes: list[int]) -> None:
    """The call is over while the callbacks still wait for their executor; they come in order, none is lost."""
    go_on = threading.Event()

    def note(value: int) -> None:
        go_on.wait(20)
        notes.append(value)

    with callgate.callback(lib, "note_cb", note) as d:
        assert getattr(lib, function)(d, 10, 50) == 50
        assert notes == []
        go_on.set()
        assert wait_until(lambda: len(notes) == 50)
    assert notes == list(range(10, 60))
    assert callgate.info(lib).dropped_callbacks == 0


def test_r09_10_oneway_callbacks_are_bounded_and_what_is_dropped_is_counted(
    load_both: Loader, notes: list[int]
) -> None:
    bounded = load_both(
        "callbacks", "typedef [oneway] void (*note_cb)(int value); int note_here(note_cb f, int from, int count);"
    )
    go_on = threading.Event()

    def note(value: int) -> None:
        go_on.wait(20)
        notes.append(value)

    with callgate.callback(bounded, "note_cb", note) as d:
        assert bounded.note_here(d, 0, 3000) == 3000
        go_on.set()
        assert wait_until(lambda: len(notes) + callgate.info(bounded).dropped_callbacks == 3000)
        assert len(notes) == 1024
        assert notes == list(range(1024))
        bounded.note_here(d, 5, 1)
        assert wait_until(lambda: notes[-1] == 5), "there is room again"


# -- R9.13: contexts --------------------------------------------------------------------------------------------------


def test_r09_13_the_very_object_comes_back(lib: Lib) -> None:
    thing: list[int] = []

    assert lib.each(lambda seen, value: seen.append(value) or 1, thing, 3) == 3
    assert thing == [0, 1, 2]


def test_r09_13_a_token_lives_until_it_is_freed(lib: Lib) -> None:
    thing: list[int] = []
    token = callgate.context(lib, thing)
    lib.carry(lambda seen, value: seen.append(value) or len(seen), token)

    assert [lib.deliver(5), lib.deliver(6)] == [1, 2]
    assert thing == [5, 6]
    callgate.free(token)
    with pytest.raises(callgate.ObjectGone, match="freed"):
        callgate.free(token)
    with pytest.raises(callgate.ArgumentError, match="context"):
        lib.deliver(7)
    with pytest.raises(callgate.ObjectGone, match="freed"):
        lib.each(lambda _seen, _value: 1, token, 1)
    other = callgate.context(lib, object())
    with pytest.raises(callgate.ArgumentError, match="context"):
        lib.deliver(8)
    callgate.free(other)
