"""The pool of workers: it carries out what its schedule decides.

Processes are started, given jobs, slowed down and ended here; whose turn it is, and who has to make
room for others, is decided in `schedule`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from resizer.aio.tasks import BackgroundTasks
from resizer.errors import Overloaded
from resizer.model.image import Original, Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host import decisions
from resizer.render.host.attempt import Attempts
from resizer.render.host.decisions import Decision, WorkerSlot
from resizer.render.host.pixel_cache import PixelCache
from resizer.render.host.quarantine import SLOW_SECONDS, Quarantine, SlowThreshold
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.schedule import Schedule
from resizer.render.host.spawn import COMMAND
from resizer.render.host.supervisor import Supervisor
from resizer.render.host.worker_process import Worker, WorkerEnd
from resizer.render.protocol.messages import Resampling

NO_RENDERER = "No renderer is up; try again in a moment."
_SLOW_SHARE = 0.25
"""Of the time that a render may take: what takes longer is slow on any site."""


class Pool:
    """Renders in other processes. Belongs to one event loop, in the main thread."""

    def __init__(
        self,
        count: int,
        limits: Limits,
        *,
        resampling: Resampling = Resampling.LINEAR,
        recycle_after: int = 1000,
        pixel_bytes: int = 0,
        slow_seconds: float = SLOW_SECONDS,
        command: Sequence[str] = COMMAND,
        on_death: Callable[[str], None] = lambda reason: None,
        on_warning: Callable[[str], None] = lambda text: None,
        on_slow: Callable[[int], None] = lambda by: None,
        on_busy: Callable[[str, int], None] = lambda lane, workers: None,
    ) -> None:
        """`count` workers in the quick lane, each replaced after `recycle_after` renders, and half
        as many in the slow lane when needed. `pixel_bytes` are kept of intermediates for other
        renders. A render that takes `slow_seconds` may be slow.

        `on_death` is told the reason (`crash`, `timeout`, `bad-reply`, `stopped`, `recycled`) of
        every worker's end but those of `close`; `on_warning` gets text for the operator: what of
        the sandbox is missing, once each, and how workers ended. `on_slow` is told 1 when a request
        comes to the slow lane and -1 when it is answered, `on_busy` a lane's workers at work.
        """
        self._supervisor = Supervisor(limits, command, on_death, on_warning)
        slowest_threshold = max(slow_seconds, _SLOW_SHARE * limits.render_seconds)
        self._threshold = SlowThreshold(slow_seconds, slowest_threshold)
        self._quarantine = Quarantine()
        self.pixels = PixelCache(pixel_bytes, limits.max_variant_bytes)
        self._attempts = Attempts(
            limits, resampling, self._threshold, self._quarantine, self.pixels, on_warning
        )
        self._schedule = Schedule(count, limits, recycle_after, self._quarantine)
        self._on_slow = on_slow
        self._on_busy = on_busy
        self._reported_busy: dict[str, int] = {}
        self._tasks = BackgroundTasks()
        self._tried = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._open = False

    @property
    def waiting(self) -> int:
        """Requests that the quick lane has not taken yet."""
        return len(self._schedule.waiting)

    @property
    def busy(self) -> int:
        """Workers at work in the quick lane."""
        return self._schedule.busy

    @property
    def slow_waiting(self) -> int:
        """Requests that the slow lane has not taken yet."""
        return len(self._schedule.slow_queue)

    @property
    def slow_busy(self) -> int:
        """Workers at work in the slow lane, or about to be."""
        return len(self._schedule.slow)

    @property
    def workers(self) -> int:
        """Worker processes, those of the slow lane included."""
        return self._supervisor.size

    async def start(self) -> None:
        """Start every worker; returns when each is up or has failed to start once."""
        self._open = True
        self._decide()
        await self._tried.wait()

    async def check(self) -> None:
        """Raises Overloaded when no worker is up and none can be started."""
        if not self._up:
            raise Overloaded(NO_RENDERER)

    async def render(self, originals: Sequence[Original], transform: Transform) -> Rendered:
        """What `transform` makes of the first of `originals`, with the others laid over it.

        They are no more than `MAX_ORIGINALS` and must stay open until this returns. Raises
        UnprocessableSource, RenderTimeout, and Overloaded while no worker can be started or too
        many slow renders wait. A caller that is cancelled leaves its worker to finish.
        """
        await self.check()
        request = RenderRequest(originals, transform, asyncio.get_running_loop().create_future())
        self._schedule.arrived.append(request)
        self._decide()
        try:
            return await request.answer
        finally:
            self._schedule.cancel(request)

    async def close(self) -> None:
        """Kill every worker; whoever still waits for one gets Overloaded."""
        self._open = False
        self._fail_all("The server is shutting down.")
        await self._tasks.end()
        await self._supervisor.close()
        for request in [*self._schedule.requests]:
            self._schedule.cancel(request)
            self._schedule.ended(request)
        self.pixels.close()

    @property
    def _up(self) -> bool:
        slots = self._schedule.slots
        return self._open and any(slot.worker or not slot.failing for slot in slots)

    def _decide(self) -> None:
        """To be called whenever something has happened."""
        if not self._open:
            return
        for slot in self._schedule.slots if self._schedule.arrived else ():
            if slot.is_idle and slot.worker:
                slot.worker.check_idle()  # one that computes without a job is given none
        for decision in self._schedule.decide(time.monotonic()):
            self._carry_out(decision)
        self._report_busy()
        self._set_timer()

    def _carry_out(self, decision: Decision) -> None:
        match decision:
            case decisions.Refuse(request, error):
                request.fail(error)
            case decisions.Render(slot, worker, request):
                self._tasks.start(self._render(slot, worker, request))
            case decisions.RenderAlone(request):
                self._tasks.start(self._render_alone(request))
            case decisions.SlowDown(worker):
                worker.slow_down()
            case decisions.Kill(worker, end):
                worker.kill(end)
            case decisions.Start(slot, pause):
                self._tasks.start(self._start(slot, pause))
            case decisions.Slowed(request):
                self._on_slow(1)
                request.answer.add_done_callback(lambda _: self._on_slow(-1))

    async def _render(self, slot: WorkerSlot, worker: Worker, request: RenderRequest) -> None:
        """Answer one request; it may be driven out to the slow lane meanwhile."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._threshold.seconds, self._overdue, slot, request)
        crashed = await self._attempts.make(worker, request)
        timer.cancel()
        await self._ended(worker, request, crashed=crashed)

    async def _render_alone(self, request: RenderRequest) -> None:
        try:
            worker = await self._supervisor.start()
        except Exception:
            request.fail(Overloaded(NO_RENDERER))
            self._schedule.ended(request)
            self._decide()
            return
        worker.slow_down()
        crashed = await self._attempts.make(worker, request)
        await self._ended(worker, request, crashed=crashed)

    async def _ended(self, worker: Worker, request: RenderRequest, *, crashed: bool) -> None:
        if worker.end in (WorkerEnd.STOPPED, WorkerEnd.CLOSED):
            return  # whoever ended it has seen to the request
        again, slow = crashed and not request.answer.done(), request in self._schedule.slow
        if slow:
            worker.kill(WorkerEnd.RECYCLED)
        if again and slow:
            await self._render_alone(request)
            return
        self._schedule.ended(request)
        if again:
            self._schedule.arrived.append(request)
        self._decide()

    def _overdue(self, slot: WorkerSlot, request: RenderRequest) -> None:
        if slot.request is request:
            slot.overdue = True
            self._decide()

    async def _start(self, slot: WorkerSlot, pause: float) -> None:
        def tried(*, failing: bool) -> None:
            slot.tried, slot.failing = True, failing
            if all(one.tried for one in self._schedule.slots):
                self._tried.set()
            if not self._up:
                self._fail_all(NO_RENDERER)
            self._decide()

        await asyncio.sleep(pause)
        worker = await self._supervisor.start_until_up(self._died, lambda: tried(failing=True))
        self._schedule.started(slot, worker)
        tried(failing=False)

    def _died(self, worker: Worker) -> None:
        self._schedule.died(worker)
        self._decide()

    def _report_busy(self) -> None:
        busy = {"quick": self.busy, "slow": self.slow_busy}
        for lane, workers in busy.items() - self._reported_busy.items():
            self._on_busy(lane, workers)
        self._reported_busy = busy

    def _set_timer(self) -> None:
        """When somebody has waited for too long."""
        if self._timer:
            self._timer.cancel()
        self._timer, deadline = None, self._schedule.slow_queue.deadline
        if deadline is not None:
            seconds = max(0.0, deadline - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._decide)

    def _fail_all(self, message: str) -> None:
        for request in self._schedule.requests:
            request.fail(Overloaded(message))
