"""A slot in the quick lane: room for one worker, which is replaced when it is dead or worn."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress

from resizer.aio.tasks import cancel_and_wait
from resizer.render.host.attempt import RenderRequest
from resizer.render.host.supervisor import Supervisor
from resizer.render.host.worker_process import End, Worker

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to start a worker; then the longest one again and again."""
_PAUSE_AFTER_IDLE_DEATH = 1.0
"""Seconds until a worker that ended before its first job is replaced."""


class WorkerSlot:
    """One worker at a time; one that is worn goes on until its successor is ready."""

    def __init__(
        self, supervisor: Supervisor, recycle_after: int, on_failure: Callable[[], None]
    ) -> None:
        """A worker is worn after `recycle_after` renders.

        `on_failure` is told of every start that failed.
        """
        self._supervisor = supervisor
        self._recycle_after = recycle_after
        self._on_failure = on_failure
        self._worker: Worker | None = None
        self._successor: asyncio.Task[Worker] | None = None
        self.attempt: asyncio.Task[bool] | None = None
        """The render under way here, or the last one."""
        self.request: RenderRequest | None = None
        """What it is for."""
        self.overdue = False
        """It has taken longer than renders may when others wait."""
        self.failing = False
        """The last attempt to start a worker failed."""
        self.tried = asyncio.Event()
        """The first attempt to start a worker is over."""
        self.wake = asyncio.Event()
        """Something happened: a request came, a render is over, the worker died, its successor is
        ready."""

    @property
    def busy(self) -> bool:
        return self.attempt is not None and not self.attempt.done()

    @property
    def up(self) -> bool:
        return self._worker is not None and self._worker.end is None

    @property
    def free(self) -> bool:
        """It can take a request, now or as soon as its worker is replaced."""
        return not self.busy and (self.up or not self.failing)

    async def ready(self) -> Worker:
        """The worker whose turn it is."""
        if self._worker:
            self._worker.check_idle()
        if self._worker is None or self._worker.end:
            if self._worker and not self._worker.jobs_started:
                await asyncio.sleep(_PAUSE_AFTER_IDLE_DEATH)
            self._worker = await (self._successor or self._fresh())
            self._successor = None
        elif self._successor and self._successor.done():
            self._worker.kill(End.RECYCLED)
            self._worker, self._successor = self._successor.result(), None
        elif not self._successor and self._worker.jobs_started >= self._recycle_after:
            self._successor = asyncio.create_task(self._fresh())
            self._successor.add_done_callback(lambda _: self.wake.set())
        return self._worker

    def mark_overdue(self) -> None:
        self.overdue = True
        self.wake.set()

    def detach(self) -> None:
        """Its worker works on elsewhere: the next one who comes here gets another."""
        self._worker = self.attempt = None

    async def close(self) -> None:
        if self._successor:
            await cancel_and_wait(self._successor)

    async def _fresh(self) -> Worker:
        """A worker that is ready, however many attempts it takes."""
        pauses = itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
        while True:
            # Whatever it was: a slot that gave up would leave its requests waiting for ever.
            with suppress(Exception):
                return await self._start()
            await asyncio.sleep(next(pauses))

    async def _start(self) -> Worker:
        try:
            worker = await self._supervisor.start(self.wake.set)
        except Exception:
            self.failing = True
            self._on_failure()
            raise
        finally:
            self.tried.set()
        self.failing = False
        return worker
