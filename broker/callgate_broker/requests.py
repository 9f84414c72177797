"""What may be asked of the warden, as a table, and the shape of its answers."""

from __future__ import annotations

from typing import Any

from callgate_protocol.value import Value

__all__ = ["OPERATIONS", "BadRequest", "Request", "failure", "parse", "success"]


class BadRequest(Exception):
    """A request with an unknown operation or unfit fields. The message says which."""


class Request(Value):
    """A request whose fields have been checked."""

    number: int
    operation: str
    fields: dict[str, Any]
    owner: str = ""
    """The client of another machine for which a gateway asks; it is told of its own hosts only."""
    remote: dict[str, Any] | None = None
    """How a host is reached that a gateway has started for it."""


class _Field(Value):
    kind: type
    required: bool = True
    limit: int = 0
    """Longest string, or characters of all strings of a list."""


OPERATIONS: dict[str, dict[str, _Field]] = {
    "start": {
        "label": _Field(str, limit=255),
        "key": _Field(str, limit=4096),
        "client": _Field(int),
        "share": _Field(str, required=False, limit=512),
        "gone": _Field(str, required=False, limit=64),
        "kind": _Field(str, required=False, limit=16),
        "relay": _Field(bool, required=False),
    },
    "record": {"host": _Field(str, limit=64), "wait": _Field(bool, required=False)},
    "stop": {
        "host": _Field(str, limit=64),
        "reason": _Field(str, limit=64),
        "channel": _Field(int, required=False),
        "call": _Field(int, required=False),
    },
    "list": {"offset": _Field(int, required=False)},
    "resolve": {"host": _Field(str, limit=64)},
    "activate": {
        "clsid": _Field(str, limit=38),
        "client": _Field(int),
        "command": _Field(list, required=False, limit=8192),
        "share": _Field(str, required=False, limit=512),
        "window": _Field(int, required=False),
    },
    "register_class": {
        "client": _Field(int),
        "clsid": _Field(str, limit=38),
        "mode": _Field(int),
        "where": _Field(str, limit=4096),
    },
    "resume_classes": {"client": _Field(int)},
    "suspend_classes": {"client": _Field(int), "served": _Field(int, required=False)},
    "revoke_class": {"client": _Field(int), "cookie": _Field(int)},
    "register_running": {
        "client": _Field(int),
        "moniker": _Field(str, limit=512),
        "where": _Field(str, limit=4096),
        "flags": _Field(int),
    },
    "revoke_running": {"client": _Field(int), "number": _Field(int)},
    "find_running": {"moniker": _Field(str, limit=512)},
    "list_running": {"offset": _Field(int, required=False)},
    "find_class": {"name": _Field(str, limit=512), "caller": _Field(str, required=False, limit=64)},
}
"""Every operation with its fields. Fields beyond these are ignored, so that a newer client may say more."""


_GATEWAY_OPERATIONS: dict[str, dict[str, _Field]] = {
    "admit": {"key": _Field(str, limit=64), "rights": _Field(dict)},
    "expel": {"key": _Field(str, limit=64)},
    "admitted": {"after": _Field(str, required=False, limit=320)},
}
"""What gateways say by themselves: when the allow-list has changed, and before, when they begin."""

_MESSAGE_LIMIT = 4000
"""Characters of an error that are kept, from the end: every answer must fit into a datagram, however it is escaped."""

_KNOWN = OPERATIONS | _GATEWAY_OPERATIONS
_OWNER = _Field(str, required=False, limit=255)
_REMOTE = _Field(dict, required=False)


def parse(number: int, message: dict[str, Any]) -> Request:
    """The request in a message; raises `BadRequest`."""
    operation = message.get("op")
    table = _KNOWN.get(operation) if isinstance(operation, str) else None
    if not isinstance(operation, str) or table is None:
        raise BadRequest(f"unknown operation {operation!r:.64}; there are {', '.join(OPERATIONS)}")
    fields = {name: _checked(operation, name, table[name], message) for name in table}
    owner = _checked(operation, "owner", _OWNER, message) or ""
    return Request(number, operation, fields, owner, _checked(operation, "remote", _REMOTE, message))


def _checked(operation: str, name: str, field: _Field, message: dict[str, Any]) -> Any:
    value = message.get(name)
    if value is None and not field.required:
        return None
    if type(value) is not field.kind:  # isinstance would take True for a number
        raise BadRequest(f"{operation}: {name} must be {field.kind.__name__}, not {type(value).__name__}")
    if isinstance(value, str) and len(value) > field.limit:
        raise BadRequest(f"{operation}: {name} has {len(value)} characters, at most {field.limit} are allowed")
    if isinstance(value, list) and not all(type(each) is str and "\0" not in each for each in value):
        raise BadRequest(f"{operation}: {name} must be a list of strings")
    if isinstance(value, list) and sum(map(len, value)) > field.limit:
        raise BadRequest(f"{operation}: {name} is longer than {field.limit} characters")
    if isinstance(value, int) and value < 0:
        raise BadRequest(f"{operation}: {name} must not be negative")
    return value


def success(number: int, result: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request that was carried out."""
    return {"id": number, "ok": result}


def failure(number: int, name: str, message: str) -> dict[str, Any]:
    """The answer to a request that was not; `name` is that of an exception of the client."""
    return {"id": number, "error": {"name": name, "message": message[-_MESSAGE_LIMIT:]}}
