"""RedisCache: one hash an original, one field a variant, and one beside it while it is filled."""

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from redis.asyncio import RedisCluster

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.cache.coherence import Coherence
from resizer.cache.lease import Lease, PendingFill
from resizer.cache.redis.batching import Batcher
from resizer.cache.redis.connect import Client, Subscriber
from resizer.cache.redis.fill_notices import FillNotices, Waiter, encode_notice
from resizer.cache.redis.flush_broadcast import FlushBroadcast
from resizer.cache.redis.guard import Guard, is_foreign, raise_failure
from resizer.cache.redis.listener import Listener
from resizer.cache.redis.names import LEASE, PATH, Names
from resizer.cache.redis.overlay_index import OverlayIndex
from resizer.cache.redis.removal import Removal
from resizer.cache.redis.scripts import ACQUIRE, NOTE, PUT, RELEASE, RENEW
from resizer.cache.redis.tally import Tally
from resizer.errors import CacheUnavailable, ResizerError
from resizer.model.flush import Flush, FlushResult
from resizer.model.image import Variant, pack, unpack

LEASE_SECONDS = 3.0
"""How long a lease outlives its holder; a living one renews it three times as often."""
_DEAF_SECONDS = 0.1
"""Longest wait for another's fill while its end cannot be heard."""
_MOST_FIELDS = 1000
"""Of one hash: beyond it no more paths are noted."""
_FOREIGN = b""
"""Stands for a value that is no hash: like any other that `unpack` refuses."""


class RedisCache:
    """A hit is one HGET, a flush one UNLINK; an eviction takes an original with all its variants.

    Every method raises CacheUnavailable and nothing else, after `timeout` seconds at the latest
    (a flush: for each round trip). After several failures in a row calls fail at once, until one
    that is let through works again.
    """

    def __init__(
        self,
        client: Client,
        subscriber: Subscriber,
        namespace: str,
        timeout: float,
        breaker: CircuitBreaker | None = None,
        results_id: str = "",
    ) -> None:
        self._client = client
        self._subscriber = subscriber
        self._names = Names(namespace)
        self._guard = Guard(timeout, breaker or CircuitBreaker(), client.ping)
        self._coherence = Coherence()
        self._notices = FillNotices()
        self._overlays = OverlayIndex(client, self._names, self._guard)
        self._removal = Removal(client, self._names, self._guard)
        self._broadcast = FlushBroadcast(client, subscriber, self._names, self._guard, results_id)
        self._tally = Tally(client, namespace)
        self._look_up = Batcher(self._look_up_all)

    async def get(self, key: str, field: str) -> Variant | None:
        """The variant, or None. A value that is none (cut, foreign, of another version) goes."""
        name, started = self._names.of(key), time.monotonic()
        value = await self._look_up((name, field))
        if value is None:
            return None
        try:
            return unpack(value)
        except ValueError:
            left = self._guard.timeout - (time.monotonic() - started)
            async with self._guard(), asyncio.timeout(left):
                await self._client.unlink(name)
            return None

    async def acquire_lease(self, key: str, field: str) -> Lease | PendingFill:
        """The lease to fill with, or the fill of the gateway that has it, to wait for."""
        await self._overlays.note(field)
        token = secrets.token_hex(8)
        waiter = self._notices.expect((key, field))
        try:
            async with self._guard():
                left, *found = await ACQUIRE.run(
                    self._client,
                    self._names.of(key),
                    *(LEASE + field, token, _milliseconds(LEASE_SECONDS), field),
                )
        except BaseException:
            waiter.cancel()
            raise
        if left:
            return self._pending(waiter, left / 1000)
        waiter.cancel()
        return Lease(token, _variant(found[0]))

    @asynccontextmanager
    async def holding(self, key: str, field: str, token: str) -> AsyncIterator[None]:
        """Renew the lease for as long as the work inside takes."""
        renewing = asyncio.create_task(self._renew(key, field, token))
        try:
            yield
        finally:
            renewing.cancel()

    async def put(self, key: str, field: str, variant: Variant, seconds: float, token: str) -> bool:
        """Store `variant` if the lease still stands, and end it. Whether it was stored.

        The original and all its variants are forgotten after `seconds`.
        """
        if seconds <= 0:
            await self.release(key, field, token)
            return False
        async with self._guard():
            stored = await PUT.run(
                self._client,
                self._names.of(key),
                *(LEASE + field, token, field, pack(variant), math.ceil(seconds)),
                *(self._names.fill_notices, encode_notice((key, field), None)),
            )
        return bool(stored)

    async def release(
        self, key: str, field: str, token: str, error: ResizerError | None = None
    ) -> None:
        """End a lease that brought nothing, and notify who waits for it, with `error` if any."""
        message = encode_notice((key, field), error)
        async with self._guard():
            await RELEASE.run(
                self._client,
                self._names.of(key),
                *(LEASE + field, token, self._names.fill_notices, message),
            )

    async def note(self, key: str, path: str) -> None:
        """Remember with the original that the URL `path` was answered with it."""
        async with self._guard():
            noted = (PATH + path).encode("utf-8", "surrogateescape")
            await NOTE.run(self._client, self._names.of(key), noted, _MOST_FIELDS)

    async def showing(self, flushes: Sequence[Flush]) -> list[Flush]:
        """A flush of every variant that shows what is flushed over another original."""
        return await self._overlays.showing(flushes)

    async def remove(self, flushes: Sequence[Flush], *, dry_run: bool = False) -> FlushResult:
        """Remove what is flushed, leases included, from Redis alone."""
        return await self._removal.remove(flushes, dry_run)

    async def announce(
        self,
        flushes: Sequence[Flush],
        extra_seconds: float = 0.0,
        restarted_within: float = Coherence.TRUST_SECONDS,
    ) -> FlushResult:
        """Have every gateway forget it. How many confirmed; others trust their memory no more.

        Takes as long as the slowest gateway, and never much longer than `TRUST_SECONDS` of
        Coherence and `extra_seconds`. A server that began within `restarted_within` seconds is
        taken to have lost its listeners.
        """
        return await self._broadcast.announce(flushes, extra_seconds, restarted_within)

    async def listen(self, coherence: Coherence) -> None:
        """Hear the ends of others' fills, and flushes for `coherence`, until cancelled.

        It is told when a subscription begins, and when it ends (or the first one fails): what is
        flushed between the two is not heard.
        """
        self._coherence = coherence
        listener = Listener(
            self._subscriber,
            self._names,
            coherence,
            self._notices,
            self._broadcast,
            in_cluster=isinstance(self._client, RedisCluster),
        )
        await listener.run()

    async def tally(self, counts: Mapping[str, int]) -> None:
        """Add to what the gateways counted together."""
        async with self._guard():
            await self._tally.add(counts)

    async def check(self) -> None:
        """Raises CacheUnavailable when the server does not answer, or takes nothing: one that is
        full, or a replica."""
        async with self._guard():
            await self._client.execute_command("SET", self._names.check, "", "EX", 60)

    async def close(self) -> None:
        await self._look_up.close()
        await self._guard.close()
        await self._client.aclose()

    async def _renew(self, key: str, field: str, token: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(CacheUnavailable):
                async with self._guard():
                    await RENEW.run(
                        self._client,
                        self._names.of(key),
                        *(LEASE + field, token, _milliseconds(LEASE_SECONDS)),
                    )

    def _pending(self, waiter: Waiter, seconds: float) -> PendingFill:
        waiter.seconds = seconds if self._coherence.trusted else min(seconds, _DEAF_SECONDS)
        return waiter

    async def _look_up_all(
        self, wanted: list[tuple[str, str]]
    ) -> list[bytes | CacheUnavailable | None]:
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            for name, field in wanted:
                pipeline.hget(name, field)
            answers = await pipeline.execute(raise_on_error=False)
            if all(isinstance(answer, Exception) for answer in answers):
                raise_failure(answers)
        return [_value(answer) for answer in answers]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _variant(value: bytes | None) -> Variant | None:
    try:
        return unpack(value) if value else None
    except ValueError:
        return None


def _value(answer: object) -> bytes | CacheUnavailable | None:
    if is_foreign(answer):
        return _FOREIGN
    if isinstance(answer, Exception):
        return CacheUnavailable(f"The cache failed: {type(answer).__name__}.")
    return answer if isinstance(answer, bytes) else None
