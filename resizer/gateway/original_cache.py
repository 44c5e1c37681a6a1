"""OriginalCache: the originals used last, each fetched once for all who ask for it meanwhile."""

import os
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from resizer.aio.lru import Lru
from resizer.cache.coherence import Coherence
from resizer.errors import Overloaded, SourceNotFound, UnprocessableSource
from resizer.gateway.singleflight import Call, SingleFlight
from resizer.model.flush import Flush
from resizer.model.image import Original, Unchanged
from resizer.storage.address import Source

OVERHEAD = 4096
"""Bytes counted for each original besides its own: a memfd ends in a page of its own."""
_LARGEST_SHARE = 4
"""An original of more than a quarter of the budget would push out too many others."""
_DESCRIPTORS_SHARE = 4
"""Each cached original holds a file descriptor; clients, Redis and workers need theirs too."""


Fetched = TypeVar("Fetched", bound=Original | Unchanged)


@dataclass(slots=True, eq=False)
class _OriginalCall(Call[str, Original | Unchanged]):
    """One question to the source that everybody who asks for the key meanwhile waits for."""

    etag: str
    """What is asked about, when nobody needs more than a word on it; empty: bytes are needed."""
    found: Original | None = None
    holders: int = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """For the task and for each that waits: the last of them to leave closes what was found."""
        self.holders += 1
        try:
            yield
        finally:
            self.holders -= 1
            if not self.holders and self.found:
                self.found.close()


class OriginalCache:
    """A source that caches another source. Belongs to one event loop.

    Every caller gets an Original with a descriptor of its own, to be closed as one from the source.
    """

    def __init__(
        self,
        source: Source,
        max_bytes: int,
        fresh_seconds: float,
        coherence: Coherence | None = None,
        *,
        on_hit: Callable[[], object] = lambda: None,
        on_arrival: Callable[[float, int], object] = lambda seconds, size: None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """An original is used for `fresh_seconds` after its check, then the source is asked again.

        While flushes may go unheard nothing is kept or used, and nobody joins what began longer
        ago than a flusher waits for a process that does not answer.
        """
        self._source = source
        self._max_bytes = max_bytes
        self._fresh_seconds = fresh_seconds
        self._coherence = coherence or Coherence()
        self._coherence.subscribe(self.forget, self.clear)
        self._on_hit = on_hit
        self._on_arrival = on_arrival
        self._clock = clock
        self._monotonic = monotonic
        self._cached: Lru[str, Original] = Lru(
            max_entries=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTORS_SHARE,
            max_bytes=max_bytes,
            size_of=_cost,
            on_removed=lambda _, original: original.close(),
        )
        self._calls: SingleFlight[str, _OriginalCall] = SingleFlight(self._coherence, Flush.touches)

    def __len__(self) -> int:
        return len(self._cached)

    @property
    def size(self) -> int:
        """Bytes held, overhead included; those of calls are not."""
        return self._cached.size

    async def fetch(self, key: str) -> Original:
        """The original. Raises what the source raises, and Overloaded without descriptors."""
        found = await self._get(key, "")
        assert isinstance(found, Original)  # noqa: S101  (no original has an empty tag)
        return found

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        """Unchanged if the original has the tag `etag`, as of a time within `fresh_seconds`.

        Several variants of one original that grow old together so ask the source once.
        """
        return await self._get(key, etag)

    async def check(self) -> None:
        """Raises when originals cannot be read at the moment."""
        await self._source.check()

    async def close(self) -> None:
        """Cancel the calls and let go of everything. The source is left open."""
        await self._calls.drain(0)
        self._cached.clear()

    def forget(self, flush: Flush) -> None:
        """Drop what `flush` names, at once: nothing fetched before is used again."""
        for key in filter(flush.touches, self._cached):
            self._cached.remove(key)

    def drop(self, key: str) -> None:
        """Let go of an original that is of no use: the next one who asks gets it anew."""
        self._cached.remove(key)

    def clear(self) -> None:
        """Forget everything; what is under way may not be kept."""
        self._cached.clear()
        self._calls.forget(Flush())

    async def _get(self, key: str, etag: str) -> Original | Unchanged:
        if cached := self._fresh(key):
            self._on_hit()
            return _answer(cached, etag)
        call = self._call(key, etag)
        with call.held():
            try:
                return _answer(await call.wait(), etag)
            except SourceNotFound as missing:
                if not etag or call.etag or missing.reason is None:
                    raise
        # Denied to one who had never seen it, which says less than it says of an original known.
        return await self._source.refetch(key, etag)

    def _fresh(self, key: str) -> Original | None:
        cached = self._cached.get(key)
        if cached is None or not self._coherence.trusted:
            return None
        if not 0 <= self._clock() - cached.checked_at < self._fresh_seconds:
            return None
        self._cached.touch(key)
        return cached

    def _call(self, key: str, etag: str) -> _OriginalCall:
        """The one to wait for, joined or started."""
        if (call := self._calls.find(key)) is None:
            call = self._calls.start(_OriginalCall(key, etag), self._work)
            if not self._coherence.trusted:
                self._calls.outdate(call)
        elif call.etag != etag:
            call.etag = ""
        return call

    async def _work(self, call: _OriginalCall) -> Original | Unchanged:
        with call.held():
            try:
                found = await self._ask(call)
            except (SourceNotFound, UnprocessableSource):
                self._cached.remove(call.id)
                raise
            finally:
                # In the same turn as the last look at `call.etag`: nobody joins in between.
                self._calls.detach(call)
            if isinstance(found, Original):
                call.found = found
                self._keep(call, found)
            return found

    async def _ask(self, call: _OriginalCall) -> Original | Unchanged:
        """With the tag of what is kept, else with the tag asked about while that is enough."""
        if cached := self._cached.get(call.id):
            with _copy(cached) as mine:  # the cached one may go meanwhile
                found = await self._arrived(self._source.refetch(call.id, mine.etag))
                if isinstance(found, Original):
                    return found
                return _copy(replace(mine, checked_at=found.checked_at))
        if call.etag:
            found = await self._arrived(self._source.refetch(call.id, call.etag))
            if isinstance(found, Original) or call.etag:
                return found
        return await self._arrived(self._source.fetch(call.id))

    async def _arrived(self, asking: Awaitable[Fetched]) -> Fetched:
        """What the source says; if it is an original, its time and its bytes are counted."""
        started = self._monotonic()
        found = await asking
        if isinstance(found, Original):
            self._on_arrival(self._monotonic() - started, found.size)
        return found

    def _keep(self, call: _OriginalCall, original: Original) -> None:
        if call.flushed or not self._coherence.trusted:
            return
        self._cached.remove(call.id)
        if _cost(original) <= self._max_bytes // _LARGEST_SHARE:
            self._cached.put(call.id, _copy(original))


def _answer(found: Original | Unchanged, etag: str) -> Original | Unchanged:
    """The answer to one who asked about `etag`, or with none for the bytes."""
    if isinstance(found, Unchanged):
        return found
    return Unchanged(found.checked_at) if etag and found.etag == etag else _copy(found)


def _copy(original: Original) -> Original:
    """The same bytes with a descriptor of its own; whoever reads it maps it or names the offset."""
    try:
        return replace(original, fd=os.dup(original.fd))
    except OSError as error:
        raise Overloaded("Too many originals are being read.") from error


def _cost(original: Original) -> int:
    return original.size + OVERHEAD
