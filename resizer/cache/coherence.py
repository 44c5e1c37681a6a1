"""Coherence: what this process remembers is what the fleet holds, or it is not used."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from resizer.aio.tasks import BackgroundTasks
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush

Forget = Callable[[Flush], Awaitable[object] | None]
"""Forgets what is flushed, in the call. What it returns, if anything, ends when nothing of it can
come back."""
FlushFleet = Callable[[Sequence[Flush]], Awaitable[object]]
"""Flushes what gateways share, and every gateway. Raises CacheUnavailable."""

_log = logging.getLogger("resizer")


class Coherence:
    """Whoever remembers subscribes, and uses what it remembers only while this is `trusted`.

    A PING goes over the connection that flushes come by, and its answer cannot overtake them: who
    has the answer has heard all that was flushed before the PING. Trusted for ever until told
    otherwise: where nothing is shared, there is nothing to hear.
    """

    TRUST_SECONDS = 3.0
    """How long an answered PING is good for. Whoever flushes waits at most this long for a gateway
    that does not confirm: by then it trusts nothing that it remembers."""

    def __init__(
        self,
        flush_fleet: FlushFleet | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`flush_fleet` flushes for `origin_deleted`; None where gateways share nothing."""
        self._flush_fleet = flush_fleet
        self._clock = clock
        self._forgets: list[Forget] = []
        self._clears: list[Callable[[], object]] = []
        self._background = BackgroundTasks()
        self._deleted: set[str] = set()
        """Keys of deleted originals whose variants are to be flushed."""
        self._flushing: asyncio.Task[None] | None = None
        self.trusted_until = math.inf
        """On the clock of `time.monotonic`."""

    def subscribe(self, forget: Forget, clear: Callable[[], object] | None = None) -> None:
        """Have `forget` called with each flush, and `clear` when flushes can no longer be heard."""
        self._forgets.append(forget)
        if clear is not None:
            self._clears.append(clear)

    @property
    def trusted(self) -> bool:
        """Whether no flush can have ended by now that this process has not heard of."""
        return self._clock() < self.trusted_until

    def now(self) -> float:
        """The time by which it goes, in seconds."""
        return self._clock()

    def trusts(self, started: float) -> bool:
        """Whether no flush that ended by now can be younger than work that began at `started`."""
        return self.trusted or self._clock() - started < self.TRUST_SECONDS

    def confirmed(self, asked: float) -> None:
        """An answer came to the PING that was sent at `asked`, on this clock."""
        self.trusted_until = asked + self.TRUST_SECONDS

    def distrust(self) -> None:
        """What is flushed from now on is not heard."""
        self.trusted_until = -math.inf

    def on_disconnect(self, reason: str) -> None:
        """Flushes can no longer be heard, because of `reason`: forget everything."""
        self.distrust()
        for clear in self._clears:
            clear()
        _log.warning("flushes cannot be heard: the memory tier stands aside (%s)", reason)

    def on_reconnect(self) -> None:
        """Flushes are heard from now on. What was flushed meanwhile is not known: nothing that is
        under way may be remembered."""
        self.forget(Flush())
        _log.info("flushes are heard: the memory tier is in use")

    def on_flush(self, flushes: Sequence[Flush]) -> Awaitable[object]:
        """Forget at once; what is returned ends when nothing of it can come back."""
        return asyncio.gather(*(end for flush in flushes for end in self._forget(flush)))

    def forget(self, flush: Flush) -> None:
        """Here, and nowhere else."""
        for _ in self._forget(flush):
            pass

    def origin_deleted(self, key: str) -> None:
        """The original of `key` is gone: forget its variants, here at once and everywhere soon."""
        self.forget(Flush(key=key))
        if self._flush_fleet is None:
            return
        self._deleted.add(key)
        if self._flushing is None or self._flushing.done():
            self._flushing = self._background.start(self._flush_deleted(self._flush_fleet))

    async def drain(self, seconds: float) -> None:
        """Wait for flushes under way, not longer than `seconds`."""
        await self._background.end(seconds)

    def _forget(self, flush: Flush) -> Iterator[Awaitable[object]]:
        for forget in self._forgets:
            if (end := forget(flush)) is not None:
                yield end

    async def _flush_deleted(self, flush_fleet: FlushFleet) -> None:
        """All that are gone by now in one flush, and again while more have gone meanwhile."""
        while self._deleted:
            flushes = [Flush(key=key) for key in self._deleted]
            self._deleted.clear()
            try:
                await flush_fleet(flushes)
            except CacheUnavailable as error:
                _log.warning("variants of deleted originals may be served still: %s", error)
