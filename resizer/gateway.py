"""The way of a request: look up → coalesce → fetch → render → fill.

Open this first. `Gateway.get` is the whole of it; the tiers, the source and the renderer are
handed in and known only by the protocols below.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from resizer.errors import CacheUnavailable, Overloaded, ResizerError
from resizer.image import Original, Rendered, Variant
from resizer.metrics import Metrics
from resizer.refusals import Refusals
from resizer.transform import Transform


class Source(Protocol):
    """Where originals are."""

    async def fetch(self, key: str) -> Original: ...
    async def check(self) -> None: ...


class Renderer(Protocol):
    """What turns an original into the picture that a Transform asks for."""

    async def render(self, original: Original, transform: Transform) -> Rendered: ...
    async def check(self) -> None: ...


class Cache(Protocol):
    """The tier that several gateways share. Raises CacheUnavailable and nothing else."""

    async def get(self, key: str, field: str) -> Variant | None: ...
    async def put(self, key: str, field: str, variant: Variant, seconds: float) -> None: ...
    async def forget(self, key: str, field: str) -> None: ...
    async def check(self) -> None: ...


class Memory(Protocol):
    """The tier inside this process, asked without waiting. Suspended, it holds nothing."""

    @property
    def suspended(self) -> bool: ...

    def peek(self, key: str, field: str) -> Variant | None: ...
    async def put(self, key: str, field: str, variant: Variant, seconds: float) -> None: ...


_LARGEST_SHARED = 32 * 1024 * 1024
"""Bytes: what takes longer to send than a cache may take would count as its failure."""
_log = logging.getLogger("resizer")

MakeVariant = Callable[[str, str | None, Original, Rendered], Variant]
"""(key, preset, original, rendered) → the variant with its response head."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A variant and how it was come by."""

    variant: Variant
    tier: str | None = None
    """`memory` or `redis` for a hit; None for a fill."""
    coalesced: bool = False
    stored: bool = False
    fetch_seconds: float = 0.0
    render_seconds: float = 0.0


@dataclass(slots=True)
class Flight:
    """One look-up and fill that everybody who asks for the same variant waits for."""

    key: str
    field: str
    transform: Transform
    task: asyncio.Task[Answer] | None = None
    flushed: bool = False
    """The original was flushed meanwhile: answer those who wait, store nothing."""

    def may_be_kept(self) -> bool:
        """Whether what it brings may be stored, as of now."""
        return not self.flushed


@dataclass(frozen=True, slots=True)
class Policy:
    """Plain numbers the gateway goes by."""

    fingerprint: str
    """What besides the Transform decides a variant's bytes; part of every field."""
    fresh_seconds: float
    """Time after its original's fetch for which a variant may be served."""
    max_queue: int
    """Fills under way; one more is Overloaded."""


class Gateway:
    """Finds variants, or makes them once for everybody who waits."""

    def __init__(
        self,
        source: Source,
        renderer: Renderer,
        memory: Memory,
        shared: Cache | None,
        make_variant: MakeVariant,
        refusals: Refusals,
        metrics: Metrics,
        policy: Policy,
    ) -> None:
        self.source = source
        self.renderer = renderer
        self.memory = memory
        self.shared = shared
        self._make_variant = make_variant
        self._refusals = refusals
        self._metrics = metrics
        self._policy = policy
        self._flights: dict[tuple[str, str], Flight] = {}
        self._tasks: set[asyncio.Task[Answer]] = set()
        """Of all flights, those that were flushed and left `_flights` included."""
        self._fills = 0
        self._shared_works = True

    def field(self, transform: Transform) -> str:
        """The name of a variant among those of its original."""
        return f"{self._policy.fingerprint}:{transform}"

    async def get(self, key: str, transform: Transform) -> Answer:
        """The variant of `key` that `transform` asks for, its format resolved.

        Raises the errors of `resizer.errors`, CacheUnavailable excepted. A caller that is
        cancelled leaves the others, and the fill, undisturbed.
        """
        field = self.field(transform)
        if variant := self.memory.peek(key, field):
            self._metrics.memory_hits.inc()
            return Answer(variant, tier="memory")
        self._refusals.recall(key, field)
        if flight := self._flights.get((key, field)):
            self._metrics.coalesced.inc()
            return replace(await _landing(flight), coalesced=True)
        return await _landing(self._start(Flight(key, field, transform)))

    def flush(self, matches: Callable[[str], bool]) -> None:
        """Forget what this process remembers or is about to store of the keys that match."""
        self._refusals.forget(matches)
        for place, flight in list(self._flights.items()):
            if matches(flight.key):
                flight.flushed = True
                del self._flights[place]

    async def drain(self, seconds: float) -> None:
        """Wait for the fills under way, not longer than `seconds`, and cancel the rest."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()

    def _start(self, flight: Flight) -> Flight:
        place = (flight.key, flight.field)
        self._flights[place] = flight
        flight.task = asyncio.create_task(self._load(flight))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(lambda task: self._land(place, flight, task))
        return flight

    def _land(self, place: tuple[str, str], flight: Flight, task: "asyncio.Task[Answer]") -> None:
        self._tasks.discard(task)
        if self._flights.get(place) is flight:
            del self._flights[place]
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited has left

    async def _load(self, flight: Flight) -> Answer:
        if variant := await self._look_up(flight):
            self._metrics.redis_hits.inc()
            return Answer(variant, tier="redis")
        self._metrics.misses.inc()
        if self._fills >= self._policy.max_queue:
            raise Overloaded("Too many renders are waiting; try again in a moment.")
        self._fills += 1
        self._metrics.queue.set(self._fills)
        try:
            return await self._fill(flight)
        except ResizerError as error:
            if flight.may_be_kept():
                self._refusals.remember(flight.key, flight.field, error)
            raise
        finally:
            self._fills -= 1
            self._metrics.queue.set(self._fills)

    async def _look_up(self, flight: Flight) -> Variant | None:
        if self.shared is None:
            return None
        try:
            variant = await self.shared.get(flight.key, flight.field)
        except CacheUnavailable as error:
            self._shared_failed(error)
            return None
        self._shared_worked()
        if variant is None or (seconds := self._fresh_for(variant)) <= 0:
            return None
        if flight.may_be_kept():
            await self.memory.put(flight.key, flight.field, variant, seconds)
        return variant

    async def _fill(self, flight: Flight) -> Answer:
        start = time.perf_counter()
        with await self.source.fetch(flight.key) as original:
            fetched = time.perf_counter()
            self._metrics.fetch_seconds.observe(fetched - start)
            self._metrics.fetched_bytes.inc(original.size)
            rendered = await self.renderer.render(original, flight.transform)
            variant = self._make_variant(flight.key, None, original, rendered)
        done = time.perf_counter()
        self._metrics.render_seconds.observe(done - fetched)
        self._metrics.renders.labels(rendered.content_type).inc()
        stored = await self._store(flight, variant)
        return Answer(
            variant, stored=stored, fetch_seconds=fetched - start, render_seconds=done - fetched
        )

    async def _store(self, flight: Flight, variant: Variant) -> bool:
        """Fill both tiers; whether the outermost one that there is took it."""
        seconds = self._fresh_for(variant)
        if not flight.may_be_kept() or seconds <= 0:
            return False
        await self.memory.put(flight.key, flight.field, variant, seconds)
        if self.shared is None:
            return self.memory.peek(flight.key, flight.field) is not None
        if variant.size > _LARGEST_SHARED:
            return False
        try:
            await self.shared.put(flight.key, flight.field, variant, seconds)
            if not flight.may_be_kept():  # while it was being put, and perhaps before it arrived
                await self.shared.forget(flight.key, flight.field)
        except CacheUnavailable as error:
            self._shared_failed(error)
            return False
        self._shared_worked()
        return flight.may_be_kept()

    def _shared_failed(self, error: CacheUnavailable) -> None:
        """Count it; say it once, not with every request."""
        self._metrics.redis_errors.inc()
        if self._shared_works:
            _log.warning("the shared cache fails, so requests are misses: %s", error)
        self._shared_works = False

    def _shared_worked(self) -> None:
        if not self._shared_works:
            _log.warning("the shared cache works again")
        self._shared_works = True

    def _fresh_for(self, variant: Variant) -> float:
        return variant.checked_at + self._policy.fresh_seconds - time.time()


async def _landing(flight: Flight) -> Answer:
    """Wait without owning: cancelling the wait does not cancel the flight."""
    assert flight.task is not None  # noqa: S101  (set when the flight started)
    return await asyncio.shield(flight.task)
