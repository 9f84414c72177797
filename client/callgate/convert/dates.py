"""DATE and FILETIME (R12.2 to R12.5, R2.8): integers all the way, no zone of this machine, no float seconds.

What is out of range, or has a zone that would be lost, is refused (R19.42).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from callgate.errors import ArgumentError, OutOfRange

from .base import Mismatch, wrong_type

__all__ = ["DATE_ZERO", "FILE_ZERO", "date_from", "date_to", "filetime_from", "filetime_to"]

_DAY: Final = 86_400_000
"""Milliseconds."""
DATE_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a DATE has no zone
_FIRST_YEAR: Final = 100
_BELOW, _BEYOND = -657435.0, 2958466.0
FILE_ZERO: Final = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS: Final = 10
"""Ticks of a FILETIME in a microsecond."""
_LAST_TICK: Final = (1 << 63) - 1


def date_from(value: Any, *, exact: bool = False) -> float:
    """Days since 1899-12-30 (R12.2); before it the fraction still counts forwards (R12.3)."""
    moment = _moment(value)
    if moment.year < _FIRST_YEAR:
        raise Mismatch(OutOfRange, f"a DATE begins with the year {_FIRST_YEAR}, not with {moment.year} (R12.4)")
    if exact and moment.microsecond % 1000:
        raise Mismatch(ArgumentError, f"{moment.microsecond} microseconds are no whole milliseconds (R12.5)")
    milliseconds = (moment - DATE_ZERO) // timedelta(milliseconds=1)
    if milliseconds < 0:
        backwards = -milliseconds % _DAY
        if backwards:
            milliseconds -= 2 * (_DAY - backwards)
    return milliseconds / _DAY


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime.combine(value, time())
    elif isinstance(value, time):
        moment = datetime.combine(DATE_ZERO, value)
    else:
        raise wrong_type("a datetime, date or time", value)
    if moment.tzinfo is not None:
        raise Mismatch(ArgumentError, "a DATE has no time zone; convert and write .replace(tzinfo=None) (R12.5)")
    return moment


def date_to(days: float) -> datetime:
    """The moment, rounded to the nearest millisecond, half away from zero (R12.5)."""
    if not _BELOW < days < _BEYOND:  # also for what is not a number
        raise Mismatch(ArgumentError, f"{days} is no DATE: the year 100 to 9999 (R12.4)")
    numerator, denominator = days.as_integer_ratio()
    milliseconds = (2 * abs(numerator) * _DAY + denominator) // (2 * denominator)
    if days < 0:
        milliseconds = 2 * (milliseconds % _DAY) - milliseconds
    try:
        return DATE_ZERO + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise Mismatch(ArgumentError, f"{days} is beyond the last millisecond of 9999 (R12.4)") from None


def filetime_from(value: Any) -> int:
    """R2.8: ticks of 100 ns since 1601 in UTC."""
    if type(value) is int:
        ticks = value
    elif isinstance(value, datetime):
        if value.tzinfo is None:
            raise Mismatch(ArgumentError, "a FILETIME is a time in UTC; this datetime does not say its zone (R2.8)")
        ticks = (value - FILE_ZERO) // timedelta(microseconds=1) * _TICKS
    else:
        raise wrong_type("a datetime with a zone, or an int of 100 ns ticks since 1601", value)
    if not 0 <= ticks <= _LAST_TICK:
        raise Mismatch(OutOfRange, f"{value} is before 1601 or beyond the last FILETIME (R2.8)")
    return ticks


def filetime_to(ticks: int) -> datetime:
    """The moment in UTC; what is finer than a microsecond is cut off."""
    try:
        if ticks < 0:
            raise OverflowError
        return FILE_ZERO + timedelta(microseconds=ticks // _TICKS)
    except OverflowError:
        text = f"{ticks} ticks are no time that a datetime holds; declare the FILETIME as int64_t to get the number"
        raise Mismatch(ArgumentError, f"{text} (R2.8)") from None
