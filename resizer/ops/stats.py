"""What the cache of a source holds, and how well it serves: the figures of `resizer stats`."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from resizer.cache.redis.survey import CachedOriginal, survey
from resizer.cache.redis.tally import Counts, read_tally

_TIERS = ("memory", "redis", "results")
"""In the order in which a request asks them."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many requests one tier answered."""

    tier: str
    hits: int
    asked: int
    """Requests that no tier before it had answered."""

    @property
    def ratio(self) -> float | None:
        """Of those that asked it; None when none did."""
        return self.hits / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Stats:
    """What Redis holds of one source, and what its gateways counted."""

    originals: int = 0
    variants: int = 0
    bytes: int = 0
    largest: Sequence[CachedOriginal] = ()
    """Originals whose variants take the most bytes, the largest first."""
    counts: Counts = field(default_factory=Counts)

    @property
    def shares(self) -> list[Share]:
        """Of each tier, in the order in which they are asked."""
        counted = self.counts.counted
        left = sum(counted.get(name, 0) for name in (*_TIERS, "misses"))
        shares = []
        for tier in _TIERS:
            shares.append(Share(tier, counted.get(tier, 0), left))
            left -= counted.get(tier, 0)
        return shares

    @property
    def overall(self) -> Share:
        """All tiers as one."""
        shares = self.shares
        return Share("all", sum(share.hits for share in shares), shares[0].asked)


async def read_stats(url: str, namespace: str, top: int, timeout: float) -> Stats:
    """Walk what Redis holds; `top` is how many of the largest originals to name.

    `timeout` is for each round trip, in seconds. Raises CacheUnavailable.
    """
    counts = await read_tally(url, namespace, timeout)
    originals = variants = size = 0
    largest: list[tuple[int, str, CachedOriginal]] = []
    async for held in survey(url, namespace, timeout):
        originals += 1
        variants += held.variants
        size += held.bytes
        heapq.heappush(largest, (held.bytes, held.key, held))
        if len(largest) > top:
            heapq.heappop(largest)
    return Stats(
        originals, variants, size, [held for *_, held in sorted(largest, reverse=True)], counts
    )


def facts(stats: Stats) -> dict[str, Any]:
    """As JSON can hold it: bytes whole, ratios between 0 and 1, times in Unix seconds."""
    counted = stats.counts.counted
    return {
        "originals": stats.originals,
        "variants": stats.variants,
        "bytes": stats.bytes,
        "since": stats.counts.since,
        "tiers": {
            share.tier: {"hits": share.hits, "asked": share.asked, "ratio": share.ratio}
            for share in (*stats.shares, stats.overall)
        },
        **{name: counted.get(name, 0) for name in ("stale", "misses", "fetches", "renders")},
        "largest": [
            {"key": held.key, "variants": held.variants, "bytes": held.bytes}
            for held in stats.largest
        ],
    }
