"""All worker processes of one pool, from their start until they are reaped."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress

from resizer.aio.tasks import BackgroundTasks
from resizer.model.limits import Limits
from resizer.render.host.worker_process import Worker, WorkerEnd

_REAP_SECONDS = 10.0
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to start a worker; then the longest one again and again."""


class Supervisor:
    """Starts workers and reports their deaths. Belongs to one event loop, in the main thread."""

    def __init__(
        self,
        limits: Limits,
        command: Sequence[str],
        on_death: Callable[[str], None],
        on_warning: Callable[[str], None],
    ) -> None:
        self.limits = limits
        self._command = command
        self._on_death = on_death
        self._on_warning = on_warning
        self._workers: set[Worker] = set()
        self._reaping = BackgroundTasks()
        self._warned: set[str] = set()

    @property
    def size(self) -> int:
        """Workers alive, those that are about to be ready included."""
        return len(self._workers)

    async def start(self, on_death: Callable[[Worker], None] = lambda _: None) -> Worker:
        """One attempt to start a worker; `on_death` is called when it is no more.

        Raises whatever kept it from starting, which the operator has been told by then.
        """
        try:
            worker = Worker(self._command)
            self._workers.add(worker)
            worker.on_death = lambda: self._died(worker, on_death)
            problems = await worker.hello(self.limits)
        except Exception as error:
            self._on_warning(f"a render worker does not start: {error}")
            raise
        for problem in set(problems) - self._warned:
            self._warned.add(problem)
            self._on_warning(f"sandbox: {problem}")
        return worker

    async def start_until_up(
        self, on_death: Callable[[Worker], None], on_failure: Callable[[], None]
    ) -> Worker:
        """A worker that is up; `on_failure` is called after each attempt that failed."""
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            # Whatever it was: a slot that gave up would leave its requests waiting for ever.
            with suppress(Exception):
                worker = await self.start(on_death)
                if not worker.end:
                    return worker
            on_failure()
            await asyncio.sleep(pause)
        raise AssertionError("pauses have no end")

    async def close(self) -> None:
        """Kill every worker and reap it."""
        for worker in list(self._workers):
            worker.kill(WorkerEnd.CLOSED)
        await self._reaping.end(_REAP_SECONDS)

    def _died(self, worker: Worker, on_death: Callable[[Worker], None]) -> None:
        self._workers.discard(worker)
        self._reaping.start(self._reap(worker))
        on_death(worker)
        if worker.end and worker.end is not WorkerEnd.CLOSED:
            self._on_death(worker.end)

    async def _reap(self, worker: Worker) -> None:
        account = await worker.reap()
        if worker.end in (WorkerEnd.CRASH, WorkerEnd.TIMEOUT, WorkerEnd.BAD_REPLY):
            self._on_warning(f"a render worker ended: {account}")
