"""Tally: counters in Redis that all gateways of one source add to, for `resizer stats`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from resizer.cache.redis.connect import Client, connect
from resizer.cache.redis.guard import failures
from resizer.cache.redis.reading import Command, together

COUNTED = ("memory", "redis", "results", "stale", "misses", "renders", "fetches")
"""Hits by tier, hits that were stale, requests that no tier answered, renders, fetches."""
_SINCE = "since"


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted, and since when."""

    counted: Mapping[str, int] = field(default_factory=dict)
    since: float | None = None
    """Unix time of the first count; None when nothing was counted yet."""


class Tally:
    """The counts of one namespace: a hash that gateways only ever add to."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._name = f"resizer-stats:{quote(namespace, safe='')}"

    async def add(self, counts: Mapping[str, int]) -> None:
        """Add what is more than nothing, in one round trip. Raises what redis-py raises."""
        more = {name: count for name, count in counts.items() if count > 0}
        if not more:
            return
        since: Command = ("HSETNX", self._name, _SINCE, f"{time.time():.0f}")
        counted: list[Command] = [
            ("HINCRBY", self._name, name, str(count)) for name, count in more.items()
        ]
        await together(self._client, [since, *counted])

    async def read(self) -> Counts:
        """Raises CacheUnavailable."""
        with failures():
            values = await self._client.execute_command("HMGET", self._name, *COUNTED, _SINCE)
        *counts, since = values
        return Counts(
            {name: int(count or 0) for name, count in zip(COUNTED, counts, strict=True)},
            None if since is None else float(since),
        )


async def read_tally(url: str, namespace: str, timeout: float) -> Counts:
    """What the gateways on that Redis counted. Raises CacheUnavailable after `timeout` seconds."""
    client, _ = connect(url, timeout)
    try:
        return await Tally(client, namespace).read()
    finally:
        await client.aclose()


def increase(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, int]:
    """How much each count grew; one that is lower than before has begun anew."""
    grown = {}
    for name, count in now.items():
        earlier = before.get(name, 0)
        grown[name] = round(count - earlier if count >= earlier else count)
    return grown
