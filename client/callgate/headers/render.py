"""A function's declaration as a person would write it, whatever macros the header wrote it with."""

from __future__ import annotations

from typing import Any

__all__ = ["prototype"]


def prototype(cursor: Any) -> str:
    """`int deflate(z_streamp strm, int flush)`."""
    parameters = [_declared(each.type.spelling, each.spelling) for each in cursor.get_arguments()]
    if cursor.type.kind.name == "FUNCTIONPROTO" and cursor.type.is_function_variadic():
        parameters.append("...")
    return _declared(cursor.result_type.spelling, f"{cursor.spelling}({', '.join(parameters) or 'void'})")


def _declared(kind: str, name: str) -> str:
    """A type with a name in it: in the `(*)` of a pointer to a function, before the `[` of an array, or behind."""
    if not name:
        return kind
    place = kind.find("(*")
    if place >= 0:
        place += 2
        return f"{kind[:place]}{name}{kind[place:]}"
    place = kind.find("[")
    if place >= 0:
        return f"{kind[:place].rstrip()} {name}{kind[place:]}"
    return f"{kind}{'' if kind.endswith('*') else ' '}{name}"
