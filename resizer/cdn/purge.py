"""Telling every target, at its pace, again where that helps, and for a bounded time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from resizer.aio.retries import pause
from resizer.cdn.cloudfront import invalidate
from resizer.cdn.http import Reply, send
from resizer.cdn.plan import Call, Invalidation, PurgePolicy, plan
from resizer.cdn.target import Kind, Target
from resizer.model.flush import Flush

_PAUSES = {
    Kind.CLOUDFRONT: 0.5,
    Kind.CLOUDFRONT_PATH: 0.5,
    Kind.CLOUDFLARE: 0.2,
    Kind.CLOUDFLARE_URL: 0.2,
    Kind.FASTLY: 0.05,
    Kind.BAN: 0.01,
    Kind.PURGE: 0.002,
}
"""Seconds between the starts of two calls: Cloudflare's Pro plan allows 5 a second, Fastly 100,000
an hour; slower plans answer 429, and then are waited for."""
_PATIENCE = 120.0
"""Seconds that all waiting for one target may add up to. An invalidation of CloudFront that stands
in the way of another is done within a minute."""
_ATTEMPTS = 6
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went with one target."""

    target: str
    calls: int = 0
    """That were made and accepted."""
    failure: str | None = None
    """Why what was flushed may still be served there."""
    warning: str | None = None
    """What an operator should know though nothing failed."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How patient a purge is. Seconds; the defaults are those of production."""

    attempts: int = _ATTEMPTS
    first_wait: float = _FIRST_WAIT
    longest_wait: float = _LONGEST_WAIT
    patience: float = _PATIENCE


async def purge(
    policy: PurgePolicy,
    flushes: Sequence[Flush],
    paths: Iterable[str],
    tries: Tries = Tries(),
) -> list[Outcome]:
    """Tell all targets, at the same time, to forget `flushes`; an outcome for each. Raises nothing.

    `paths` are those that were answered with what was flushed, for targets that are told by URL.
    """
    known = frozenset(paths)
    return await asyncio.gather(
        *(_tell(target, plan(target, policy, flushes, known), tries) for target in policy.targets)
    )


async def _tell(target: Target, calls: list[Call], tries: Tries) -> Outcome:
    name = str(target)
    if not calls:
        return Outcome(name, warning="no URL of it is known, so nothing was purged there")
    waiting = Waiting(tries)
    pace = Pace(_PAUSES[target.kind])
    for made, call in enumerate(calls):
        await pace.wait()
        if failure := await _make(call, waiting):
            part = f", after {made} of {len(calls)} calls" if made else ""
            return Outcome(name, made, failure + part)
    return Outcome(name, len(calls))


async def _make(call: Call, waiting: "Waiting") -> str | None:
    """Make one call, several times if need be; why it failed."""
    attempt = _attempt(call)
    attempts, reply = 1, await asyncio.to_thread(attempt)
    while reply.again and await waiting.may_go_on(attempts, reply.wait):
        attempts, reply = attempts + 1, await asyncio.to_thread(attempt)
    return None if reply.done else reply.said


def _attempt(call: Call) -> Callable[[], Reply]:
    if isinstance(call, Invalidation):
        return lambda: invalidate(call)
    return lambda: send(call)


class Waiting:
    """The time that one target's failures may take."""

    def __init__(self, tries: Tries) -> None:
        self._tries = tries
        self._left = tries.patience

    async def may_go_on(self, attempts: int, asked_for: float) -> bool:
        """Wait before another attempt, and whether there is to be one.

        As long as the other side asked for, if that is longer than the backoff.
        """
        if attempts >= self._tries.attempts:
            return False
        seconds = max(asked_for, pause(attempts, self._tries.first_wait, self._tries.longest_wait))
        if seconds > self._left:
            return False
        self._left -= seconds
        await asyncio.sleep(seconds)
        return True


class Pace:
    """Keeps the starts of calls apart."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._next = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        await asyncio.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + self._pause
