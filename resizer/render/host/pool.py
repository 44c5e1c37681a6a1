"""The pool of workers: whose turn it is, and who has to make room for others.

The quick lane has a slot for each worker, and all slots take from one queue, first come first
served, but for those whose pixels another worker is about to have. A render that turns out slow
goes on in the slow lane, on half of the cores, as soon as somebody waits; what was slow
before, or has cost a worker, goes there straight away.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from resizer.aio.tasks import cancel_and_wait
from resizer.errors import Overloaded
from resizer.model.image import Original, Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.attempt import Attempts, RenderRequest
from resizer.render.host.pixel_cache import PixelCache
from resizer.render.host.quarantine import SLOW_SECONDS, Quarantine, SlowThreshold
from resizer.render.host.slow_lane import NO_RENDERER, SlowLane
from resizer.render.host.spawn import COMMAND
from resizer.render.host.supervisor import Supervisor
from resizer.render.host.worker_process import Worker
from resizer.render.host.worker_slot import WorkerSlot
from resizer.render.protocol.messages import Resampling

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
        self._threshold = SlowThreshold(
            slow_seconds, max(slow_seconds, _SLOW_SHARE * limits.render_seconds)
        )
        self._quarantine = Quarantine()
        self.pixels = PixelCache(pixel_bytes, limits.max_variant_bytes)
        self._attempts = Attempts(
            limits, resampling, self._threshold, self._quarantine, self.pixels, on_warning
        )
        self.slow = SlowLane(
            max(1, count // 2),
            self._supervisor,
            self._attempts,
            self._quarantine,
            on_slow=on_slow,
            on_busy=on_busy,
        )
        self._slots = [
            WorkerSlot(self._supervisor, recycle_after, self._failed) for _ in range(count)
        ]
        self._on_busy = on_busy
        self._waiting: deque[RenderRequest] = deque()
        self._requests: set[RenderRequest] = set()
        self._tending: list[asyncio.Task[None]] = []
        self._open = False

    @property
    def waiting(self) -> int:
        """Requests that the quick lane has not taken yet."""
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Workers at work in the quick lane."""
        return sum(slot.busy for slot in self._slots)

    @property
    def workers(self) -> int:
        """Worker processes, those of the slow lane included."""
        return self._supervisor.size

    async def start(self) -> None:
        """Start every worker; returns when each is up or has failed to start once."""
        self._open = True
        self._tending = [asyncio.create_task(self._tend(slot)) for slot in self._slots]
        for slot in self._slots:
            await slot.tried.wait()

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
        request = RenderRequest(
            tuple(originals), transform, asyncio.get_running_loop().create_future()
        )
        self._requests.add(request)
        try:
            if not self._sent_elsewhere(request):
                self._waiting.append(request)
                self._wake()
            return await request.answer
        finally:
            self._requests.discard(request)
            self.slow.leave(request)
            # Asked first: the error of a deque that lacks something holds the whole of it as text.
            if request in self._waiting:
                self._waiting.remove(request)

    async def close(self) -> None:
        """Kill every worker; whoever still waits for one gets Overloaded."""
        self._open = False
        self._fail_all("The server is shutting down.")
        await asyncio.gather(
            *map(cancel_and_wait, self._tending), *(p.close() for p in self._slots)
        )
        await self.slow.close()
        await self._supervisor.close()
        self.pixels.close()

    @property
    def _up(self) -> bool:
        return self._open and any(slot.up or not slot.failing for slot in self._slots)

    async def _tend(self, slot: WorkerSlot) -> None:
        """Keep a worker in `slot` and give it whatever waits longest, for ever."""
        while True:
            slot.wake.clear()
            worker = await slot.ready()
            if request := self._next():
                await self._serve(slot, worker, request)
            else:
                await slot.wake.wait()

    def _next(self) -> RenderRequest | None:
        while self._waiting:
            request = self._first()
            self._waiting.remove(request)
            if not self._sent_elsewhere(request):
                return request
        return None

    def _first(self) -> RenderRequest:
        """Who waits longest; but rather not for pixels that a render under way will leave behind.

        Of the 24 variants of a srcset at once, each size is so decoded and resized by one worker,
        and the other does not do the same beside it.
        """
        if len(self._waiting) > 1:
            busy = [slot.request for slot in self._slots if slot.busy]
            made = {request.pixels for request in busy if request}
            for request in self._waiting:
                if request.pixels not in made:
                    return request
        return self._waiting[0]

    def _sent_elsewhere(self, request: RenderRequest) -> bool:
        """Refuse what is blocked, move what is quarantined to the slow lane; whether it is gone."""
        if error := self._quarantine.refusal(request.originals, request.transform):
            request.fail(error)
        elif self._quarantine.holds(request.originals, request.transform):
            self.slow.take(request)
            return True
        return request.answer.done()

    async def _serve(self, slot: WorkerSlot, worker: Worker, request: RenderRequest) -> None:
        """Answer one request, or see it off to the slow lane."""
        attempt = asyncio.create_task(self._attempts.make(worker, request))
        attempt.add_done_callback(lambda _: slot.wake.set())
        slot.attempt, slot.request, slot.overdue = attempt, request, False
        self._on_busy("quick", self.busy)
        await self._done_or_in_the_way(slot, attempt)
        if not attempt.done():
            slot.detach()
            self.slow.move(worker, request, attempt)
        elif not attempt.result():
            self.slow.take(request)
        self._on_busy("quick", self.busy)

    async def _done_or_in_the_way(self, slot: WorkerSlot, attempt: "asyncio.Task[bool]") -> None:
        """Wait until it is over, or is overdue and others need its slot."""
        timer = asyncio.get_running_loop().call_later(self._threshold.seconds, slot.mark_overdue)
        while not attempt.done() and not (slot.overdue and self._is_short_of_slots()):
            slot.wake.clear()
            await slot.wake.wait()
        timer.cancel()

    def _is_short_of_slots(self) -> bool:
        return len(self._waiting) > sum(slot.free for slot in self._slots)

    def _wake(self) -> None:
        for slot in self._slots:
            slot.wake.set()

    def _failed(self) -> None:
        """A worker could not be started."""
        if not self._up:
            self._fail_all(NO_RENDERER)

    def _fail_all(self, message: str) -> None:
        for request in self._requests:
            request.fail(Overloaded(message))
