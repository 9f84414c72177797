"""The table of rules: complete, and true."""

from __future__ import annotations

import pytest

from .table import PAGE, Rule, book, implementations, page, shown_by

RULES = [rule for rules in book().values() for rule in rules if not rule.later]


def test_the_page_is_what_the_sources_say() -> None:
    """`python -m tests.rules.table` would change nothing."""
    with open(PAGE, encoding="utf-8") as file:
        assert file.read() == page(), "run python -m tests.rules.table"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_is_missing(rule: Rule) -> None:
    """Some source names it, and some test shows it."""
    assert (bool(implementations().get(rule.number)), bool(shown_by().get(rule.number))) == (True, True)


def test_no_test_shows_a_rule_that_is_not_in_the_book() -> None:
    """A number in a test's name is the number of a rule."""
    known = {rule.number for rules in book().values() for rule in rules}

    assert {number: tests for number, tests in shown_by().items() if number not in known} == {}
