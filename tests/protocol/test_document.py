"""`docs/protocol.md` against the code: every table and every byte on the page."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from callgate_broker.requests import OPERATIONS
from callgate_protocol import forms as all_forms
from callgate_protocol.codec import encode
from callgate_protocol.errors import FAULTS
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.marshal import resolve
from callgate_protocol.messages import MAGIC, MESSAGES
from callgate_protocol.model import COMPLEX, FLOATS, INTEGERS, SYSTEM_TYPES, TRUTHS
from callgate_protocol.references import Reference
from callgate_protocol.slots import MEMORY_BYTES, Phase
from callgate_protocol.system import BrokerFunction, HostFunction
from callgate_protocol.turns import ALLOWED, State
from callgate_protocol.typelib import TYPE_LIBRARY_LIMITS, decode_library
from callgate_protocol.version import FEATURES, MAJOR, MINOR
from tests.protocol.vectors import COS_BYTES, COS_HASH, VECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def table(*columns: str) -> list[list[str]]:
    """The rows of the table with these columns, without backticks."""
    head = "| " + " | ".join(columns) + " |"
    lines = iter(PAGE.splitlines())
    assert any(line == head for line in lines), f"docs/protocol.md has no table {head}"
    assert set(next(lines)) <= set("|-"), f"the table {head} has no rule below its head"
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = line[1:].removesuffix("|").split("|")
        rows.append([cell.strip().replace("`", "") for cell in cells])
    return rows


def section(title: str) -> str:
    """The text below a heading, up to the next heading of any level."""
    return PAGE.split(title + "\n", 1)[1].split("\n#", 1)[0]


# -- messages ----------------------------------------------------------------------------------------------------


def documented_messages() -> dict[int, tuple[str, list[tuple[str, str]]]]:
    """kind → (name, [(field, holds)])."""
    found: dict[int, tuple[str, list[tuple[str, str]]]] = {}
    latest = 0
    for kind, name, field, holds, _ in table("kind", "message", "field", "holds", "meaning"):
        if kind:
            latest = int(kind)
            found[latest] = name.replace(" ", ""), []
        found[latest][1].append((field, holds))
    return found


def test_every_message_is_documented_with_every_field() -> None:
    """Kinds, names and fields of the page are those of `MESSAGES`, in order."""
    documented = {
        kind: (name, [field for field, _ in fields]) for kind, (name, fields) in documented_messages().items()
    }

    assert documented == {
        kind: (message.__name__.lower(), list(message._fields)) for kind, (message, _) in MESSAGES.items()
    }


def whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def listed(each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(map(each, value))


number = whole(0, (1 << 63) - 1)
HOLDS: dict[str, Callable[[Any], bool]] = {
    "number": number,
    "call number": lambda value: value != 0 and whole(-(1 << 63), (1 << 63) - 1)(value),
    "int32": whole(-(1 << 31), (1 << 31) - 1),
    "text": lambda value: type(value) is str,
    "flag": lambda value: type(value) is bool,
    "texts": listed(lambda value: type(value) is str),
    "lengths": listed(number),
    "pairs": listed(lambda pair: listed(number)(pair) and len(pair) == 2),
    "16 bytes": lambda value: type(value) is bytes and len(value) == 16,
    "array": lambda value: type(value) is list,
    "map": lambda value: type(value) is dict,
    "any": lambda _value: True,
}
PROBES: list[Any] = [None, True, False, 0.5, "", "a", b"", bytes(15), bytes(16), bytes(17), {}, {"a": 1}, [], [0]]
PROBES += [[""], ["a", 1], [-1], [[1, 2]], [[1]], [[1, 2, 3]], [[1, -2]], [None], [1 << 63]]
PROBES += [sign * (1 << bits) + more for bits in (0, 31, 32, 63, 64) for sign in (1, -1) for more in (-1, 0, 1)]


def holds(words: str) -> Callable[[Any], bool]:
    """What the page means by the words in the column "holds"."""
    if words.endswith(" or nil"):
        inner = holds(words.removesuffix(" or nil"))
        return lambda value: value is None or inner(value)
    return HOLDS[words]


@pytest.mark.parametrize("kind", MESSAGES)
def test_fields_hold_what_is_documented(kind: int) -> None:
    """Each field's check accepts and refuses what its words on the page say, for values around every border."""
    _, fields = documented_messages()[kind]
    for (field, words), check in zip(fields, MESSAGES[kind][1], strict=True):
        for probe in PROBES:
            assert bool(check(probe)) is holds(words)(probe), f"{field} ({words}) and {probe!r}"


def test_every_message_has_a_place() -> None:
    """The table of who sends what where names every message, and nothing else."""
    rows = table("where", "the client sends", "the peer sends")
    named = {name for _, *cells in rows for cell in cells for name in cell.split(", ")}

    assert {name.replace(" ", "") for name in named} == {message.__name__.lower() for message, _ in MESSAGES.values()}


def test_states_are_documented() -> None:
    """The table of channel states is `ALLOWED`, message for message."""
    documented: dict[State, dict[str, set[str]]] = {state: {} for state in State}
    for state, end, words in table("state", "end", "messages"):
        documented[State(state)][end] = set() if words == "nothing" else set(words.split(", "))

    assert documented == {
        state: {end: {kind.__name__.lower() for kind in kinds} for end, kinds in ends.items()}
        for state, ends in ALLOWED.items()
    }


# -- figures and names -------------------------------------------------------------------------------------------


def test_limits_are_documented() -> None:
    """Names and defaults of the limits are those of the code, in order."""
    documented = {name: int(default) for name, default, _ in table("limit", "default", "what it bounds")}

    assert list(documented.items()) == list(DEFAULT_LIMITS.as_map().items())


def test_the_version_is_documented() -> None:
    """Version, magic word and features of the page are those of `hello`."""
    assert f"Version **{MAJOR}.{MINOR}**." in PAGE
    assert {name for name, _ in table("feature", "what it allows")} == set(FEATURES)
    assert f"| | magic | text | `{MAGIC}` |" in PAGE.replace("| 1 | hello |", "| |")


def test_faults_are_documented() -> None:
    """Every fault has a row, and no row is about something else."""
    assert [name for name, _ in table("name", "meaning")] == sorted(FAULTS)


def test_forms_are_documented() -> None:
    """Every form has a row, and no row is about something else."""
    forms = [form.__name__ for form in typing.get_args(all_forms.Form)]

    assert [name for name, *_ in table("form", "you send", "you receive")] == forms


def test_scalars_are_documented() -> None:
    """Model names and C spellings are those of the model."""
    documented: dict[str, str] = {}
    for cells in table("name", "C", "name", "C", "name", "C"):
        documented |= {name: c for name, c in zip(cells[::2], cells[1::2], strict=True) if name}

    assert documented == INTEGERS | FLOATS | COMPLEX | TRUTHS | {"bool": "_Bool"}


@pytest.mark.parametrize(
    ("functions", "columns"),
    [
        (HostFunction, ("number", "name", "arguments", "result")),
        (BrokerFunction, ("number", "name", "keys of the argument", "keys of the result")),
    ],
)
def test_functions_are_documented(functions: type[IntEnum], columns: tuple[str, ...]) -> None:
    """Numbers and names of library 0 are those of the code."""
    rows = table(*columns)

    assert [(int(row[0]), row[1]) for row in rows] == [(each.value, each.name) for each in functions]


def test_requests_to_the_broker_are_documented() -> None:
    """Keys of the broker's functions are those it reads, and those in parentheses are those it can do without."""
    for _, name, keys, _ in table("number", "name", "keys of the argument", "keys of the result"):
        fields = OPERATIONS[name.lower()]
        assert keys.split(", ") == [key if field.required else f"({key})" for key, field in fields.items()]


def test_phases_are_documented() -> None:
    """The phases in a record are those of the call slots."""
    rows = table("phase", "name", "meaning")

    assert [(int(phase), name) for phase, name, _ in rows] == list(enumerate(Phase.NAMES))
    assert f"a memfd of {MEMORY_BYTES} bytes" in PAGE


def test_references_are_documented() -> None:
    """The fields of a reference are listed in their order."""
    fields = [field for field, meaning in table("field", "holds")]

    assert tuple(fields) == Reference._fields
    assert '{"ref": [' + ", ".join(fields) + '], "offset": n}' in PAGE


def test_limits_of_type_libraries_are_documented() -> None:
    """The figures for type libraries are those of the code."""
    figures = TYPE_LIBRARY_LIMITS
    text = f"{figures.header_bytes >> 20} MiB and {figures.nodes:,} values; depth {figures.depth}"

    assert text in section("### 7.1 Type libraries")


# -- bytes -------------------------------------------------------------------------------------------------------


def test_the_bytes_are_those_of_the_vectors() -> None:
    """Every block of bytes on the page is a golden vector, so that it is what the code sends and takes."""
    known = {text.replace(" ", "") for _, text in VECTORS} | {COS_BYTES.replace(" ", "")}
    blocks = [text for language, text in _FENCED.findall(PAGE) if language == "hex"]
    read = ["".join(line.partition(";")[0] for line in block.splitlines()).replace(" ", "") for block in blocks]

    assert len(read) == 8
    assert [text for text in read if text not in known] == []
    assert f"`{COS_HASH}`" in PAGE


def test_the_declarations_of_qsort_can_be_read() -> None:
    """The type library that the page shows as values is one."""
    (text,) = (text for _, text in _FENCED.findall(PAGE) if text.startswith('[[["qsort"'))
    library = decode_library(encode(json.loads(text)))
    signature = resolve(library, library.functions[0])

    assert [plan.name for plan in signature.passed] == ["base", "n", "size", "compare"]
    assert [plan.name for plan in signature.outs] == ["base"]


def test_every_scalar_and_type_word_is_named_by_the_page() -> None:
    """The table of types shows each word that a type may start with."""
    shown = re.findall(r'`\["(\w+)"', section("### 7.1 Type libraries"))

    assert set(shown) == {"pointer", "array", "safearray", "enum", "struct", "opaque", "function", "interface"}


def test_system_types_are_documented() -> None:
    """Every system type has a row, and no row is about something else."""
    assert tuple(name for name, _ in table("type", "in native memory")) == SYSTEM_TYPES


def test_the_page_names_no_machine() -> None:
    """Paths of a developer's machine have no place in a specification."""
    assert not re.search(r"/(home|root|work|Users)/", PAGE)
