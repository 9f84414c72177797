"""Results as people read them, and as JSON has them."""

from __future__ import annotations

import base64
import math
from typing import Any

from callgate.records import Struct
from callgate.values import StrBuf

__all__ = ["as_json", "as_text"]


def as_text(value: Any) -> str:
    """One value for a terminal: text as it is, everything else as Python writes it."""
    if value is None:
        return "null"
    if isinstance(value, str | StrBuf):
        return str(value)
    if isinstance(value, bytearray):
        return repr(bytes(value))
    return repr(value)


def as_json(value: Any) -> Any:
    """One value as `json.dumps` takes it; bytes become `{"base64": …}`, what JSON has no number for its name."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes() | bytearray():
            return {"base64": base64.b64encode(value).decode()}
        case list() | tuple():
            return [as_json(each) for each in value]
        case Struct():
            return {name: as_json(getattr(value, name)) for name in value.__match_args__}
        case _:
            return value if value is None or isinstance(value, int | str) else as_text(value)
