"""Flushing: removing from Redis, and making sure that no gateway remembers."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence

from redis.asyncio import RedisCluster
from redis.asyncio.client import PubSub
from redis.exceptions import ResponseError

from resizer import hearing
from resizer.cache.redis.connect import Client, Subscriber
from resizer.cache.redis.guard import FAILURES, Guard, raise_failure
from resizer.cache.redis.names import PATH, Names, is_variant
from resizer.errors import CacheUnavailable
from resizer.flush import Flush, Flushed

_BATCH = 100
"""Names looked at and removed in one round trip: what Redis does without pause."""
_SCANNED = 500
"""Names that Redis walks past in one step of a SCAN."""


class Flushing:
    """The way of a flush through one Redis; `RedisCache` says what its methods promise."""

    def __init__(self, client: Client, subscriber: Subscriber, names: Names, guard: Guard) -> None:
        self._client = client
        self._subscriber = subscriber
        self._names = names
        self._guard = guard

    async def remove(self, flushes: Sequence[Flush], dry_run: bool) -> Flushed:
        """Every fill under way loses its lease with the hash (or with the field) it lay in.

        Without transactions: a full server would refuse them, and that is when to flush.
        """
        flushed = Flushed()
        keys = [self._names.of(flush.key).encode() for flush in flushes if flush.key is not None]
        for start in range(0, len(keys), _BATCH):
            flushed += await self._remove(keys[start : start + _BATCH], dry_run)
        for flush in flushes:
            if flush.key is None:
                async for names in self._scan(self._names.prefix + flush.prefix):
                    flushed += await (
                        self._remove(names, dry_run)
                        if flush.tag is None
                        else self._remove_tagged(names, flush, dry_run)
                    )
        return flushed

    async def announce(self, flushes: Sequence[Flush], patience: float) -> int:
        announcement = secrets.token_hex(8)
        client = self._subscriber()
        try:
            async with client.pubsub() as pubsub:
                async with self._guard():
                    await pubsub.subscribe(self._names.confirmations(announcement))
                    await pubsub.get_message(timeout=self._guard.timeout)
                expected = await self._publish(flushes, announcement)
                return await self._unconfirmed(pubsub, expected, hearing.SECONDS + patience)
        except FAILURES as error:
            raise CacheUnavailable(f"The cache failed: {type(error).__name__}.") from error
        finally:
            await client.aclose()

    async def _unconfirmed(self, pubsub: PubSub, expected: int, seconds: float) -> int:
        """How many of `expected` gateways are still silent when none of them is sure any more.

        A server that began a moment ago has lost its subscribers, and they may not know it yet.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        forgetful = await self._began_just_now()
        while (expected > 0 or forgetful) and (left := deadline - clock()) > 0:
            message = await pubsub.get_message(timeout=left)
            if message is not None and message["type"] == "message":
                expected -= 1
        return max(0, expected)

    async def _began_just_now(self) -> bool:
        """Or will not say: INFO may be denied."""
        nodes = (
            self._client.get_nodes() if isinstance(self._client, RedisCluster) else [self._client]
        )
        try:
            facts = await asyncio.gather(
                *(node.execute_command("INFO", "server") for node in nodes)
            )
        except ResponseError:
            return True
        return any(told["uptime_in_seconds"] <= hearing.SECONDS + 1 for told in facts)

    async def tell(self, flushes: Sequence[Flush]) -> None:
        await self._publish(flushes, "")

    async def confirm(self, announcement: str) -> None:
        """Say that this gateway has forgotten what was announced."""
        if announcement:
            async with self._guard():
                await self._client.execute_command(
                    "PUBLISH", self._names.confirmations(announcement), b""
                )

    async def _publish(self, flushes: Sequence[Flush], announcement: str) -> int:
        """How many gateways are to confirm."""
        facts = {"id": announcement, "flushes": [flush.to_facts() for flush in flushes]}
        async with self._guard():
            heard: int = await self._client.execute_command(
                "PUBLISH", self._names.flushes, json.dumps(facts)
            )
        if isinstance(self._client, RedisCluster):
            heard = await self._subscribers(self._client)
        return heard

    async def _subscribers(self, cluster: RedisCluster) -> int:
        """A node of a cluster counts its own only. Asked after the announcement: whoever came in
        between costs a wait, and nobody is left out."""
        async with self._guard():
            answers = await asyncio.gather(
                *(
                    node.execute_command("PUBSUB", "NUMSUB", self._names.flushes)
                    for node in cluster.get_nodes()
                )
            )
        return sum(int(count) for _, count in answers)

    async def _scan(self, start: str) -> AsyncIterator[list[bytes]]:
        """The names that begin with `start`, in batches, each once: SCAN may repeat itself."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*"
        seen: set[int] = set()
        batch: list[bytes] = []
        async for name in self._names_like(pattern):
            if hash(name) in seen or not name.startswith(start.encode()):
                continue
            seen.add(hash(name))
            batch.append(name)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _names_like(self, pattern: str) -> AsyncIterator[bytes]:
        try:
            async for name in self._client.scan_iter(match=pattern, count=_SCANNED):
                yield name
        except FAILURES as error:
            raise CacheUnavailable(f"The cache failed: {type(error).__name__}.") from error

    async def _remove(self, names: list[bytes], dry_run: bool) -> Flushed:
        last = "EXISTS" if dry_run else "UNLINK"
        answers = await self._each([(word, name) for name in names for word in ("HKEYS", last)])
        flushed = Flushed()
        for fields, there in zip(answers[::2], answers[1::2], strict=True):
            if there:
                flushed += _counted(fields)
        return flushed

    async def _remove_tagged(self, names: list[bytes], flush: Flush, dry_run: bool) -> Flushed:
        """The variants of a preset, and the leases of those under way."""
        answers = await self._each([("HKEYS", name) for name in names])
        tagged = [_tagged(fields, flush) for fields in answers]
        if not dry_run:
            await self._each(
                [
                    ("HDEL", name, *fields)
                    for name, fields in zip(names, tagged, strict=True)
                    if fields
                ]
            )
        counts = [_counted(fields) for fields in tagged if fields]
        return sum(counts, Flushed(paths=frozenset(_paths(answers, tagged))))

    async def _each(self, commands: list[tuple[str | bytes, ...]]) -> list[object]:
        """All in one round trip. By their words: a cluster's pipeline knows other methods."""
        if not commands:
            return []
        async with self._guard():
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[object] = await pipeline.execute(raise_on_error=False)
            raise_failure(answers)
        return answers


def _counted(fields: object) -> Flushed:
    """What one hash held; another program's value, which has no fields, counts as an original."""
    if not isinstance(fields, list):
        return Flushed(originals=1)
    variants = sum(map(is_variant, fields))
    return Flushed(min(variants, 1), variants, frozenset(_noted(fields)))


def _noted(fields: list[bytes]) -> Iterator[str]:
    """The paths among the fields of one hash."""
    for field in fields:
        if field.startswith(PATH.encode()):
            yield field.removeprefix(PATH.encode()).decode(errors="replace")


def _paths(hashes: list[object], tagged: list[list[bytes]]) -> Iterator[str]:
    """All paths of the originals that had something tagged: which of them it was is not known."""
    for fields, some in zip(hashes, tagged, strict=True):
        if some and isinstance(fields, list):
            yield from _noted(fields)


def _tagged(fields: object, flush: Flush) -> list[bytes]:
    """The variants that `flush` means, and their leases."""
    if not isinstance(fields, list):
        return []
    return [field for field in fields if flush.matches("", field.decode(errors="replace"))]
