"""Backoff: how long to wait before what failed is tried again."""

import random

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
