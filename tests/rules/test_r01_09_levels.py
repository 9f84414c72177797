"""R1.9, R7.12, R7.14: a layout class by reference is a pointer to a pointer, whose end native code may replace."""

# mypy: disable-error-code="misc"
# Types are values here.

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Protocol

import pytest

import callgate
from callgate import (
    Box,
    In,
    InOut,
    Lib,
    NativePtr,
    Out,
    Ref,
    at_position,
    f8,
    free_with,
    i4,
    layout_class,
    library,
    native,
)
from callgate.typed.libraries import declarations_of
from callgate_protocol.model import c_name

from .heap import NOISE, leaks
from .ways import Loader, TypedLoader

STRUCT = "struct item { int32_t id; [free] char *name; double weight; };"
PROTOTYPES = (
    STRUCT
    + """
    long heap(void);
    int levels([copied] struct item **p);
    int is_seven([in, copied] const struct item *const *p);
    void change([in, out, copied] struct item **p);
    void rename_it([in, out, copied] struct item **p);
    void put_null([in, out, copied] struct item **p);
    void put_fixed([in, out, copied] struct item **p);
    void put_literal([in, out, copied, free] struct item **p);
    int replace([in, out, copied, free] struct item **p, const char *name);
    void take_away([in, out, copied, free] struct item **p);
    int make([out, copied, free] struct item **p, int id);
    int counted_alive(void);
    void counted_replace([in, out, copied, free(counted_free)] struct item **p);
    void move_name([in, out, copied, free(counted_free)] struct item **p);
    void swap([in, out, copied] struct item **a, [in, out, copied] struct item **b);
    void both_first([in, out, copied] struct item **a, [in, out, copied] struct item **b);
    [free] struct item *twice([out, copied, free] struct item **p);
    [throws] HRESULT fails([in, out, copied, free] struct item **p, int how);
    int ask(int32_t (*f)([in, out, copied] struct item **p), int id);
"""
)
LONG = "x" * 5000


@pytest.fixture(scope="module")
def lib(load_both: Loader) -> Lib:
    return load_both("levels", PROTOTYPES)


# -- levels and NULL ---------------------------------------------------------------------------------------------------


def test_r01_09_none_is_a_null_behind_the_pointer(lib: Lib) -> None:
    """C sees two levels for an instance, and one for None; never NULL itself."""
    assert lib.levels(callgate.types(lib).item(1, None, 2.0)) == 3
    assert lib.levels(None) == 1
    assert lib.levels(Box(None)) == 1
    assert lib.put_fixed(None) == callgate.types(lib).item(9, None, 0.5)


@pytest.mark.rule("R1.8")
def test_r01_09_what_only_goes_in_stays(lib: Lib, load_both: Loader) -> None:
    """C reads every member; what it writes, there or into the pointer, is not seen."""
    assert lib.is_seven(callgate.types(lib).item(7, "seven", 1.75)) == 1
    assert lib.is_seven({"id": 7, "name": "seven", "weight": 1.5}) == 0
    reading = load_both("levels", STRUCT + "void spoil([copied] struct item **p);")
    item = callgate.types(reading).item(7, "seven", 1.75)
    assert reading.spoil(item) is None
    assert item == callgate.types(reading).item(7, "seven", 1.75)


@pytest.mark.rule("R7.12")
def test_r01_09_unchanged_is_the_instance_itself(lib: Lib) -> None:
    """The pointer stayed, the struct changed: the very instance is updated, and is the result."""
    item = callgate.types(lib).item(7, "seven", 1.75)
    same = lib.change(item)

    assert same is item
    assert item == callgate.types(lib).item(70, "seven", 17.5)
    box = Box(callgate.types(lib).item(7, "seven", 1.75))
    inside = box.value
    assert lib.change(box) is None
    assert box.value is inside
    assert inside.id == 70
    assert lib.change((7, "seven", 1.75)) == item


def test_r01_09_null_afterwards_is_none(lib: Lib) -> None:
    """Native code took it away; the instance that was given is as it was."""
    item = callgate.types(lib).item(7, "seven", 1.75)
    box = Box(item)

    assert lib.put_null(item) is None
    lib.put_null(box)
    assert box.value is None
    assert lib.take_away(item) is None
    assert item == callgate.types(lib).item(7, "seven", 1.75)


def test_r01_09_replaced_is_another_instance(lib: Lib) -> None:
    """A struct of the library's own is read and left alone."""
    item = callgate.types(lib).item(7, "seven", 1.75)
    for _ in range(10):
        other = lib.put_fixed(item)
        assert other is not item
        assert other == callgate.types(lib).item(9, None, 0.5)
    assert item == callgate.types(lib).item(7, "seven", 1.75)
    box = Box(item)
    lib.put_fixed(box)
    assert box.value == other


def test_r01_09_an_out_starts_as_null(lib: Lib) -> None:
    """Nothing is given, C sees NULL behind the pointer, and makes an instance or none."""
    assert lib.make(3) == (0, callgate.types(lib).item(3, "made here", 0.25))
    assert lib.make(0) == (0, None)


# -- who frees what ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("R8.3", "R7.19")
@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("change", (70, LONG, 17.5)),
        ("rename_it", (7, LONG + "!", 1.75)),
        ("put_null", None),
        ("put_fixed", (9, None, 0.5)),
        ("take_away", None),
        ("counted_replace", (8, "counted", 2.5)),
        ("move_name", (8, LONG, 2.5)),
    ],
)
def test_r01_09_nothing_is_lost_and_nothing_freed_twice(lib: Lib, call: str, result: Any) -> None:
    """Structs and their texts: kept, changed, replaced, moved, taken away. The heap stays as it was."""

    def run() -> None:
        found = getattr(lib, call)(callgate.types(lib).item(7, LONG, 1.75))
        assert found == (None if result is None else callgate.types(lib).item(*result))

    assert leaks(lib, run) < NOISE
    assert lib.counted_alive() == 0


@pytest.mark.rule("R8.3")
def test_r01_09_a_replacement_is_freed_as_declared(lib: Lib) -> None:
    """`[free]`: native code frees what it was given, and what it leaves is freed here with its texts."""
    item = callgate.types(lib).item(7, LONG, 1.75)
    assert leaks(lib, lambda: lib.replace(item, None)) < NOISE
    assert lib.replace(item, "other") == (7, callgate.types(lib).item(8, "other", 2.5))
    assert lib.replace(None, None) == (0, callgate.types(lib).item(1, "new", 2.5))
    assert leaks(lib, lambda: lib.make(3), 3000) < NOISE


@pytest.mark.rule("R8.4")
def test_r01_09_one_struct_behind_two_pointers(lib: Lib, load_both: Loader) -> None:
    """Exchanged copies are read where they are now; one struct for two is read for both, and freed once."""
    one, two = callgate.types(lib).item(1, "one", 0.5), callgate.types(lib).item(2, "two", 1.5)
    assert lib.swap(one, two) == (two, one)
    assert lib.swap(one, None) == (None, one)
    first, second = lib.both_first(one, two)
    assert first is one
    assert second == one
    assert (
        leaks(lib, lambda: lib.swap(callgate.types(lib).item(1, LONG, 0.5), callgate.types(lib).item(2, LONG, 1.5)))
        < NOISE
    )
    owning = load_both("levels", STRUCT + "void both_first([in, out, copied, free] struct item **a, "
                       "[in, out, copied, free] struct item **b);")  # fmt: skip
    with pytest.raises(callgate.DoubleOwnershipError, match=r"both_first.*R8\.4"):
        owning.both_first(callgate.types(owning).item(1, "one", 0.5), None)
    for _ in range(20):
        with pytest.raises(callgate.DoubleOwnershipError, match=r"twice.*R8\.4"):
            lib.twice()
    assert lib.make(3) == (0, callgate.types(lib).item(3, "made here", 0.25))


@pytest.mark.rule("R8.6")
def test_r01_09_what_is_no_block_is_not_freed(lib: Lib, load_both: Loader) -> None:
    """A struct of the library's own where the declaration says that it is freed."""
    wrong = load_both("levels", STRUCT + "void put_fixed([in, out, copied, free] struct item **p);")
    with pytest.raises(callgate.OwnershipError, match=r"'p' as it came out of put_fixed.*R8\.6"):
        wrong.put_fixed(None)
    assert lib.levels(None) == 1


@pytest.mark.rule("R8.8")
@pytest.mark.parametrize("how", [0, 1, 2])
def test_r01_09_a_failing_call_transfers_nothing(lib: Lib, how: int) -> None:
    """Kept, replaced or taken away before the failure: everything is freed once."""

    def run() -> None:
        with pytest.raises(callgate.ComError):
            lib.fails(callgate.types(lib).item(7, LONG, 1.75), how)

    assert leaks(lib, run) < NOISE
    item = callgate.types(lib).item(7, "seven", 1.75)
    assert lib.fails(item, 3) is item


# -- callbacks ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R9.8")
def test_r01_09_callbacks(lib: Lib) -> None:
    """A callback sees native code's instance, changes it where it is, takes it away, or makes one."""
    seen: list[Any] = []

    def answer(what: Any) -> Callable[[Any], Any]:
        def callback(item: Any) -> Any:
            seen.append(item)
            return 4, what

        return callback

    assert lib.ask(answer(callgate.types(lib).item(6, "text", 0.5)), 5) == 40061
    assert lib.ask(answer(None), 5) == 40000
    assert lib.ask(answer(callgate.types(lib).item(8, None, 0.5)), 0) == 40082
    assert seen == [callgate.types(lib).item(5, None, 1.5), callgate.types(lib).item(5, None, 1.5), None]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_r01_09_pointers_are_refused(lib: Lib) -> None:
    problem = r"argument 1 'p' of change: expected an instance of item"
    with callgate.new(lib, "item") as memory, pytest.raises(callgate.InvalidCastError, match=problem):
        lib.change(memory)
    with pytest.raises(callgate.InvalidCastError, match=r"argument 1 'p'\.weight of change: "):
        lib.change(callgate.types(lib).item(1, "one", "heavy"))


@pytest.mark.parametrize(
    ("prototype", "message"),
    [
        ("int level([copied] struct item *p);", r"\[copied\] belongs to a pointer to a pointer to a struct.*R7\.14"),
        ("int level([copied] int **p);", r"not to int \*\*"),
        ("int level([copied] struct item ***p);", r"R7\.15"),
        ("int level([copied] int p);", r"not to int "),
        ("int level([copied, unique] struct item **p);", r"\[unique\] does not go with \[copied\].*R1\.9"),
        ("int level([copied, size_is(3)] struct item **p);", r"\[size_is\] does not go with \[copied\]"),
        ("int level([copied, free] struct item **p);", r"\[free\] is about what comes back"),
        ("[copied] struct item *level(int p);", r"result of level: \[copied\] is for parameters"),
        ("struct s { [copied] struct item **p; }; int level(struct s p);", r"\[copied\] is for parameters"),
    ],
)
def test_r07_14_where_copied_is_refused(load_both: Loader, prototype: str, message: str) -> None:
    with pytest.raises(callgate.MarshalDirectiveError, match=message):
        load_both("levels", STRUCT + prototype).level(None)


def test_r07_14_without_the_word_pointers_cross(load_both: Loader) -> None:
    """`[in, out] struct T **` is what it was: the pointer itself, in and out."""
    plain = load_both("levels", STRUCT + "void put_fixed([in, out] struct item **p); int level(struct item *p);")
    pointer = plain.put_fixed(None)
    assert isinstance(pointer, NativePtr)
    assert plain.level(pointer) == 1
    assert plain.put_fixed(pointer) == pointer


# -- typed declarations ------------------------------------------------------------------------------------------------


@layout_class(layout="sequential")
class Item:
    id: i4 = 0
    name: Annotated[str | None, free_with("free")] = None
    weight: f8 = 0.0

    def label(self) -> str:
        return f"{self.id} {self.name}"


@library("liblevels.so")
class Levels(Protocol):
    @native(entry_point="levels")
    def count(self, p: In[Ref[Item | None]]) -> i4: ...
    def level(self, p: Item | None) -> i4: ...
    def is_seven(self, p: In[Ref[Item]]) -> i4: ...
    def change(self, p: Ref[Item]) -> InOut[Item]: ...
    @native(entry_point="rename_it")
    def rename(self, p: Ref[Item]) -> None: ...
    def put_fixed(self, p: Ref[Item | None]) -> InOut[Item | None]: ...
    def put_null(self, p: Ref[Item | None]) -> InOut[Item | None]: ...
    def replace(self, p: Annotated[Ref[Item], free_with("free")], name: str | None) -> tuple[i4, InOut[Item]]: ...
    def make(self, id: i4) -> tuple[i4, Annotated[Out[Item | None], free_with("free"), at_position(0)]]: ...  # noqa: A002 - C's name


@pytest.fixture(scope="module")
def typed(load_typed: TypedLoader) -> Levels:
    return load_typed("levels", Levels)


def test_r07_12_a_reference_is_observable_as_two_levels(typed: Levels) -> None:
    """By value a class is one level and None is NULL; by reference it is two, and None is a pointer to NULL."""
    assert typed.level(Item(1)) == 1
    assert typed.level(None) == 0
    assert typed.count(Item(1)) == 3
    assert typed.count(None) == 1
    assert typed.is_seven(Item(7, "seven", 1.75)) == 1
    assert typed.is_seven(Item(7, "seven", 1.5)) == 0


def test_r07_12_the_instance_is_updated_or_another_comes(typed: Levels) -> None:
    """Identity is kept as long as native code keeps the pointer, also when the result repeats nothing."""
    item = Item(7, "seven", 1.75)

    assert typed.change(item) is item
    assert (item.label(), item.weight) == ("70 seven", 17.5)
    typed.rename(item)
    assert item.label() == "70 seven!"
    assert typed.put_null(item) is None
    other = typed.put_fixed(item)
    assert type(other) is Item
    assert (other.id, other.name, other.weight) == (9, None, 0.5)
    was, new = typed.replace(item, None)
    assert (was, new.label(), item.label()) == (70, "71 seven!", "70 seven!")
    flag, made = typed.make(3)
    assert made is not None
    assert (flag, made.label()) == (0, "3 made here")
    assert typed.make(0) == (0, None)


def lowered(parameter: Any, result: Any = None) -> str:
    """The C parameter and its words."""

    class Probe(Protocol):
        def f(self, p: Any) -> None: ...

    class Giving(Protocol):
        def f(self) -> None: ...

    one: Any = Giving if parameter is None else Probe
    one.f.__annotations__ = ({} if parameter is None else {"p": parameter}) | {"return": result}
    decorate: Any = library("libprobe.so")
    found = declarations_of(decorate(one)).library.functions[0].parameters[0]
    words = " ".join(sorted(attribute.name for attribute in found.attributes))
    return f"{words} {c_name(found.type)}".strip()


def test_r07_14_a_class_by_reference_has_two_stars() -> None:
    """The last row of the table: `T**` is a class by reference, and nothing is below that."""
    assert lowered(Ref[Item]) == "copied in out Item **"
    assert lowered(Ref[Item | None]) == "copied in out Item **"
    assert lowered(In[Ref[Item]]) == "copied const Item * const *"
    assert lowered(Annotated[Ref[Item], free_with("free")]) == "copied free in out Item **"
    assert lowered(None, Out[Item]) == "copied out Item **"
    with pytest.raises(callgate.MarshalDirectiveError, match=r"never NULL; write Ref\[… \| None\].*R1\.9"):
        lowered(Ref[Item] | None)
    with pytest.raises(callgate.MarshalDirectiveError, match=r"R7\.14"):
        lowered(Ref[Ref[Item]])
