"""Who may start a class, and who may call it (R16.12): lists of rules, and one decision.

A rule names a user (`uid:1000`), a group (`gid:100`), a CURVE key (`key:` and 64 hexadecimal digits), or is one of the
words `self` (the server's own user), `system` (user 0) and `everyone`. With `!` before it, it denies; denials win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from .authentication import Level
from .value import Value

__all__ = ["ACCESS_DEFAULT", "EVERYONE", "LAUNCH_DEFAULT", "Caller", "Rule", "allows", "parse_rule", "permitted"]

_NUMBER_LIMIT: Final = 1 << 32
_KEY: Final = re.compile(r"[0-9a-f]{64}")


class Caller(Value):
    """Who asks, as the kernel or the key of a connection tells it: never what the caller says of itself."""

    uid: int | None = None
    gids: tuple[int, ...] = ()
    key: str = ""
    """The public CURVE key of a caller on another machine, in lower-case hexadecimal."""

    @property
    def level(self) -> Level:
        """What is sure about it (R16.14)."""
        return Level.PRIVACY if self.key else Level.CONNECT if self.uid is not None else Level.NONE


class Rule(Value):
    """One entry of a list."""

    kind: str
    value: int | str = ""
    denies: bool = False

    def __str__(self) -> str:
        named = f"{self.kind}:{self.value}" if self.kind in _PARSED else self.kind
        return f"!{named}" if self.denies else named


_Matches: TypeAlias = Callable[[Rule, Caller, int], bool]

_MATCHES: Final[dict[str, _Matches]] = {
    "uid": lambda rule, caller, _server: caller.uid == rule.value,
    "gid": lambda rule, caller, _server: rule.value in caller.gids,
    "key": lambda rule, caller, _server: bool(caller.key) and caller.key == rule.value,
    "self": lambda _rule, caller, server: caller.uid == server,
    "system": lambda _rule, caller, _server: caller.uid == 0,
    "everyone": lambda _rule, _caller, _server: True,
}


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= _NUMBER_LIMIT:
        raise ValueError(f"{text!r:.80} is no user or group id: write the number, e.g. uid:1000")
    return int(text)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text.lower()):
        raise ValueError("a key has 64 hexadecimal digits")
    return text.lower()


_PARSED: Final[dict[str, Callable[[str], int | str]]] = {"uid": _number, "gid": _number, "key": _key}


def parse_rule(text: str) -> Rule:
    """A rule from its text. Raises ValueError."""
    denies = text.startswith("!")
    kind, colon, value = text.removeprefix("!").partition(":")
    if colon and kind in _PARSED:
        return Rule(kind, _PARSED[kind](value), denies)
    if not colon and kind in _MATCHES and kind not in _PARSED:
        return Rule(kind, "", denies)
    raise ValueError(
        f"{text!r:.80} is no rule: there are uid:N, gid:N, key:…, self, system, everyone, and ! before them"
    )


EVERYONE: Final = (Rule("everyone"),)
LAUNCH_DEFAULT: Final = (Rule("system"), Rule("self"))
"""Who may start a class that says nothing: root, and the user whose broker it is (the interactive user)."""

ACCESS_DEFAULT: Final = (Rule("self"), Rule("system"))
"""Who may call a class that says nothing: the server's own identity and root."""


def allows(rules: Sequence[Rule], caller: Caller, server: int) -> bool:
    """Whether a list lets a caller in: some rule names it, and none denies it."""
    named = [rule for rule in rules if _MATCHES[rule.kind](rule, caller, server)]
    return bool(named) and not any(rule.denies for rule in named)


def permitted(
    own: Sequence[Rule] | None,
    default: Sequence[Rule],
    limits: Sequence[Sequence[Rule]],
    caller: Caller,
    server: int,
) -> bool:
    """R16.12: the class's list, or the default when it has none; and every machine-wide limit has to agree."""
    return allows(default if own is None else own, caller, server) and all(
        allows(limit, caller, server) for limit in limits
    )
