"""RedisCache: one hash an original, one field a variant."""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from resizer.cache.breaker import Breaker
from resizer.cache.gather import Gather
from resizer.cache.redis.connect import Client, Subscriber
from resizer.cache.redis.listener import Listener
from resizer.errors import CacheUnavailable
from resizer.flush import Flush, Flushed
from resizer.image import Variant, pack, unpack

_FAILURES = (RedisError, RedisClusterException, OSError)
_AT_ONCE = 32
"""Round trips under way, so connections to a server."""
_BATCH = 500
"""Names counted and removed in one round trip of a flush."""
_HEARTBEAT = 5.0
_FOREIGN = b""
"""Stands for a value that is no hash: like any other that `unpack` refuses."""


class RedisCache:
    """A hit is one HGET, a flush one UNLINK; an eviction takes an original with all its variants.

    Every method raises CacheUnavailable and nothing else, after `timeout` seconds at the latest
    (`flush_prefix`: for each round trip). After several failures in a row calls fail at once,
    until one that is let through works again.
    """

    def __init__(
        self,
        client: Client,
        subscriber: Subscriber,
        namespace: str,
        timeout: float,
        breaker: Breaker | None = None,
    ) -> None:
        self._client = client
        self._subscriber = subscriber
        # Quoted, so that no two pairs of namespace and key spell one name.
        self._prefix = f"resizer:{quote(namespace, safe='')}:"
        self._channel = f"resizer-flush:{quote(namespace, safe='')}"
        self._timeout = timeout
        self._breaker = breaker or Breaker()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        # In a cluster redis-py runs every command of a transaction in a thread of its own, and
        # waits for it. There the commands of a pipeline go to their node together all the same.
        self._transactions = isinstance(client, Redis)
        self._look_up = Gather(self._look_up_all)

    async def get(self, key: str, field: str) -> Variant | None:
        """The variant, or None. A value that is none (cut, foreign, of another version) goes."""
        name = self._prefix + key
        value = await self._look_up((name, field))
        if value is None:
            return None
        try:
            return unpack(value)
        except ValueError:
            async with self._guarded(self._timeout):
                await self._client.unlink(name)
            return None

    async def put(self, key: str, field: str, variant: Variant, seconds: float) -> None:
        """Store `variant`; the original and all its variants are forgotten after `seconds`."""
        if seconds <= 0:
            return
        name = self._prefix + key
        async with self._guarded(self._timeout):
            pipeline = self._client.pipeline(transaction=self._transactions)
            pipeline.hset(name, field, pack(variant))
            pipeline.expire(name, math.ceil(seconds))
            await pipeline.execute()

    async def forget(self, key: str, field: str) -> None:
        """Remove one variant, and tell nobody: it should not have been stored."""
        async with self._guarded(self._timeout):
            await self._client.execute_command("HDEL", self._prefix + key, field)

    async def flush(self, key: str, *, dry_run: bool = False) -> Flushed:
        """Remove every variant of one original, at once, and tell the other gateways."""
        async with self._guarded(self._timeout), self._announced(Flush(key=key), dry_run):
            return await self._remove([self._prefix + key], dry_run)

    async def flush_prefix(self, prefix: str, *, dry_run: bool = False) -> Flushed:
        """The same for every original whose key starts with `prefix`; `""` is all of them."""
        flushed = Flushed()
        async with self._guarded(None), self._announced(Flush(prefix=prefix), dry_run):
            async for names in self._names(self._prefix + prefix):
                flushed += await self._remove(names, dry_run)
        return flushed

    async def listen(
        self,
        on_flush: Callable[[Flush], None],
        on_lost: Callable[[str], None],
        on_ready: Callable[[], None],
        heartbeat: float = _HEARTBEAT,
    ) -> None:
        """Hear flushes until cancelled, and reconnect when the line is lost.

        `on_ready` is called when a subscription begins, `on_lost`, with the kind of error, when it
        ends (or the first one fails): what is flushed between the two is not heard. A server that
        is silent for twice `heartbeat` seconds counts as lost.
        """
        listener = Listener(self._subscriber, self._channel, heartbeat, on_flush, on_lost, on_ready)
        await listener.run()

    async def check(self) -> None:
        """Raises CacheUnavailable when the server does not answer."""
        async with self._guarded(self._timeout):
            await self._client.ping()

    async def close(self) -> None:
        await self._look_up.close()
        await self._client.aclose()

    async def _look_up_all(
        self, places: list[tuple[str, str]]
    ) -> list[bytes | CacheUnavailable | None]:
        async with self._guarded(self._timeout):
            pipeline = self._client.pipeline(transaction=False)
            for name, field in places:
                pipeline.hget(name, field)
            answers = await pipeline.execute(raise_on_error=False)
            if all(isinstance(answer, Exception) for answer in answers):
                _raise_failure(answers)
        return [_value(answer) for answer in answers]

    async def _names(self, start: str) -> AsyncIterator[list[bytes]]:
        """The names that begin with `start`, in batches, each once: SCAN may repeat itself."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*"
        seen: set[int] = set()
        batch: list[bytes] = []
        async for name in self._client.scan_iter(match=pattern, count=_BATCH):
            if hash(name) in seen or not name.startswith(start.encode()):
                continue
            seen.add(hash(name))
            batch.append(name)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _remove(self, names: Sequence[str | bytes], dry_run: bool) -> Flushed:
        """Without a transaction: a full server would refuse it, and that is when to flush."""
        pipeline = self._client.pipeline(transaction=False)
        for name in names:
            pipeline.execute_command("HLEN", name)
            # By its word: the methods of a cluster's pipeline expect several names.
            pipeline.execute_command("EXISTS" if dry_run else "UNLINK", name)
        answers = await pipeline.execute(raise_on_error=False)
        _raise_failure(answers)
        lengths = [length for length in answers[::2] if isinstance(length, int)]
        return Flushed(sum(answers[1::2]), sum(lengths))

    @asynccontextmanager
    async def _announced(self, flush: Flush, dry_run: bool) -> AsyncIterator[None]:
        """Tell the listeners before and after.

        Before, so that no fill under way stores what is about to be removed; after, for those who
        read it again in between.
        """
        if dry_run:
            yield
            return
        message = json.dumps(flush.to_facts())
        await self._client.execute_command("PUBLISH", self._channel, message)
        yield
        await self._client.execute_command("PUBLISH", self._channel, message)

    @asynccontextmanager
    async def _guarded(self, seconds: float | None) -> AsyncIterator[None]:
        """Bound what is done inside, turn its failures into CacheUnavailable and count them."""
        if not self._breaker.admits():
            raise CacheUnavailable("The cache failed repeatedly and is left alone for a while.")
        try:
            async with asyncio.timeout(seconds), self._turns:
                yield
        except _FAILURES as error:
            # A server that answers with an error (full, read-only) is not one to stay away from.
            if not isinstance(error, ResponseError):
                self._breaker.failed()
            raise CacheUnavailable(f"The cache failed: {type(error).__name__}.") from error
        self._breaker.succeeded()


def _is_foreign(answer: object) -> bool:
    return isinstance(answer, ResponseError) and str(answer).startswith("WRONGTYPE")


def _raise_failure(answers: list[object]) -> None:
    """Raise the first error among `answers` that is not about a value of another type."""
    for answer in answers:
        if isinstance(answer, Exception) and not _is_foreign(answer):
            raise answer


def _value(answer: object) -> bytes | CacheUnavailable | None:
    if _is_foreign(answer):
        return _FOREIGN
    if isinstance(answer, Exception):
        return CacheUnavailable(f"The cache failed: {type(answer).__name__}.")
    return answer if isinstance(answer, bytes) else None
