"""The allow-list of a broker that listens on tcp: which keys are let in, and what each may load (R18.6)."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from callgate_protocol.rights import Rights
from callgate_transport.keys import parse_public

__all__ = ["AllowList", "AllowListError", "read_allow_list"]

_MOST_BYTES: Final = 1 << 20
_MOST_KEYS: Final = 2
"""Two, so that a client can change its key without a moment in which neither works."""
_LONGEST_NAME: Final = 255
_MOST_RIGHTS: Final = 32_000
"""Bytes of one client's rights: they travel whole to the warden and to each of its hosts."""
_KNOWN: Final = {"key", "libraries", "classes", "objects"}

EXAMPLE: Final = """
[laptop]
key = "…64 hexadecimal digits, as `callgate keys show` prints them on the client…"
libraries = ["libscope.so", "/opt/rig/*.so"]"""


class AllowListError(ValueError):
    """The list cannot be used; the message says why and what to do."""


class AllowList:
    """Rights by public key. Pure: bytes in, decisions out."""

    def __init__(self, rights: Mapping[bytes, Rights]) -> None:
        self._rights = rights

    def rights(self, key: bytes) -> Rights | None:
        """What the client with this key may do; None when it is not let in."""
        return self._rights.get(key)

    def names(self) -> frozenset[str]:
        """The clients."""
        return frozenset(rights.name for rights in self._rights.values())

    def says_of(self, owner: str, key: str, *, for_all: bool = False) -> dict[str, Any]:
        """What a host is to be told that lets a client in with this key; `for_all`: it is one that all clients use."""
        if for_all:
            rights = next((rights for rights in self._rights.values() if rights.name == owner), None)
        else:
            rights = self._rights.get(bytes.fromhex(key))
        about = {"owner": owner, "key": key}
        if rights is None or rights.name != owner:
            return {"op": "expel", **about}
        return {"op": "admit", **about, "rights": rights.as_map()}

    def changes_to(self, following: AllowList) -> list[dict[str, Any]]:
        """What the hosts of these clients have to be told when another list takes the place of this one."""
        messages: list[dict[str, Any]] = []
        for key, rights in self._rights.items():
            after = following.rights(key)
            about = {"owner": rights.name, "key": key.hex()}
            if after is None or after.name != rights.name:
                messages.append({"op": "expel", **about})
            elif after != rights:
                messages.append({"op": "admit", **about, "rights": after.as_map()})
        return messages

    @classmethod
    def parse(cls, text: str, path: str) -> AllowList:
        """Read the text of an allow-list. Raises AllowListError."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise AllowListError(f"{path} is not TOML: {error}") from None
        rights: dict[bytes, Rights] = {}
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise AllowListError(f"{path}: {name} is not a table; a client looks like this:{EXAMPLE}")
            for key in _keys(path, name, table):
                if key in rights:
                    raise AllowListError(f"{path}: {name} and {rights[key].name} have the same key")
                rights[key] = _rights(path, name, table)
        if not rights:
            raise AllowListError(f"{path} names no client; one looks like this:{EXAMPLE}")
        return cls(rights)


def read_allow_list(path: str) -> AllowList:
    """Read the file. One that others may write would let them in, so it is refused. Raises AllowListError."""
    try:
        with open(path, "rb") as file:
            about = os.fstat(file.fileno())
            if about.st_uid not in (os.getuid(), 0):
                raise AllowListError(f"{path} belongs to user {about.st_uid}; it has to be this user's or root's")
            if about.st_mode & 0o022:
                raise AllowListError(f"{path} can be changed by others; chmod go-w {path}")
            given = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise AllowListError(
            f"the allow-list {path} cannot be read ({error.strerror}); it is a TOML file such as{EXAMPLE}"
        ) from None
    if len(given) > _MOST_BYTES:
        raise AllowListError(f"{path} is longer than {_MOST_BYTES} bytes")
    try:
        return AllowList.parse(given.decode(), path)
    except UnicodeDecodeError as error:
        raise AllowListError(f"{path} is not UTF-8: {error}") from None


def _keys(path: str, name: str, table: dict[str, Any]) -> list[bytes]:
    given = table.get("key")
    texts = given if isinstance(given, list) else [given]
    if not 1 <= len(texts) <= _MOST_KEYS:
        raise AllowListError(f"{path}: {name} has {len(texts)} keys; a client has one, or two while it changes them")
    try:
        return [parse_public(text) for text in texts]
    except ValueError as error:
        raise AllowListError(f"{path}: {name}: {error}") from None


def _rights(path: str, name: str, table: dict[str, Any]) -> Rights:
    unknown = sorted(set(table) - _KNOWN)
    if unknown:
        raise AllowListError(f"{path}: {name}: there is no right {unknown[0]!r}; known are {', '.join(sorted(_KNOWN))}")
    if len(name) > _LONGEST_NAME:
        raise AllowListError(f"{path}: {name:.40}…: the name of a client has at most {_LONGEST_NAME} characters")
    try:
        rights = Rights.from_map({**table, "name": name})
    except ValueError as error:
        raise AllowListError(f"{path}: {error}") from None
    if len(json.dumps(rights.as_map())) > _MOST_RIGHTS:
        raise AllowListError(
            f"{path}: {name} has more than {_MOST_RIGHTS} bytes of names; use patterns such as /opt/*.so"
        )
    return rights
