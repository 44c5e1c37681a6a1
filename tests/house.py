"""A gateway among parts that count what is asked of them."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from resizer.cache.memory import MemoryCache
from resizer.gateway import Gateway, Policy
from resizer.http.headers import make_variant
from resizer.image import Original, Rendered, Variant
from resizer.metrics import Metrics
from resizer.refusals import Refusals
from resizer.transform import Transform


@dataclass
class CountingSource:
    fetches: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def fetch(self, key: str) -> Original:
        self.fetches.append(key)
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        fd = os.memfd_create("original")
        return Original(fd, 10, f"etag-of-{key}", datetime(2026, 1, 1, tzinfo=UTC), time.time())

    async def check(self) -> None: ...


@dataclass
class GatedRenderer:
    """Renders once the gate is open."""

    renders: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def render(self, original: Original, transform: Transform) -> Rendered:
        self.renders.append(str(transform))
        self.begun.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        body = f"{original.etag} {transform}".encode()
        return Rendered(body, "image/webp", 1, 1, 0.01)

    async def check(self) -> None: ...


@dataclass
class DictCache:
    variants: dict[tuple[str, str], Variant] = field(default_factory=dict)
    error: Exception | None = None
    putting: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Puts arrive once it is open."""

    async def get(self, key: str, field: str) -> Variant | None:
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return self.variants.get((key, field))

    async def put(self, key: str, field: str, variant: Variant, seconds: float) -> None:
        if self.error:
            raise self.error
        self.putting.set()
        await self.gate.wait()
        self.variants[key, field] = variant

    async def forget(self, key: str, field: str) -> None:
        self.variants.pop((key, field), None)

    async def check(self) -> None: ...


class House:
    """A gateway and the parts it was given."""

    def __init__(
        self, *, max_queue: int = 10, fresh_seconds: float = 60, open_: bool = True
    ) -> None:
        self.source = CountingSource()
        self.renderer = GatedRenderer()
        self.memory = MemoryCache(1_000_000)
        self.shared = DictCache()
        self.shared.gate.set()
        self.metrics = Metrics()
        self.gateway = Gateway(
            self.source,
            self.renderer,
            self.memory,
            self.shared,
            make_variant,
            Refusals(60),
            self.metrics,
            Policy("1", fresh_seconds, max_queue),
        )
        if open_:
            self.renderer.gate.set()

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"resizer_{name}", labels) or 0
