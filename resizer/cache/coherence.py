"""Hearing: until when this process is sure to hear of flushes."""

import math
import time
from collections.abc import Callable

SECONDS = 3.0
"""How long an answered question is good for. Whoever flushes waits at most this long for a gateway
that does not confirm: by then it trusts nothing that it remembers."""


class Hearing:
    """Everything remembered inside a process is used only while this says `sure`.

    The question goes over the connection that flushes come by, and its answer cannot overtake
    them: who has the answer has heard all that was flushed before the question was put. Sure for
    ever until told otherwise: where nothing is shared, there is nothing to hear.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.until = math.inf
        """On the clock of `time.monotonic`."""

    @property
    def sure(self) -> bool:
        return self._clock() < self.until

    def now(self) -> float:
        """The time by which it goes."""
        return self._clock()

    def covers(self, started: float) -> bool:
        """Whether no flush that ended by now can be younger than what began at `started`."""
        return self.sure or self._clock() - started < SECONDS

    def confirmed(self, asked: float) -> None:
        """An answer came to the question that was put at `asked`."""
        self.until = asked + SECONDS

    def lost(self) -> None:
        """What is flushed from now on is not heard."""
        self.until = -math.inf
