"""WarmRun: requests the variants of each key, a bounded number of originals at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from resizer.aio.retries import pause
from resizer.errors import ResizerError
from resizer.http.replies import kind
from resizer.ops.warm.client import WarmClient, WarmOutcome
from resizer.ops.warm.plan import WarmPlan
from resizer.ops.warm.report import WarmReport
from resizer.ops.warm.resume import ResumeFile
from resizer.ops.warm.variants import VariantSpec

_ATTEMPTS = 6
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
"""Seconds between two attempts, however long the gateway asks for."""


class WarmRun:
    """One run. `stop()` ends it after the requests under way."""

    def __init__(
        self,
        plan: WarmPlan,
        report: WarmReport,
        resume: ResumeFile | None = None,
    ) -> None:
        self.report = report
        self.lost = False
        """Stopped by itself: the gateway does not answer any more."""
        self._unanswered = 0
        self._plan = plan
        self._resume = resume
        self.on_original: Callable[[], None] = lambda: None
        """Called for each original that is over, done or not."""
        self._stopped = asyncio.Event()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(2 * plan.concurrency)
        self._threads = ThreadPoolExecutor(plan.concurrency, thread_name_prefix="warm")

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()

    async def warm(self, keys: AsyncIterator[str]) -> None:
        """Ask for all that is wanted of each key. Raises what `keys` raises, once what is under
        way is done."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._plan.concurrency):
                    group.create_task(self._work())
                broken = await self._feed(keys)
            if broken is not None:
                raise broken
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _feed(self, keys: AsyncIterator[str]) -> ResizerError | OSError | None:
        """Hand out the keys; what ended them before their time, if anything did."""
        broken: ResizerError | OSError | None = None
        try:
            async for key in keys:
                if self.stopped:
                    break
                if self._resume is not None and key in self._resume:
                    self.report.skipped += 1
                    self.on_original()
                else:
                    await self._queue.put(key)
        except (ResizerError, OSError) as error:
            broken = error
        for _ in range(self._plan.concurrency):
            await self._queue.put(None)
        return broken

    async def _work(self) -> None:
        client = WarmClient(self._plan.url)
        try:
            while (key := await self._queue.get()) is not None:
                if not self.stopped:
                    await self._visit(client, key)
        finally:
            client.close()

    async def _visit(self, client: WarmClient, key: str) -> None:
        """One variant after the other, so that they find the original where the first left it."""
        done = True
        for spec in self._plan.specs:
            outcome = await self._outcome(client, key, spec)
            if self.stopped and not outcome.done:
                return
            self._watch(outcome)
            self.report.add(key, spec, outcome)
            done = done and outcome.done
        if done and self._resume is not None:
            self._resume.note(key)
        self.report.originals += 1
        self.on_original()

    def _watch(self, outcome: WarmOutcome) -> None:
        """Give up when nobody is there any more, rather than fail everything that is left."""
        self._unanswered = 0 if outcome.status else self._unanswered + 1
        if self._unanswered >= self._plan.concurrency:
            self.lost = True
            self.stop()

    async def _outcome(self, client: WarmClient, key: str, spec: VariantSpec) -> WarmOutcome:
        try:
            path = self._plan.links.path(key, spec.options)
        except ResizerError as error:  # a key that no URL can hold
            return WarmOutcome(error.status, kind(error), str(error))
        for failures in range(1, _ATTEMPTS):
            outcome = await self._get(client, path, spec.accept)
            if not outcome.transient or self.stopped:
                return outcome
            backoff = pause(failures, _FIRST_WAIT, _LONGEST_WAIT)
            await self._wait(max(backoff, outcome.retry_after))
        return await self._get(client, path, spec.accept)

    async def _get(self, client: WarmClient, path: str, accept: str | None) -> WarmOutcome:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, client.get, path, accept)

    async def _wait(self, seconds: float) -> None:
        """Not longer than until the run is stopped."""
        try:
            async with asyncio.timeout(min(seconds, _LONGEST_WAIT)):
                await self._stopped.wait()
        except TimeoutError:
            return
