"""Pace: how long renders take here, and so how long one may take before it counts as slow."""

import statistics
from collections import deque

PATIENCE = 1.0
"""Seconds: of 24 MP, 500 px wide take 0.3 and an AVIF 2,000 px wide 1.0, on a busy core."""
_TIMES_THE_MEDIAN = 4
_REMEMBERED = 32


class Pace:
    """A site whose every render takes long is not slow: patience grows with the median.

    Only renders that succeed count. Slow ones are few among them, however many come: their lane
    lets few through.
    """

    def __init__(self, least: float, longest: float) -> None:
        """Bounds of `patience`, in seconds."""
        self._least = least
        self._longest = longest
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def took(self, seconds: float) -> None:
        """A render succeeded."""
        self._seconds.append(seconds)

    @property
    def patience(self) -> float:
        """Seconds after which a render is slow."""
        usual = statistics.median(self._seconds) if self._seconds else 0.0
        return min(self._longest, max(self._least, _TIMES_THE_MEDIAN * usual))
