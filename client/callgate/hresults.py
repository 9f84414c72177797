"""HRESULT (R11.3): 32 bits, negative for failure, printed as people know it."""

from __future__ import annotations

from typing import Final, Self

from callgate_protocol.activation_codes import CODES, SUCCESSES

__all__ = ["HResult", "custom_hresult", "hresult"]

_NAMES: Final[dict[int, str]] = {
    0x00000000: "S_OK",
    0x00000001: "S_FALSE",
    0x80004001: "E_NOTIMPL",
    0x80004002: "E_NOINTERFACE",
    0x80004003: "E_POINTER",
    0x80004004: "E_ABORT",
    0x80004005: "E_FAIL",
    0x8000FFFF: "E_UNEXPECTED",
    0x80070005: "E_ACCESSDENIED",
    0x80070006: "E_HANDLE",
    0x8007000E: "E_OUTOFMEMORY",
    0x80070057: "E_INVALIDARG",
} | {code: name for name, code in (CODES | SUCCESSES).items()}
_ITF_FAILURE: Final = 0x80040000
_FIRST_CUSTOM, _LAST_CUSTOM = 0x0200, 0xFFFF
_MASK: Final = (1 << 32) - 1


class HResult(int):
    """A result code. It equals the signed number; made of either form, `0x80004005` or `-2147467259`."""

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        """Raises OverflowError for what has more than 32 bits."""
        if not -(1 << 31) <= value <= _MASK:
            raise OverflowError(f"{value} is no HRESULT: it has more than 32 bits")
        return super().__new__(cls, value - (1 << 32) if value >= 1 << 31 else value)

    def __eq__(self, other: object) -> bool:
        """Equal to the number in either form: `hr == 0x80004005` is what people write."""
        return isinstance(other, int) and (int(self) - int(other)) % (1 << 32) == 0 and -(1 << 31) <= other <= _MASK

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    @property
    def failed(self) -> bool:
        """Whether it tells of a failure: S_FALSE does not (R11.3)."""
        return self < 0

    @property
    def facility(self) -> int:
        """Bits 16 to 26: where the code comes from."""
        return self >> 16 & 0x7FF

    @property
    def code(self) -> int:
        """Bits 0 to 15."""
        return self & 0xFFFF

    def __repr__(self) -> str:
        number = self & _MASK
        name = _NAMES.get(number)
        return f"HResult({number:#010x})" if name is None else f"HResult({number:#010x}: {name})"

    __str__ = __repr__


def hresult(value: int) -> HResult:
    """A result code from either of its two forms (R11.3)."""
    return HResult(value)


def custom_hresult(code: int) -> HResult:
    """A failure of your own, of FACILITY_ITF: 0x0200 to 0xFFFF, because COM has the codes below (R11.15)."""
    if not _FIRST_CUSTOM <= code <= _LAST_CUSTOM:
        raise ValueError(f"{code:#06x} is not in 0x0200..0xFFFF, which is what is left for one's own codes (R11.15)")
    return HResult(_ITF_FAILURE | code)
