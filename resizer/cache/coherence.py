"""Coherence: whether what this process remembers may be used, as flushes would be heard."""

import math
import time
from collections.abc import Callable


class Coherence:
    """Everything remembered inside a process is used only while this says `trusted`.

    A PING goes over the connection that flushes come by, and its answer cannot overtake them: who
    has the answer has heard all that was flushed before the PING. Trusted for ever until told
    otherwise: where nothing is shared, there is nothing to hear.
    """

    TRUST_SECONDS = 3.0
    """How long an answered PING is good for. Whoever flushes waits at most this long for a gateway
    that does not confirm: by then it trusts nothing that it remembers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.until = math.inf
        """On the clock of `time.monotonic`."""

    @property
    def trusted(self) -> bool:
        """Whether no flush can have ended by now that this process has not heard of."""
        return self._clock() < self.until

    def now(self) -> float:
        """The time by which it goes."""
        return self._clock()

    def trusts(self, started: float) -> bool:
        """Whether no flush that ended by now can be younger than work that began at `started`."""
        return self.trusted or self._clock() - started < self.TRUST_SECONDS

    def confirmed(self, asked: float) -> None:
        """An answer came to the PING that was sent at `asked`, on this clock."""
        self.until = asked + self.TRUST_SECONDS

    def distrust(self) -> None:
        """What is flushed from now on is not heard."""
        self.until = -math.inf
