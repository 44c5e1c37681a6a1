"""Gateways among parts that count what is asked of them."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from resizer.cache.coherence import Coherence
from resizer.cache.lease import Lease, PendingFill
from resizer.cache.memory import MemoryCache
from resizer.errors import ResizerError, SourceNotFound
from resizer.gateway.admission import FillLimiter
from resizer.gateway.gateway import Gateway
from resizer.gateway.negative_cache import NegativeCache
from resizer.gateway.shared_tier import SharedTier
from resizer.gateway.tiers import Tiers
from resizer.gateway.write_behind import WriteBehind
from resizer.model.flush import Flush
from resizer.model.freshness import Freshness
from resizer.model.image import Original, Rendered, Unchanged, Variant, VariantId
from resizer.model.transform import Transform
from resizer.telemetry.metrics import Metrics


@dataclass
class CountingSource:
    """Every key has version 1 until it is replaced; a deleted one has none."""

    fetches: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    error: Exception | None = None
    versions: dict[str, int | None] = field(default_factory=dict)

    async def fetch(self, key: str) -> Original:
        self.fetches.append(key)
        return await self._get(key)

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        self.questions.append(key)
        original = await self._get(key)
        if original.etag != etag:
            return original
        original.close()
        return Unchanged(original.checked_at)

    def drop(self, key: str) -> None:
        self.dropped.append(key)

    async def check(self) -> None: ...

    async def _get(self, key: str) -> Original:
        now = time.time()
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        version = self.versions.get(key, 1)
        if version is None:
            raise SourceNotFound("There is no such image.")
        fd = os.memfd_create("original")
        return Original(fd, 10, f"{key} v{version}", datetime(2026, 1, 1, tzinfo=UTC), now)


@dataclass
class GatedRenderer:
    """Renders once the gate is open."""

    renders: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    partial: bool = False

    async def render(self, originals: Sequence[Original], transform: Transform) -> Rendered:
        self.renders.append(str(transform))
        self.begun.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        body = f"{' '.join(one.etag for one in originals)} {transform}".encode()
        return Rendered(body, "image/webp", 1, 1, 0.01, self.partial)

    async def check(self) -> None: ...


class Ending:
    """What a follower waits for."""

    def __init__(self) -> None:
        self.notified = False
        self.end: asyncio.Future[ResizerError | None] = asyncio.get_running_loop().create_future()

    async def wait(self) -> ResizerError | None:
        error = await asyncio.shield(self.end)
        self.notified = True
        return error


@dataclass
class DictCache:
    """A shared tier in this process, with leases that last until they are ended."""

    variants: dict[VariantId, Variant] = field(default_factory=dict)
    leases: dict[VariantId, str] = field(default_factory=dict)
    endings: dict[VariantId, Ending] = field(default_factory=dict)
    error: Exception | None = None
    calls: list[str] = field(default_factory=list)
    putting: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Puts arrive once it is open."""
    tokens: "itertools.count[int]" = field(default_factory=itertools.count)

    async def get(self, key: str, field: str) -> Variant | None:
        await self._call("get")
        return self.variants.get((key, field))

    async def acquire_lease(self, key: str, field: str) -> Lease | PendingFill:
        await self._call("acquire_lease")
        variant_id = (key, field)
        if variant_id in self.leases:
            return self.endings.setdefault(variant_id, Ending())
        self.leases[variant_id] = token = f"token {next(self.tokens)}"
        return Lease(token, self.variants.get(variant_id))

    @asynccontextmanager
    async def holding(self, key: str, field: str, token: str) -> AsyncIterator[None]:
        yield

    async def put(self, key: str, field: str, variant: Variant, seconds: float, token: str) -> bool:
        await self._call("put")
        self.putting.set()
        await self.gate.wait()
        if self.leases.get((key, field)) != token:
            return False
        self.variants[key, field] = variant
        self._end((key, field), None)
        return True

    async def release(
        self, key: str, field: str, token: str, error: ResizerError | None = None
    ) -> None:
        await self._call("release")
        if self.leases.get((key, field)) == token:
            self._end((key, field), error)

    async def note(self, key: str, path: str) -> None:
        await self._call(f"note {path}")

    async def check(self) -> None: ...

    def flush(self, flush: Flush) -> None:
        for variant_id in [p for p in {**self.variants, **self.leases} if flush.matches(*p)]:
            self.variants.pop(variant_id, None)
            self.leases.pop(variant_id, None)

    async def _call(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if self.error:
            raise self.error

    def _end(self, variant_id: VariantId, error: ResizerError | None) -> None:
        del self.leases[variant_id]
        if ending := self.endings.pop(variant_id, None):
            ending.end.set_result(error)


@dataclass
class DictResults:
    """The tier behind the shared one."""

    variants: dict[VariantId, Variant] = field(default_factory=dict)
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    putting: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, key: str, field: str) -> Variant | None:
        if self.error:
            raise self.error
        return self.variants.get((key, field))

    async def put(self, key: str, field: str, variant: Variant) -> None:
        self.putting.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        self.variants[key, field] = variant

    async def forget(self, key: str, field: str) -> None:
        self.variants.pop((key, field), None)

    async def check(self) -> None: ...


_FRESH_ONLY = Freshness(60, 0, 0)


class Harness:
    """A gateway and the parts it was given; a second one may share its source and its cache."""

    def __init__(
        self,
        *,
        max_queue: int = 10,
        slots: int = 8,
        freshness: Freshness = _FRESH_ONLY,
        open_: bool = True,
        beside: "Harness | None" = None,
        with_shared: bool = True,
        with_results: bool = False,
        timeout: float = 5.0,
    ) -> None:
        self.source: CountingSource = beside.source if beside else CountingSource()
        self.renderer: GatedRenderer = beside.renderer if beside else GatedRenderer()
        self.shared: DictCache = beside.shared if beside else DictCache()
        self.results: DictResults = beside.results if beside else DictResults()
        self.shared.gate.set()
        self.results.gate.set()
        self.deleted: list[str] = []
        self.coherence = Coherence(self._flush_deleted)
        self.memory = MemoryCache(1_000_000, self.coherence)
        self.metrics = Metrics()
        shared = SharedTier(self.shared, self.coherence, self.metrics, timeout)
        behind = WriteBehind(self.results, self.coherence, self.metrics)
        self.tiers = Tiers(
            self.memory,
            NegativeCache(60, self.coherence),
            shared if with_shared else None,
            behind if with_results else None,
            freshness,
            "1",
        )
        self.fills = FillLimiter(slots, max_queue, self.metrics.queue.set)
        self.gateway = Gateway(
            self.source,
            self.renderer,
            self.tiers,
            self.coherence,
            self.fills,
            self.metrics,
        )
        if open_:
            self.renderer.gate.set()

    def flush(self, flush: Flush) -> None:
        """As a flush does in one process, all at once."""
        self.shared.flush(flush)
        self.hear(flush)

    def hear(self, flush: Flush) -> None:
        self.coherence.forget(flush)

    def age(self, seconds: float) -> None:
        """Make everything that is stored so much older."""
        for variant_id, variant in self.shared.variants.items():
            aged = replace(variant, checked_at=variant.checked_at - seconds)
            self.shared.variants[variant_id] = aged
        self.memory.clear()

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"resizer_{name}", labels) or 0

    async def _flush_deleted(self, flushes: Sequence[Flush]) -> None:
        for flush in flushes:
            self.deleted.append(str(flush.key))
            self.flush(flush)
