"""When to try again: after a pause that grows, or when the other side says."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DOUBLINGS = 30
"""More would be beyond any longest pause, and at last beyond what a float holds."""


def pause(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row, at least one.

    Of any length up to a bound ("full jitter"), so that those who failed together do not come back
    together. The bound is `first` after one failure and twice as much after each other one, up to
    `longest`.
    """
    bound = min(longest, first * 2 ** min(failures - 1, _MOST_DOUBLINGS))
    return random.uniform(0, bound)  # noqa: S311  (no secret)


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
