"""`callgate.ctypes` on C of our own: values both ways, memory that both sides see, callbacks, and crashes."""

from __future__ import annotations

import ctypes as std
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import callgate
from callgate import ctypes
from callgate.ctypes import world


class Inner(ctypes.Structure):
    _fields_ = [("a", ctypes.c_short), ("b", ctypes.c_double)]


class Outer(ctypes.Structure):
    pass


Outer._fields_ = [
    ("tag", ctypes.c_char),
    ("inner", Inner),
    ("list", ctypes.c_int * 3),
    ("name", ctypes.c_char_p),
    ("next", ctypes.POINTER(Outer)),
]


class Number(ctypes.Union):
    _fields_ = [
        ("i", ctypes.c_int),
        ("f", ctypes.c_float),
        ("d", ctypes.c_double),
        ("bytes", ctypes.c_char * 8),
    ]


class Wide(ctypes.Union):
    _fields_ = [("parts", ctypes.c_longlong * 3), ("d", ctypes.c_double)]


class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint, 3), ("b", ctypes.c_int, 5), ("c", ctypes.c_ulonglong, 40)]


class Packed(ctypes.Structure):
    _pack_ = 1
    _fields_ = [
        ("a", ctypes.c_char),
        ("b", ctypes.c_int),
        ("c", ctypes.c_double),
        ("d", ctypes.c_short),
        ("e", ctypes.c_double),
    ]


class Crooked(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("a", ctypes.c_char), ("b", ctypes.c_int)]


class Mixed(ctypes.Structure):
    _fields_ = [("i", ctypes.c_int), ("d", ctypes.c_double)]


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


@pytest.fixture(scope="module")
def path(compiled: Callable[[str], str]) -> str:
    """The compiled library."""
    return compiled("face")


@pytest.fixture
def lib(path: str) -> Iterator[Any]:
    """The library, opened."""
    return ctypes.CDLL(path)


def chain() -> tuple[Any, Any]:
    """Two structs, the first of which points to the second."""
    second = Outer(name=b"second")
    first = Outer(b"T", (-12, 2.25), (1, -2, 0x7FFFFFFF), b"first", ctypes.pointer(second))
    return first, second


def test_a_struct_arrives_as_it_was_written(lib: Any) -> None:
    """C finds every member, the text and the second struct behind the pointer."""
    first, _ = chain()

    assert lib.check_outer(ctypes.byref(first)) == 0
    first.inner.b = 2.5
    assert lib.check_outer(ctypes.byref(first)) == 3
    first.inner = Inner(-12, 2.25)
    assert lib.check_outer(ctypes.byref(first)) == 0
    first.next.contents.name = b"third"
    assert lib.check_outer(ctypes.byref(first)) == 6


def test_what_c_writes_is_seen_everywhere(lib: Any) -> None:
    """Through the struct, through the object that its pointer was made from, and as text that C owns."""
    first, second = chain()

    lib.change_outer(ctypes.byref(first))

    assert (first.tag, first.inner.a, first.inner.b, list(first.list)) == (b"C", 77, -0.5, [1, 99, 0x7FFFFFFF])
    assert first.name == b"of C"
    assert second.list[2] == first.next[0].list[2] == 1234


def test_a_kept_pointer_is_the_object(lib: Any) -> None:
    """Writes of either side are seen by the other long after the call that gave the pointer away."""
    kept = Outer()
    lib.keep_outer(ctypes.pointer(kept))

    kept.list[0] = 41
    assert lib.read_kept() == 41
    lib.write_kept(43)
    assert kept.list[0] == 43


def test_bytes_stay_as_long_as_python_keeps_them(lib: Any) -> None:
    """C may keep a `char *` while the `bytes` object lives: other texts do not take its place."""
    text = bytes(bytearray(b"kept by C"))
    lib.keep_bytes(text)

    for number in range(600):
        lib.sum_bytes(b"other text %d" % number, 5)
    gc.collect()

    assert lib.compare_kept(b"kept by C") == 0


def test_unions_bit_fields_and_packing_by_value(lib: Any) -> None:
    """R7.9: by value both ways, checked and changed by C."""
    number = Number(i=0x01020304)
    lib.check_number.argtypes = [Number]
    assert lib.check_number(number) == 1
    lib.double_number.restype = Number
    assert lib.double_number(Number(d=1.25)).d == 2.5
    lib.check_wide.restype = ctypes.c_double
    wide = Wide((0, -1, 42))
    wide.d = 0.75
    assert lib.check_wide(wide) == 0.75
    assert lib.check_bits(Bits(5, -3, 0xABCDEF1234)) == 1
    lib.make_bits.restype = Bits
    made = lib.make_bits()
    assert (made.a, made.b, made.c) == (6, -7, 0x1234567890)
    lib.sum_packed.restype = ctypes.c_double
    assert lib.sum_packed(Packed(b"p", 40, 2.5, -2, 0.5)) == 42.5
    with pytest.raises(callgate.MarshalDirectiveError, match="packed member that is not aligned"):
        lib.sum_crooked(Crooked(b"a", 1))


def test_structs_by_value(lib: Any) -> None:
    """Floats in their registers, nested and with arrays, `long double` alone, and large ones."""

    class Lonely(ctypes.Structure):
        _fields_ = [("value", ctypes.c_longdouble)]

    class Floats(ctypes.Structure):
        _fields_ = [("a", ctypes.c_float), ("b", ctypes.c_float), ("c", ctypes.c_float)]

    class Nested(ctypes.Structure):
        _fields_ = [("f", Floats), ("s", ctypes.c_short * 2)]

    lib.double_lonely.restype = Lonely
    assert lib.double_lonely(Lonely(1.25)).value == 2.5
    lib.scale.restype = Floats
    scaled = lib.scale(Floats(1, 2, 3), ctypes.c_float(0.5))
    assert (scaled.a, scaled.b, scaled.c) == (0.5, 1, 1.5)
    lib.sum_nested.restype = ctypes.c_double
    assert lib.sum_nested(Nested((1, 2, 3), (4, 5))) == 54321


def test_a_struct_in_the_last_register(lib: Any) -> None:
    """What libffi passes wrongly is passed rightly (see `registers`)."""
    lib.sum_mixed.restype = ctypes.c_double
    lib.sum_mixed.argtypes = [*[ctypes.c_int] * 5, ctypes.c_double, Mixed]

    assert lib.sum_mixed(1, 2, 3, 4, 5, 0.5, Mixed(7, 0.25)) == 700.25


def test_variadic(lib: Any) -> None:
    """Arguments without a declaration: int, double by its type, bytes."""
    lib.sum_variadic.restype = ctypes.c_longlong

    assert lib.sum_variadic(2, 10, -20, ctypes.c_double(1.5), b"four") == 1494


def test_wide_text_and_long_double(lib: Any) -> None:
    """`wchar_t` both ways and in place; `long double` loses nothing that a double has."""
    assert lib.wide_length("äöü") == 3
    text = ctypes.create_unicode_buffer("grün 1", 20)
    lib.wide_upper.restype = ctypes.c_wchar_p
    assert lib.wide_upper(text) == "GRüN 1"
    assert (text.value, len(text)) == ("GRüN 1", 20)
    lib.triple.restype = lib.triple.argtypes = None
    lib.triple.argtypes, lib.triple.restype = [ctypes.c_longdouble], ctypes.c_longdouble
    assert lib.triple(0.1) == pytest.approx(0.3)


def test_errno_is_a_copy_per_thread(path: str) -> None:
    """`use_errno` swaps it around the call; another thread has another copy."""
    lib = ctypes.CDLL(path, use_errno=True)
    ctypes.set_errno(5)

    assert lib.fail_with(33) == 5
    assert ctypes.get_errno() == 33
    ctypes.set_errno(-7)
    assert lib.fail_with(33) == -7
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(ctypes.get_errno()))
    thread.start()
    thread.join()
    assert seen == [0]
    assert ctypes.set_errno(0) == 33


def test_variables(lib: Any) -> None:
    """`in_dll` is the variable itself."""
    counter = ctypes.c_int.in_dll(lib, "face_counter")
    counter.value += 1
    assert ctypes.c_int.in_dll(lib, "face_counter").value == counter.value
    assert ctypes.c_char_p.in_dll(lib, "face_name").value == b"face"
    assert Inner.in_dll(lib, "face_inner").b == 1.5
    with pytest.raises(ValueError, match="undefined symbol: no_such_variable"):
        ctypes.c_int.in_dll(lib, "no_such_variable")


def test_callbacks(lib: Any) -> None:
    """A callback calls the library, gets structs by value and text, and writes through a pointer."""
    lib.call_twice.argtypes = [CALLBACK, ctypes.c_int]
    assert lib.call_twice(CALLBACK(lambda value: lib.wide_length("x" * value) * 2), 20) == 82
    seen = []

    def with_struct(mixed: Any, text: bytes, place: Any) -> float:
        seen.append((mixed.i, mixed.d, text, place[0]))
        place[0] = 5
        return 0.5

    kind = ctypes.CFUNCTYPE(ctypes.c_double, Mixed, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))
    lib.call_struct.restype = ctypes.c_double
    place = ctypes.c_int(4)
    assert lib.call_struct(kind(with_struct), ctypes.byref(place)) == 0.5
    assert seen == [(8, 0.125, b"text", 4)]
    assert place.value == 5


def test_errno_in_callbacks(path: str) -> None:
    """With `use_errno`, a callback sees what C left, and leaves something itself."""
    lib = ctypes.CDLL(path, use_errno=True)
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, use_errno=True)
    seen = []

    def callback(value: int) -> int:
        seen.append(ctypes.set_errno(value))
        return value

    ctypes.set_errno(21)
    assert lib.call_twice(kind(callback), 40) == 81
    assert seen == [21, 40]
    assert ctypes.get_errno() == 41


def test_a_kept_callback_is_called_later_and_from_a_thread(lib: Any) -> None:
    """As long as Python keeps the object; afterwards the call that made C call it fails."""
    keeper = CALLBACK(lambda value: value + 1)
    lib.keep_callback(keeper)

    assert lib.call_kept(1) == 2
    assert lib.call_from_thread(10) == 11
    del keeper
    with pytest.raises(callgate.Error, match=r"is gone|earlier call"):
        lib.call_kept(1)
    assert lib.call_twice(CALLBACK(lambda value: value), 1) == 3
    with pytest.raises(callgate.Error, match=r"is gone|earlier call"):
        lib.call_kept(1)


def test_arguments_are_refused_before_native_code(lib: Any) -> None:
    """The message names the function and the argument."""
    lib.fill.argtypes = [ctypes.c_char_p, ctypes.c_int]
    with pytest.raises(ctypes.ArgumentError, match=r"argument 2 of fill: TypeError: .*integer") as caught:
        lib.fill(ctypes.create_string_buffer(3), "3")
    assert (caught.value.function, caught.value.argument) == ("fill", 2)
    with pytest.raises(TypeError, match="at least 2 arguments"):
        lib.fill(b"")
    with pytest.raises(ctypes.ArgumentError, match="give the function argtypes"):
        lib.sum_variadic(1.5)
    with pytest.raises(AttributeError, match="undefined symbol: no_such_function"):
        _ = lib.no_such_function
    with pytest.raises(OSError, match="no_such_library"):
        ctypes.CDLL("no_such_library.so")


def test_memory_of_another_python_object(lib: Any) -> None:
    """`from_buffer`: C sees what Python wrote there, and Python what C wrote, inside callbacks, too."""
    data = bytearray(b"abcdef")
    array = (ctypes.c_char * 6).from_buffer(data)
    lib.sum_bytes.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    assert lib.sum_bytes(array, 6) == sum(b"abcdef")
    data[0] = 200
    assert lib.sum_bytes(array, 6) == 200 + sum(b"bcdef")
    lib.fill(array, 4)
    assert data == bytes([0, 7, 14, 21]) + b"ef"
    seen = []

    def look(value: int) -> int:
        seen.append(bytes(data))
        data[1] = 99
        return int(lib.sum_bytes(array, 2)) + value

    pointed = ctypes.cast(array, ctypes.POINTER(ctypes.c_ubyte))
    assert lib.call_twice(CALLBACK(look), 0) == 2 * 99 + 1
    assert (seen[1], pointed[1]) == (bytes([0, 99, 14, 21]) + b"ef", 99)
    data[5] = 1
    pointed[4] = 2
    assert (pointed[5], data[4], array[5]) == (1, 2, b"\1")
    with pytest.raises(callgate.HostCrashed):
        lib.crash(None)
    assert lib.sum_bytes(array, 6) == sum(data)


def test_numbers_without_a_declaration(lib: Any) -> None:
    """An address of the host goes as one; a number that is no `int` is refused where ctypes would cut it."""
    block = ctypes.create_string_buffer(b"abc")
    assert lib.sum_bytes(ctypes.addressof(block) + 1, 2) == sum(b"bc")
    with pytest.raises(ctypes.ArgumentError, match="does not fit a C int; give the function argtypes"):
        lib.read_kept(1 << 40)


def test_large_memory(lib: Any) -> None:
    """More than one message holds inline; filled by C, read by Python, and the other way round."""
    buffer = ctypes.create_string_buffer(3 << 20)
    assert lib.fill(buffer, len(buffer)) == 3 << 20
    assert buffer[1 << 20] == bytes([(7 << 20) & 0xFF])
    assert buffer.raw[:4] == bytes([0, 7, 14, 21])
    data = bytes(range(256)) * 8192
    lib.sum_bytes.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    assert lib.sum_bytes(data, len(data)) == 8192 * sum(range(256))


def test_memory_of_the_library(lib: Any) -> None:
    """An address that the library gave is read, written and freed through it."""
    lib.make_block.restype, lib.drop_block.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    block = lib.make_block(64)
    assert ctypes.string_at(block, 3) == b"ZZZ"
    ctypes.memset(block, 65, 2)
    ctypes.memmove(block + 2, b"xyz", 3)
    assert ctypes.string_at(block, 6) == b"AAxyzZ"
    numbers = ctypes.cast(block, ctypes.POINTER(ctypes.c_ubyte))
    numbers[0] = 7
    assert numbers[:3] == [7, 65, ord("x")]
    lib.drop_block(block)


def test_a_crash_is_an_exception(lib: Any) -> None:
    """The next call has a new host; what lived in the old one is gone, plain values are not."""
    number = ctypes.c_int(5)
    there = ctypes.pointer(number)
    lib.null_pointer.restype = lib.make_block.restype = ctypes.c_void_p
    block = lib.make_block(16)
    here = ctypes.c_int(6)
    keeper = CALLBACK(lambda value: value - 1)
    lib.keep_callback(keeper)

    with pytest.raises(callgate.HostCrashed) as caught:
        lib.crash(None)

    assert caught.value.signal == signal.SIGSEGV
    assert caught.value.began is True
    assert lib.call_twice(keeper, 5) == 9
    assert here.value == 6
    for use in (
        lambda: number.value,
        lambda: there.contents,
        lambda: there[0],
        lambda: lib.crash(there),
        lambda: lib.crash(ctypes.byref(number)),
        lambda: ctypes.string_at(block, 1),
        lambda: lib.drop_block(ctypes.c_void_p(block)),
        lambda: ctypes.cast(block, ctypes.POINTER(ctypes.c_int))[0],
    ):
        with pytest.raises(callgate.ObjectGone):
            use()


def test_an_object_with_pointers_into_a_dead_host_is_gone(lib: Any) -> None:
    """A struct of this process that holds an address of the old host is not given to the new one."""
    first, second = chain()
    with pytest.raises(callgate.HostCrashed):
        lib.crash(None)

    with pytest.raises(callgate.ObjectGone):
        lib.check_outer(ctypes.byref(first))
    with pytest.raises(callgate.ObjectGone):
        first.next = ctypes.pointer(Outer())
    assert second is not None


def test_reading_where_nothing_is_kills_nobody(lib: Any) -> None:
    """A pointer that leads nowhere is an exception, and the host goes on."""
    before = ctypes.addressof(keep := ctypes.c_int(3))
    nowhere = ctypes.cast(8, ctypes.POINTER(ctypes.c_int))

    with pytest.raises(callgate.NullReferenceError, match="nothing is at 0x8"):
        _ = nowhere[0]
    with pytest.raises(ValueError, match="NULL pointer access"):
        _ = ctypes.POINTER(ctypes.c_int)()[0]

    assert ctypes.c_int.from_address(before).value == keep.value == 3


@pytest.mark.parametrize(
    ("use", "feature"),
    [
        (lambda: ctypes.PyDLL(None), "PyDLL"),
        (lambda: ctypes.pythonapi.Py_IncRef, "pythonapi"),
        (lambda: ctypes.py_object(3), "py_object"),
        (lambda: ctypes.PYFUNCTYPE(None), "PYFUNCTYPE"),
        (lambda: ctypes.c_void_p.from_buffer(bytearray(8)), "from_buffer of pointers"),
    ],
)
def test_what_cannot_hold_is_refused_by_name(use: Callable[[], Any], feature: str) -> None:
    """With the reason."""
    with pytest.raises(ctypes.NotAcrossProcesses, match=f"{feature} is refused: ") as caught:
        use()
    assert caught.value.feature == feature


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="classes of Python have buffers from 3.12 on")
def test_no_buffer_is_never_a_wrong_one() -> None:
    """Python 3.11 lets no class written in Python export memory: what would need it raises."""
    numbers = (ctypes.c_int * 2)(1, 2)

    with pytest.raises(BufferError, match="buffer protocol"):
        bytearray(numbers)
    with pytest.raises(TypeError):
        memoryview(numbers)
    assert bytes(numbers) == b"\1\0\0\0\2\0\0\0"


def test_buffers(lib: Any) -> None:
    """What Python 3.12 calls for `memoryview(array)`: one memory for Python and, around calls, for C."""
    numbers = (ctypes.c_ubyte * 4)(1, 2, 3, 4)
    lib.sum_bytes.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    assert lib.sum_bytes(numbers, 4) == 10
    numbers[0] = 5
    shown = numbers.__buffer__(0)
    assert (shown.tobytes(), shown.format) == (bytes([5, 2, 3, 4]), "<B")
    shown.cast("B")[1] = 10
    assert (numbers[1], lib.sum_bytes(numbers, 4)) == (10, 22)
    lib.fill(numbers, 3)
    assert list(shown.tobytes()) == list(numbers) == [0, 7, 14, 4]
    member = Outer(list=(1, 2, 3))
    with pytest.raises(BufferError, match="addresses inside"):
        member.__buffer__(0)
    part = Packed(b=7)
    assert ctypes.c_int.from_buffer(part.__buffer__(0), 1).value == 7
    with pytest.raises(BufferError, match="belongs to native code"):
        (ctypes.c_int * 1).in_dll(lib, "face_counter").__buffer__(0)


def test_the_host_is_where_the_program_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative names and the environment mean the same to the library as to Python, whenever they change."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    (tmp_path / "here").mkdir()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLGATE_TRY", "grün")
    assert libc.access(b"here", 0) == 0
    assert libc.getenv(b"CALLGATE_TRY") == "grün".encode()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("CALLGATE_TRY")
    assert libc.access(b"here", 0) == -1
    assert libc.getenv(b"CALLGATE_TRY") is None


def test_deadlines() -> None:
    """`callgate.deadline` holds for calls through the face."""
    libc = ctypes.CDLL(None)

    with pytest.raises(callgate.DeadlineExceeded), callgate.deadline(0.1):
        libc.sleep(60)
    assert libc.abs(-2) == 2


def test_many_threads(lib: Any) -> None:
    """Calls of several threads run side by side, with callbacks on the thread that called."""
    results: dict[int, Any] = {}

    def work(number: int) -> None:
        seen = []

        def answer(value: int) -> int:
            seen.append(threading.get_ident())
            return value * number

        text = b"thread %d" % number
        block = ctypes.create_string_buffer(text)
        for _ in range(20):
            assert lib.call_twice(CALLBACK(answer), 3) == 7 * number
            assert lib.sum_bytes(block, len(text)) == sum(text)
        results[number] = set(seen) == {threading.get_ident()}

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(6), True)


def test_a_forked_child_has_a_host_of_its_own(lib: Any) -> None:
    """What lived in the parent's host is gone for the child, and the parent goes on."""
    number = ctypes.c_int(3)
    ctypes.addressof(number)
    child = os.fork()
    if child == 0:
        try:
            try:
                _ = number.value
            except callgate.ObjectGone:
                os._exit(0 if lib.call_twice(CALLBACK(lambda value: value), 1) == 3 else 1)
        finally:
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert number.value == 3


def test_the_end_of_a_program_is_quiet() -> None:
    """A `__del__` that frees something of the library after the host has gone does nothing."""
    program = (
        "from callgate import ctypes\n"
        "libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p\n"
        "class Owner:\n"
        "    def __init__(self): self.block = libc.malloc(10)\n"
        "    def __del__(self): libc.free(ctypes.c_void_p(self.block))\n"
        "kept = Owner()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_memory_of_the_host_is_used_again() -> None:
    """What objects give back serves the next ones; large blocks go back to the host."""
    addresses = set()
    for number in range(300):
        block = ctypes.create_string_buffer(500)
        addresses.add(int(ctypes.addressof(block)))
        if number % 50 == 0:
            assert ctypes.addressof(ctypes.create_string_buffer(1 << 20))
        del block

    assert len(addresses) < 10


def test_another_abi_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every struct would be laid out wrongly: sizes are compared when a host begins."""
    monkeypatch.setitem(world._SCALARS, "long", std.c_short)
    with pytest.raises(callgate.HostCrashed):
        ctypes.memset(8, 0, 1)

    with pytest.raises(callgate.TypeLoadError, match="long has 8 bytes in the host and 2 in this Python"):
        ctypes.CDLL(None).abs(1)
    monkeypatch.undo()
    assert ctypes.CDLL(None).abs(-1) == 1


def test_importing_starts_no_host(runtime_directory: str) -> None:
    """Types, values and arithmetic need no process; the first address does."""
    program = (
        "from callgate import ctypes\n"
        "from callgate.ctypes.world import living\n"
        "a = (ctypes.c_int * 3)(1, 2, 3); a[1] += 5\n"
        "assert list(a) == [1, 7, 3] and living() is None\n"
        "ctypes.addressof(a); assert living() is not None\n"
        "import ctypes as plain; assert plain is not ctypes and plain.CDLL is not ctypes.CDLL\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
