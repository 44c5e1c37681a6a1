"""FlushBroadcast: a flush is published to every gateway, and waits until each confirms."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import ResponseError

from resizer.cache.coherence import Coherence
from resizer.cache.redis.connect import Client, Subscriber
from resizer.cache.redis.guard import Guard, failures
from resizer.cache.redis.names import Names
from resizer.cache.redis.scripts import LIVING, REGISTER
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult

_ALIVE_SECONDS = 5
"""Gateways register every second; one may be late."""


@dataclass(slots=True)
class Unconfirmed:
    """Gateways yet to confirm a flush: all that received it or were alive a moment ago."""

    received: int
    living: set[bytes]
    restarted: bool
    """The server may have lost listeners who do not know it yet."""
    confirmed: set[bytes] = field(default_factory=set)

    @property
    def count(self) -> int:
        return max(self.received - len(self.confirmed), len(self.living - self.confirmed))

    @property
    def anybody(self) -> bool:
        return self.count > 0 or self.restarted


class FlushBroadcast:
    """Both ends of a flush: to publish it and wait, and to confirm it."""

    def __init__(
        self, client: Client, subscriber: Subscriber, names: Names, guard: Guard, results_id: str
    ) -> None:
        """`results_id` is the same for all gateways that may flush for each other."""
        self._client = client
        self._subscriber = subscriber
        self._names = names
        self._guard = guard
        self._results_id = f".{results_id}".encode()

    def new_name(self) -> str:
        """A name for a gateway, unlike any other."""
        return secrets.token_hex(8) + self._results_id.decode()

    async def announce(
        self, flushes: Sequence[Flush], extra_seconds: float, restarted_within: float
    ) -> FlushResult:
        """How many gateways confirmed and did not. Raises CacheUnavailable.

        Waits for them for `Coherence.TRUST_SECONDS` and `extra_seconds` at the longest. A server
        that began within `restarted_within` seconds is taken to have lost its listeners.
        """
        announcement = secrets.token_hex(8)
        client = self._subscriber()
        try:
            with failures():
                async with client.pubsub() as pubsub:
                    async with self._guard():
                        await pubsub.subscribe(self._names.confirmations(announcement))
                        await pubsub.get_message(timeout=self._guard.timeout)
                    missing = Unconfirmed(
                        await self._publish(flushes, announcement),
                        await self._living(),
                        await self._began_within(restarted_within),
                    )
                    await _wait(pubsub, missing, Coherence.TRUST_SECONDS + extra_seconds)
        finally:
            await client.aclose()
        if not all(name.endswith(self._results_id) for name in missing.confirmed):
            raise CacheUnavailable(
                "There are gateways that keep their results elsewhere: RESULTS must be as theirs."
            )
        return FlushResult(confirmed=len(missing.confirmed), unconfirmed=missing.count)

    async def confirm(self, announcement: str, gateway: str) -> None:
        """Say that `gateway` has forgotten what was announced. Raises CacheUnavailable."""
        async with self._guard():
            channel = self._names.confirmations(announcement)
            await self._client.execute_command("PUBLISH", channel, gateway)

    async def register(self, gateway: str) -> None:
        """Say that `gateway` is alive, whether it hears or not. Raises CacheUnavailable."""
        async with self._guard():
            await REGISTER.run(self._client, self._names.gateways, gateway)

    async def leave(self, gateway: str) -> None:
        """Nobody is to wait for `gateway` any more. Raises CacheUnavailable."""
        async with self._guard():
            await self._client.execute_command("ZREM", self._names.gateways, gateway)

    async def _publish(self, flushes: Sequence[Flush], announcement: str) -> int:
        """How many received it.

        To every node of a cluster: what a subscriber's own node sends cannot be overtaken, as what
        comes over the cluster's bus can.
        """
        facts = {"id": announcement, "flushes": [flush.to_facts() for flush in flushes]}
        command = ("PUBLISH", self._names.flushes, json.dumps(facts))
        async with self._guard():
            await self._client.initialize()
            received = await asyncio.gather(
                *(node.execute_command(*command) for node in self._nodes())
            )
        return sum(received)

    async def _living(self) -> set[bytes]:
        async with self._guard():
            return set(await LIVING.run(self._client, self._names.gateways, _ALIVE_SECONDS))

    def _nodes(self) -> Sequence[Redis | ClusterNode]:
        client = self._client
        return client.get_nodes() if isinstance(client, RedisCluster) else [client]

    async def _began_within(self, seconds: float) -> bool:
        """Whether the server is so young, or will not say: INFO may be denied.

        A server that began a moment ago has lost its subscribers, and they may not know it yet.
        """
        questions = [node.execute_command("INFO", "server") for node in self._nodes()]
        try:
            facts = await asyncio.gather(*questions)
        except ResponseError:
            return True
        return any(info["uptime_in_seconds"] <= seconds + 1 for info in facts)


async def _wait(pubsub: PubSub, missing: Unconfirmed, seconds: float) -> None:
    """Until all have confirmed, or those who are silent trust their memory no more."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while missing.anybody and (left := deadline - clock()) > 0:
        message = await pubsub.get_message(timeout=left)
        if message is not None and message["type"] == "message":
            missing.confirmed.add(message["data"])
