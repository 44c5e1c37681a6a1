"""Announcements: every gateway is told of a flush, and waited for until it confirms."""

import asyncio
import json
import secrets
from collections.abc import Sequence

from redis.asyncio import RedisCluster
from redis.asyncio.client import PubSub
from redis.exceptions import ResponseError

from resizer import hearing
from resizer.cache.redis.connect import Client, Subscriber
from resizer.cache.redis.guard import Guard, failures
from resizer.cache.redis.names import Names
from resizer.flush import Flush


class Announcements:
    """Both ends of one: telling, and confirming."""

    def __init__(self, client: Client, subscriber: Subscriber, names: Names, guard: Guard) -> None:
        self._client = client
        self._subscriber = subscriber
        self._names = names
        self._guard = guard

    async def announce(self, flushes: Sequence[Flush], patience: float, doubt: float) -> int:
        """How many gateways did not confirm. Raises CacheUnavailable."""
        announcement = secrets.token_hex(8)
        client = self._subscriber()
        try:
            with failures():
                async with client.pubsub() as pubsub:
                    async with self._guard():
                        await pubsub.subscribe(self._names.confirmations(announcement))
                        await pubsub.get_message(timeout=self._guard.timeout)
                    expected = await self._publish(flushes, announcement)
                    forgetful = await self._began_within(doubt)
                    return await _unconfirmed(
                        pubsub, expected, forgetful, hearing.SECONDS + patience
                    )
        finally:
            await client.aclose()

    async def confirm(self, announcement: str) -> None:
        """Say that this gateway has forgotten what was announced. Raises CacheUnavailable."""
        async with self._guard():
            channel = self._names.confirmations(announcement)
            await self._client.execute_command("PUBLISH", channel, b"")

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

    async def _began_within(self, seconds: float) -> bool:
        """Whether the server is so young, or will not say: INFO may be denied.

        A server that began a moment ago has lost its subscribers, and they may not know it yet.
        """
        client = self._client
        nodes = client.get_nodes() if isinstance(client, RedisCluster) else [client]
        try:
            facts = await asyncio.gather(
                *(node.execute_command("INFO", "server") for node in nodes)
            )
        except ResponseError:
            return True
        return any(told["uptime_in_seconds"] <= seconds + 1 for told in facts)


async def _unconfirmed(pubsub: PubSub, expected: int, forgetful: bool, seconds: float) -> int:
    """How many of `expected` gateways are still silent when none of them is sure any more."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while (expected > 0 or forgetful) and (left := deadline - clock()) > 0:
        message = await pubsub.get_message(timeout=left)
        if message is not None and message["type"] == "message":
            expected -= 1
    return max(0, expected)
