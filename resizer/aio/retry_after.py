"""`Retry-After`: how long another server asks to be left alone."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 86_400.0
"""Seconds; nobody here waits for a day."""


def retry_after(value: str) -> float:
    """Seconds from a `Retry-After` (RFC 9110 §10.2.3), a number or a date; 0 if it is neither."""
    if value.isascii() and value.isdecimal():
        return min(_LONGEST, float(value))
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(_LONGEST, max(0.0, (when - datetime.now(UTC)).total_seconds()))
