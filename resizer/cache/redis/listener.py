"""Listener: the subscription to flushes and fill notices, and whether it is known to be alive."""

import asyncio
import json
import logging
import math
import random
import time
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from resizer.aio.tasks import BackgroundTasks, cancel_and_wait
from resizer.cache.coherence import Coherence
from resizer.cache.redis.connect import Subscriber
from resizer.cache.redis.fill_notices import FillNotices
from resizer.cache.redis.flush_broadcast import FlushBroadcast
from resizer.cache.redis.names import Names
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush

_log = logging.getLogger("resizer")
_HEARTBEAT = 0.25
"""Seconds between two questions whether the line is alive."""
_SILENCE_SECONDS = 2 * _HEARTBEAT
"""Seconds without an answer after which nobody waits for the end of another's fill."""
_REGISTER_SECONDS = 1.0
_REMEMBERED = 64
"""Announcements."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Listener:
    """Stays subscribed, and has `coherence` trust what is cached only while it is."""

    def __init__(
        self,
        subscriber: Subscriber,
        names: Names,
        coherence: Coherence,
        notices: FillNotices,
        broadcast: FlushBroadcast,
        *,
        in_cluster: bool,
    ) -> None:
        self._subscriber = subscriber
        self._names = names
        self._coherence = coherence
        self._notices = notices
        self._broadcast = broadcast
        self._in_cluster = in_cluster
        self._gateway = broadcast.new_name()
        self._announced: deque[str] = deque(maxlen=_REMEMBERED)
        self._disconnect_reported = False
        self._pause = _FIRST_PAUSE
        self._looked = -math.inf
        self._since = self._asked = self._confirmed = -math.inf
        """When the subscription began, the last question was put, the last one answered was put."""
        self._background = BackgroundTasks()

    async def run(self) -> None:
        """Until cancelled."""
        self._coherence.distrust()
        registering = asyncio.create_task(self._register())
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError) as error:
                    self._on_failure(error)
                except Exception as error:  # whoever stops listening serves no memory for ever
                    _log.exception("a message could not be handled")
                    self._on_failure(error)
                await asyncio.sleep(self._pause * random.uniform(0.5, 1))  # noqa: S311
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        finally:
            await cancel_and_wait(registering)
            await self._background.end()
            with suppress(CacheUnavailable):
                await self._broadcast.leave(self._gateway)

    async def _register(self) -> None:
        """Whoever flushes waits for those who are alive, deaf or not."""
        while True:
            with suppress(CacheUnavailable):
                await self._broadcast.register(self._gateway)
            await asyncio.sleep(_REGISTER_SECONDS)

    async def _listen(self) -> None:
        client = self._subscriber()
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(self._names.flushes, self._names.fill_notices)
                self._confirmed = self._asked = -math.inf
                self._since = time.monotonic()
                while True:
                    await self._ask(pubsub)
                    await self._look_at_node(client)
                    message = await pubsub.get_message(timeout=_HEARTBEAT)
                    if message is not None:
                        self._handle(message)
        finally:
            self._coherence.distrust()
            await client.aclose()

    async def _ask(self, pubsub: PubSub) -> None:
        """Whether the line is alive, every heartbeat. The answer brings back when it was asked."""
        now = time.monotonic()
        silence = now - max(self._since, self._confirmed)
        if silence > Coherence.TRUST_SECONDS:
            raise RedisConnectionError("a PING was not answered")
        if silence > _SILENCE_SECONDS:
            self._notices.wake_all()
        if now - self._asked >= _HEARTBEAT:
            self._asked = now
            await pubsub.ping(repr(now))

    async def _look_at_node(self, client: Redis) -> None:
        """A node that left its cluster still answers, and no flush comes to it any more."""
        if not self._in_cluster or time.monotonic() - self._looked < _REGISTER_SECONDS:
            return
        self._looked = time.monotonic()
        info = await client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
        if info["cluster_state"] != "ok" or int(info["cluster_known_nodes"]) < 2:
            raise RedisConnectionError("the node has left its cluster")

    def _handle(self, message: dict[str, Any]) -> None:
        match message["type"], message["data"]:
            case "pong", bytes(asked):
                self._on_pong(float(asked))
            case "message", bytes(data) if message["channel"] == self._names.flushes.encode():
                self._on_announcement(data)
            case "message", bytes(data):
                self._notices.notify(data)

    def _on_pong(self, asked: float) -> None:
        """The first answer says that the subscription stands."""
        if self._confirmed < self._since:
            self._disconnect_reported = False
            self._pause = _FIRST_PAUSE
            self._coherence.on_reconnect()
        self._confirmed = asked
        self._coherence.confirmed(asked)

    def _on_announcement(self, data: bytes) -> None:
        announcement, flushes = read_announcement(data)
        if announcement and announcement in self._announced:
            return  # every node of a cluster passes it on
        self._announced.append(announcement)
        forgotten = self._coherence.on_flush(flushes)
        self._background.start(self._confirm_when(forgotten, announcement))

    async def _confirm_when(self, forgotten: Awaitable[object], announcement: str) -> None:
        await forgotten
        if announcement:
            with suppress(CacheUnavailable):  # whoever flushes waits until this process is not sure
                await self._broadcast.confirm(announcement, self._gateway)

    def _on_failure(self, error: Exception) -> None:
        self._coherence.distrust()
        self._notices.wake_all()
        if not self._disconnect_reported:
            self._disconnect_reported = True
            self._coherence.on_disconnect(type(error).__name__)


def read_announcement(data: bytes) -> tuple[str, list[Flush]]:
    """The announcement's id and what is flushed; anything malformed flushes everything."""
    try:
        facts = json.loads(data)
        announcement = str(facts["id"])
        announcement.encode()  # half a surrogate pair cannot be said again
        return announcement, [Flush.from_facts(flush) for flush in facts["flushes"]]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "", [Flush()]
