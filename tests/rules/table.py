"""The table rule → implementation → tests of `docs/marshalling.md`, read from the sources.

`python -m tests.rules.table` writes the page; a test compares it with what the sources say. A rule is implemented where
a docstring or comment names it, and shown by the tests that carry its number.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

__all__ = ["PAGE", "Rule", "book", "implementations", "page", "shown_by"]

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(_ROOT, "docs", "marshalling.md")
_SOURCES = ("protocol", "transport", "native_host", "client")
_NAMED = re.compile(r"\bR(\d{1,2})\.(\d{1,2})\b(?:(?:-| to )R?(?:\d{1,2}\.)?(\d{1,2})\b)?")
_TEST = re.compile(r"test_r(\d\d)_(\d\d)(?:_|$)")

Number = tuple[int, int]


class Rule(NamedTuple):
    """One line of the book."""

    number: Number
    text: str
    later: str
    instead: str

    @property
    def name(self) -> str:
        """As the rule is called: `R7.12`."""
        return "R{}.{}".format(*self.number)


def book() -> dict[str, list[Rule]]:
    """The chapters and their rules."""
    with open(os.path.join(os.path.dirname(__file__), "book.toml"), "rb") as file:
        chapters = tomllib.load(file)
    return {
        f"{chapter}. {entries.pop('title')}": [
            _rule((int(chapter[1:]), int(number)), entry) for number, entry in entries.items()
        ]
        for chapter, entries in chapters.items()
    }


def _rule(number: Number, entry: str | dict[str, str]) -> Rule:
    if isinstance(entry, str):
        return Rule(number, entry, "", "")
    return Rule(number, entry["rule"], entry.get("later", ""), entry.get("instead", ""))


@cache
def implementations() -> dict[Number, list[str]]:
    """The source files that name each rule."""
    places: dict[Number, list[str]] = defaultdict(list)
    for path in _python_files(_SOURCES):
        with open(os.path.join(_ROOT, path), encoding="utf-8") as file:
            for number in sorted(set(_numbers_in(file.read()))):
                places[number].append(path)
    return places


def _numbers_in(text: str) -> Iterator[Number]:
    for match in _NAMED.finditer(text):
        chapter, first = int(match[1]), int(match[2])
        for number in range(first, int(match[3] or first) + 1):
            yield chapter, number


@cache
def shown_by() -> dict[Number, list[str]]:
    """The tests that show each rule: by their name, or by `@pytest.mark.rule`."""
    tests: dict[Number, list[str]] = defaultdict(list)
    for path in _python_files(("tests",)):
        with open(os.path.join(_ROOT, path), encoding="utf-8") as file:
            text = file.read()
        if "test_r" not in text and "mark.rule" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in _numbers_of(node):
                    tests[number].append(f"{path}::{node.name}")
    return tests


def _numbers_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[Number]:
    numbers = {(int(match[1]), int(match[2])) for match in [_TEST.match(function.name)] if match}
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.rule":
            numbers.update(_numbers_in(ast.unparse(decorator)))
    return numbers


def _python_files(roots: tuple[str, ...]) -> Iterator[str]:
    for root in roots:
        for folder, folders, files in os.walk(os.path.join(_ROOT, root)):
            folders.sort()
            for name in sorted(files):
                if name.endswith(".py"):
                    yield os.path.relpath(os.path.join(folder, name), _ROOT)


def page() -> str:
    """The whole page."""
    where, tests = implementations(), shown_by()
    lines = [
        "# The rules of marshalling, and where they are",
        "",
        "Made from the sources by `python -m tests.rules.table`, and checked by a test. A rule is implemented in the",
        "files that name it, and shown by the tests that carry its number.",
    ]
    for title, rules in book().items():
        lines += ["", f"## {title}", "", "| rule | what it says | where | shown by |", "|---|---|---|---|"]
        lines += [_row(rule, where.get(rule.number, []), tests.get(rule.number, [])) for rule in rules]
    return "\n".join(lines) + "\n"


def _row(rule: Rule, where: list[str], tests: list[str]) -> str:
    if rule.later:
        return f"| {rule.name} | {rule.text} | {rule.later} | |"
    places = ", ".join(f"[{_short(path)}](../{path})" for path in where)
    shown = ", ".join(f"[{name.partition('::')[2]}](../{name.partition('::')[0]})" for name in tests)
    return f"| {rule.name} | {rule.text}{rule.instead and f' ({rule.instead})'} | {places} | {shown} |"


def _short(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return "/".join([parts[0], *parts[2:]])


if __name__ == "__main__":
    with open(PAGE, "w", encoding="utf-8") as out:
        out.write(page())
