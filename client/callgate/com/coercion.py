"""What a late-bound argument becomes for a declared parameter: VariantChangeType's rules (R14.24, R13.13)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from callgate_protocol.model import CType, Pointer, Scalar, SystemType
from callgate_protocol.rpccodes import Code

from .declared import Method

__all__ = ["coerced"]

_RANGES: Final[dict[str, tuple[int, int]]] = {
    **{f"i{size}": (-(1 << (8 * size - 1)), 1 << (8 * size - 1)) for size in (1, 2, 4, 8)},
    **{f"u{size}": (0, 1 << (8 * size)) for size in (1, 2, 4, 8)},
    "int": (-(1 << 31), 1 << 31),
    "uint": (0, 1 << 32),
    "short": (-(1 << 15), 1 << 15),
    "ushort": (0, 1 << 16),
}


def coerced(value: Any, method: Method | None, index: int, refusal: Callable[[Code, int], Exception]) -> Any:
    """The value as the parameter wants it; raises `refusal(code, index)` when it cannot be that."""
    parameters = method.function.parameters if method is not None else ()
    if index >= len(parameters):
        return value
    convert = _converter(parameters[index].type)
    if convert is None:
        return value
    try:
        return convert(value)
    except OverflowError:
        raise refusal(Code.DISP_E_OVERFLOW, index) from None
    except (TypeError, ValueError, InvalidOperation):
        raise refusal(Code.DISP_E_TYPEMISMATCH, index) from None


def _converter(ctype: CType) -> Callable[[Any], Any] | None:
    """What makes values of a declared type; None for types that are taken as they are."""
    match ctype:
        case Pointer(target):
            return _converter(target) if isinstance(target, Scalar) else None
        case Scalar(name) if name in _RANGES:
            return lambda value: _integer(value, *_RANGES[name])
        case Scalar("float" | "double"):
            return lambda value: float(_number(value))
        case Scalar("VARIANT_BOOL" | "BOOL" | "bool"):
            return _truth
        case SystemType("BSTR"):
            return _text
        case _:
            return None


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        return Decimal(-1 if value else 0)
    if isinstance(value, str):
        return Decimal(value.strip())
    if isinstance(value, int | float | Decimal):
        return Decimal(value)
    if value is None:
        return Decimal(0)
    raise TypeError


def _integer(value: Any, low: int, end: int) -> int:
    """Halves go to the even number, as OLE Automation rounds."""
    number = int(_number(value).to_integral_value(ROUND_HALF_EVEN))
    if not low <= number < end:
        raise OverflowError
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        words = {"true": True, "false": False, "#true#": True, "#false#": False}
        known = words.get(value.strip().casefold())
        return bool(_number(value)) if known is None else known
    return bool(_number(value))


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(_number(value))
