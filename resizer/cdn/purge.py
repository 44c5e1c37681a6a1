"""Purging: the calls to each target, at its rate limit, with retries, for a bounded time."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resizer.aio.retries import pause
from resizer.cdn.call import PurgeCall
from resizer.cdn.target import PurgePolicy, Target, calls_for
from resizer.model.flush import Flush

_TOTAL_WAIT = 120.0
"""Seconds that all waiting for one target may add up to. An invalidation of CloudFront that stands
in the way of another is done within a minute."""
_ATTEMPTS = 6
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class PurgeOutcome:
    """The outcome of a purge at one target."""

    target: str
    calls: int = 0
    """That were made and accepted."""
    failure: str | None = None
    """Why what was flushed may still be served there."""
    warning: str | None = None
    """What an operator should know though nothing failed."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a purge is tried, and how long it waits. Seconds; the defaults are production's."""

    attempts: int = _ATTEMPTS
    first_wait: float = _FIRST_WAIT
    longest_wait: float = _LONGEST_WAIT
    total_wait: float = _TOTAL_WAIT


async def purge(
    policy: PurgePolicy,
    flushes: Sequence[Flush],
    paths: Iterable[str],
    tries: RetryPolicy = RetryPolicy(),
) -> list[PurgeOutcome]:
    """Purge `flushes` from all targets, at the same time; an outcome for each. Raises nothing.

    `paths` are those that were answered with what was flushed, for targets that purge by URL.
    """
    known = frozenset(paths)
    return await asyncio.gather(
        *(
            _purge_target(each, calls_for(each, policy, flushes, known), tries)
            for each in policy.targets
        )
    )


async def _purge_target(
    target: Target, calls: Sequence[PurgeCall], tries: RetryPolicy
) -> PurgeOutcome:
    name = str(target)
    if not calls:
        return PurgeOutcome(name, warning="no URL of it is known, so nothing was purged there")
    budget = RetryBudget(tries)
    limit = RateLimit(target.vendor.pause)
    for made, call in enumerate(calls):
        await limit.wait()
        if failure := await _attempt(call, budget):
            part = f", after {made} of {len(calls)} calls" if made else ""
            return PurgeOutcome(name, made, failure + part)
    return PurgeOutcome(name, len(calls))


async def _attempt(call: PurgeCall, budget: "RetryBudget") -> str | None:
    """Make one call, several times if need be; why it failed."""
    attempts, result = 1, await asyncio.to_thread(call.send)
    while result.again and await budget.wait_for_another(attempts, result.wait):
        attempts, result = attempts + 1, await asyncio.to_thread(call.send)
    return None if result.done else result.said


class RetryBudget:
    """How long the retries at one target may take in all."""

    def __init__(self, tries: RetryPolicy) -> None:
        self._tries = tries
        self._left = tries.total_wait

    async def wait_for_another(self, attempts: int, asked_for: float) -> bool:
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


class RateLimit:
    """Keeps the starts of calls apart."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._next = 0.0

    async def wait(self) -> None:
        now = time.monotonic()
        await asyncio.sleep(max(0.0, self._next - now))
        self._next = max(now, self._next) + self._pause
