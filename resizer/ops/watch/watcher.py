"""The loop of `resizer watch`: receive → flush → purge → delete.

A message is deleted only when everything that it asked for is done. What goes wrong is one of:

- the tiers cannot be flushed: nothing is wrong with the message, so it is kept and tried again
  until they can, and no other is received meanwhile;
- a CDN cannot be purged, or one message makes the flush fail: it is left, and comes again when its
  visibility ends;
- the message cannot be read: left as well.

What came too often is given up: to the queue's own redrive policy, else to a dead-letter queue,
else to the log.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from resizer.aio.retries import pause
from resizer.cdn.purge import RetryPolicy, purge
from resizer.cdn.target import PurgePolicy
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.ops.watch.queue import QueueFacts, QueueRefused, QueueUnavailable, SqsMessage, SqsQueue
from resizer.ops.watch.s3_events import PoisonMessage, keys_of, read_message
from resizer.storage.address import Address

FlushKeys = Callable[[list[str]], Awaitable[FlushResult]]
"""Forget these keys everywhere. Raises CacheUnavailable while that is not possible."""

_log = logging.getLogger("resizer")
_POLL_SECONDS = 5
"""One long poll, and so what an end that was asked for may have to wait."""
_DRAINING_POLL_SECONDS = 1
_PURGE_TRIES = RetryPolicy(attempts=3, total_wait=15.0)
"""Not for long: meanwhile nothing else is flushed, and what failed comes again anyway."""
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0
"""Seconds between two attempts."""
_LONGEST_TEXT = 2000
"""Characters of a lost message in the log."""
_MOST_UNPURGED = 10_000


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """The settings of a watcher, as plain values."""

    source: Address
    tries: int
    """Times a message is received before it is given up."""
    purge: PurgePolicy


@dataclass(frozen=True, slots=True)
class PendingFlush:
    """A message and the keys that it asks to flush."""

    message: SqsMessage
    keys: list[str]


class Watcher:
    """Watches until `stop` is set, or, draining, until nothing is left."""

    def __init__(
        self, queue: SqsQueue, dead_letters: SqsQueue | None, flush: FlushKeys, policy: WatchPolicy
    ) -> None:
        self.stop = asyncio.Event()
        self._queue = queue
        self._dead_letters = dead_letters
        self._flush_keys = flush
        self._policy = policy
        self._facts = QueueFacts(visibility=30, redrives=False)
        self._unpurged: dict[str, frozenset[str]] = {}
        """Paths that a failed purge was about, by key: a second flush does not find them again."""

    async def run(self) -> None:
        """Until `stop`; the batch at hand is finished. Raises QueueRefused, at the start only."""
        await self._until_known()
        failures = 0
        while not self.stop.is_set():
            try:
                await self._batch(_POLL_SECONDS)
                failures = 0
            except QueueUnavailable as error:
                failures += 1
                await self._pause(failures, str(error))

    async def drain(self) -> bool:
        """Until a poll brings nothing; False if a message was left. Raises QueueUnavailable."""
        self.stop.set()
        self._facts = await asyncio.to_thread(self._queue.facts)
        while (left := await self._batch(_DRAINING_POLL_SECONDS)) == 0:
            pass
        return left is None

    async def _until_known(self) -> None:
        failures = 0
        while not self.stop.is_set():
            try:
                self._facts = await asyncio.to_thread(self._queue.facts)
                return
            except QueueRefused:
                raise
            except QueueUnavailable as error:
                failures += 1
                await self._pause(failures, str(error))

    async def _batch(self, seconds: int) -> int | None:
        """Handle what one poll brings. How many messages were left; None if none came."""
        messages = await asyncio.to_thread(self._queue.receive, seconds)
        if not messages:
            return None
        async with self._holding(messages):
            done = await self._handle(messages)
            if done:
                await asyncio.to_thread(self._queue.delete, done)
        return len(messages) - len(done)

    async def _handle(self, messages: Sequence[SqsMessage]) -> list[SqsMessage]:
        """Those that are done with."""
        asked, done = [], []
        for message in messages:
            try:
                changes = read_message(message.body)
            except PoisonMessage as error:
                done += await self._leave(message, str(error))
                continue
            keys = keys_of(changes, self._policy.source)
            asked.append(PendingFlush(message, keys))
        return done + await self._flush(asked)

    async def _flush(self, asked: Sequence[PendingFlush]) -> list[SqsMessage]:
        """Flush what they ask for, each key once; those that are done with."""
        messages = [one.message for one in asked]
        keys = list(dict.fromkeys(key for one in asked for key in one.keys))
        if not keys:
            return messages
        try:
            flushed = await self._until_flushed(keys)
        except CacheUnavailable as error:
            _log.warning("nothing is sure to be flushed: %s", error, extra={"keys": keys})
            return []
        except Exception as error:
            return await self._one_by_one(asked, error)
        if failure := await self._purge(keys, flushed.paths):
            return [done for message in messages for done in await self._leave(message, failure)]
        return messages

    async def _until_flushed(self, keys: list[str]) -> FlushResult:
        """Raises CacheUnavailable only when it is to stop."""
        failures = 0
        while True:
            try:
                flushed = await self._flush_keys(keys)
            except CacheUnavailable as error:
                if self.stop.is_set():
                    raise
                failures += 1
                await self._pause(failures, f"nothing is sure to be flushed: {error}")
                continue
            counts = (flushed.variants, flushed.originals)
            _log.info("flushed: variants %d, originals %d", *counts, extra={"keys": keys})
            return flushed

    async def _one_by_one(
        self, asked: Sequence[PendingFlush], error: Exception
    ) -> list[SqsMessage]:
        """Find the message that makes the flush fail, so that the others do not wait with it."""
        if len(asked) > 1:
            return [done for one in asked for done in await self._flush([one])]
        _log.error("a flush failed", exc_info=error, extra={"keys": asked[0].keys})
        return await self._leave(asked[0].message, f"its flush fails: {type(error).__name__}")

    async def _purge(self, keys: list[str], paths: frozenset[str]) -> str | None:
        """Purge the CDN, if there is one; what failed."""
        paths = paths.union(*(self._unpurged.pop(key, frozenset()) for key in keys))
        flushes = [Flush(key=key) for key in keys]
        outcomes = await purge(self._policy.purge, flushes, paths, _PURGE_TRIES)
        for outcome in outcomes:
            if trouble := outcome.failure or outcome.warning:
                _log.warning("purge of %s: %s", outcome.target, trouble, extra={"keys": keys})
        failed = [outcome.target for outcome in outcomes if outcome.failure]
        if not failed:
            return None
        if paths and len(self._unpurged) + len(keys) <= _MOST_UNPURGED:
            self._unpurged.update(dict.fromkeys(keys, paths))
        return f"{', '.join(failed)} cannot be purged"

    async def _leave(self, message: SqsMessage, why: str) -> list[SqsMessage]:
        """Leave it in the queue; if it came too often, give it up: it is done with."""
        if self._facts.redrives or message.receives < self._policy.tries:
            _log.warning("message %s is left: %s", message.id, why)
            return []
        if self._dead_letters is None:
            text = message.body[:_LONGEST_TEXT]
            _log.error("message %s is given up: %s", message.id, why, extra={"text": text})
            return [message]
        try:
            await asyncio.to_thread(self._dead_letters.send, message.body)
        except QueueUnavailable as error:
            _log.error("message %s is left, not with the dead letters: %s", message.id, error)
            return []
        _log.error("message %s is with the dead letters: %s", message.id, why)
        return [message]

    @asynccontextmanager
    async def _holding(self, messages: list[SqsMessage]) -> AsyncIterator[None]:
        """Keep the messages invisible to others for as long as the work on them takes."""
        keeper = asyncio.create_task(self._keep(messages))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self, messages: list[SqsMessage]) -> None:
        seconds = max(2, self._facts.visibility)
        while True:
            await asyncio.sleep(seconds / 2)
            try:
                await asyncio.to_thread(self._queue.extend, messages, seconds)
            except QueueUnavailable as error:
                _log.warning("messages may be delivered again: %s", error)

    async def _pause(self, failures: int, why: str) -> None:
        """Back off; ended early by `stop`."""
        _log.warning("%s; trying again", why.removesuffix("."))
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), pause(failures, _FIRST_WAIT, _LONGEST_WAIT))
