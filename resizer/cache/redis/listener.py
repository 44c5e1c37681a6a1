"""Listener: hears what other gateways and the command line flush."""

import asyncio
import json
import random
from collections.abc import Callable

from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from resizer.cache.redis.connect import Subscriber
from resizer.flush import Flush

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Listener:
    """Stays subscribed to one channel, and tells when it is and when it is not."""

    def __init__(
        self,
        subscriber: Subscriber,
        channel: str,
        heartbeat: float,
        on_flush: Callable[[Flush], None],
        on_lost: Callable[[str], None],
        on_ready: Callable[[], None],
    ) -> None:
        self._subscriber = subscriber
        self._channel = channel
        self._heartbeat = heartbeat
        self._on_flush = on_flush
        self._on_lost = on_lost
        self._on_ready = on_ready
        self._told_lost = False
        self._pause = _FIRST_PAUSE

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as error:
                self._lose(error)
            await asyncio.sleep(self._pause * random.uniform(0.5, 1))  # noqa: S311
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    async def _hear(self) -> None:
        client = self._subscriber()
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(self._channel)
                while True:
                    self._handle(await self._next(pubsub))
        finally:
            await client.aclose()

    async def _next(self, pubsub: PubSub) -> dict[str, object]:
        """The next message. After a silence a PING must be answered: the line may be dead."""
        message: dict[str, object] | None = await pubsub.get_message(timeout=self._heartbeat)
        if message is None:
            await pubsub.ping()
            message = await pubsub.get_message(timeout=self._heartbeat)
        if message is None:
            raise RedisConnectionError("a PING was not answered")
        return message

    def _handle(self, message: dict[str, object]) -> None:
        if message["type"] == "subscribe":
            self._told_lost = False
            self._pause = _FIRST_PAUSE
            self._on_ready()
        elif message["type"] == "message" and isinstance(message["data"], bytes):
            self._on_flush(_flush(message["data"]))

    def _lose(self, error: Exception) -> None:
        if not self._told_lost:
            self._told_lost = True
            self._on_lost(type(error).__name__)


def _flush(message: bytes) -> Flush:
    try:
        return Flush.from_facts(json.loads(message))
    except (ValueError, RecursionError):
        return Flush()
