"""The slow lane: renders that would hold up others, few at a time and on half of the cores.

Here come renders that were slow, those of originals in quarantine, and those that have cost a
worker. Each has a worker of its own, which ends with it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from resizer.aio.tasks import BackgroundTasks
from resizer.errors import Overloaded
from resizer.render.host.attempt import Attempts, RenderRequest
from resizer.render.host.quarantine import Quarantine
from resizer.render.host.supervisor import Supervisor
from resizer.render.host.worker_process import End, Worker

FULL = "Too many slow renders are waiting; try again in a moment."
NO_RENDERER = "No renderer is up; try again in a moment."


class SlowLane:
    """So many slots, and a queue before them that is bounded in length and in time."""

    def __init__(
        self,
        slots: int,
        supervisor: Supervisor,
        attempts: Attempts,
        quarantine: Quarantine,
        *,
        on_slow: Callable[[int], None],
        on_busy: Callable[[str, int], None],
    ) -> None:
        """`on_slow` is told 1 when a request comes here and -1 when it is answered."""
        self._slots = slots
        self._longest = max(1, supervisor.limits.max_queue // 4)
        self._seconds = supervisor.limits.render_seconds
        self._supervisor = supervisor
        self._attempts = attempts
        self._quarantine = quarantine
        self._on_slow = on_slow
        self._on_busy = on_busy
        self._waiting: deque[RenderRequest] = deque()
        self._taken = 0
        self._work = BackgroundTasks()

    @property
    def busy(self) -> int:
        """Places taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def take(self, request: RenderRequest) -> None:
        """Render it from the start when there is a slot.

        Where too many wait, the one whose original has most strikes, or when it has
        waited too long, the answer is Overloaded.
        """
        if request.answer.done():
            return
        self._waiting.append(request)
        if len(self._waiting) > self._longest:
            self._give_up(max(reversed(self._waiting), key=self._strikes))
        if request.answer.done():
            return
        self._enter(request)
        asyncio.get_running_loop().call_later(self._seconds, self._give_up, request)
        self._admit()

    def move(self, worker: Worker, request: RenderRequest, attempt: "asyncio.Task[bool]") -> None:
        """An attempt under way goes on here; without a slot it is stopped, to begin anew later."""
        self._quarantine.add(request.originals, request.transform)
        if self._taken < self._slots:
            self._enter(request)
            self._begin(partial(self._see_through, worker, request, attempt))
        else:
            worker.kill(End.STOPPED)
            self.take(request)

    def leave(self, request: RenderRequest) -> None:
        """Nobody waits for it any more."""
        if request in self._waiting:
            self._waiting.remove(request)

    async def close(self) -> None:
        """To be called once every request is answered."""
        self._waiting.clear()
        await self._work.end()

    def _enter(self, request: RenderRequest) -> None:
        if request.slow:
            return
        request.slow = True
        self._on_slow(1)
        request.answer.add_done_callback(lambda _: self._on_slow(-1))

    def _give_up(self, request: RenderRequest) -> None:
        if request in self._waiting:
            request.fail(Overloaded(FULL))
            self.leave(request)

    def _admit(self) -> None:
        while self._waiting and self._taken < self._slots:
            request = min(self._waiting, key=self._strikes)
            self._waiting.remove(request)
            if self._still_waits(request):
                self._begin(partial(self._render, request))

    def _strikes(self, request: RenderRequest) -> int:
        return self._quarantine.strikes(request.originals)

    def _still_waits(self, request: RenderRequest) -> bool:
        """Refuse what was blocked while it waited; whether it is to be rendered yet."""
        if error := self._quarantine.refusal(request.originals, request.transform):
            request.fail(error)
        return not request.answer.done()

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._taken += 1
        self._on_busy("slow", self._taken)
        self._work.start(self._in_its_place(work))

    async def _in_its_place(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self._taken -= 1
            self._on_busy("slow", self._taken)
            self._admit()

    async def _render(self, request: RenderRequest) -> None:
        try:
            worker = await self._supervisor.start()
        except Exception:
            request.fail(Overloaded(NO_RENDERER))
            return
        await self._see_through(worker, request, self._attempts.make(worker, request))

    async def _see_through(
        self, worker: Worker, request: RenderRequest, attempt: Awaitable[bool]
    ) -> None:
        worker.slow_down()
        is_over = await attempt
        worker.kill(End.RECYCLED)
        if not is_over:
            await self._render(request)
