"""The pool of workers: whose turn it is, and who has to make room for others.

The quick lane has a place for each worker, and all places take from one queue, first come first
served, but for those whose pixels another worker is about to have. A render that has lost patience
with it goes on in the slow lane, on half of the cores, as soon as somebody waits; what was slow
before, or has cost a worker, goes there straight away.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from resizer.aio.tasks import cancel_and_wait
from resizer.errors import Overloaded, UnprocessableSource
from resizer.model.image import Original, Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.attempt import Attempts, RenderRequest
from resizer.render.host.pixel_cache import PixelCache
from resizer.render.host.quarantine import PATIENCE, Quarantine, SlowThreshold
from resizer.render.host.slow_lane import NO_RENDERER, SlowLane
from resizer.render.host.spawn import COMMAND
from resizer.render.host.supervisor import Supervisor
from resizer.render.host.worker_process import Worker
from resizer.render.host.worker_slot import WorkerSlot
from resizer.render.protocol.messages import Resampling

_LONGEST_PATIENCE = 0.25
"""Of the time that a render may take."""


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
        patience: float = PATIENCE,
        command: Sequence[str] = COMMAND,
        on_death: Callable[[str], None] = lambda reason: None,
        on_warning: Callable[[str], None] = lambda text: None,
        on_slow: Callable[[int], None] = lambda by: None,
        on_busy: Callable[[str, int], None] = lambda lane, workers: None,
    ) -> None:
        """`count` workers in the quick lane, each replaced after `recycle_after` renders, and half
        as many in the slow lane when needed. `pixel_bytes` are kept of stages for other renders. A
        render that takes `patience` seconds may be slow.

        `on_death` is told the reason (`crash`, `timeout`, `lie`, `stopped`, `recycled`) of every
        worker's end but those of `close`; `on_warning` gets text for the operator: what of the
        sandbox is missing, once each, and how workers ended. `on_slow` is told 1 when a request
        comes to the slow lane and -1 when it is answered, `on_busy` a lane's workers at work.
        """
        self._crew = Supervisor(limits, command, on_death, on_warning)
        self._pace = SlowThreshold(
            patience, max(patience, _LONGEST_PATIENCE * limits.render_seconds)
        )
        self._suspects = Quarantine()
        self.pixels = PixelCache(pixel_bytes, limits.max_variant_bytes)
        self._attempts = Attempts(
            limits, resampling, self._pace, self._suspects, self.pixels, on_warning
        )
        self.slow = SlowLane(
            max(1, count // 2),
            self._crew,
            self._attempts,
            self._suspects,
            on_slow=on_slow,
            on_busy=on_busy,
        )
        self._places = [WorkerSlot(self._crew, recycle_after, self._failed) for _ in range(count)]
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
        return sum(place.busy for place in self._places)

    @property
    def workers(self) -> int:
        """Worker processes, those of the slow lane included."""
        return self._crew.size

    async def start(self) -> None:
        """Start every worker; returns when each is up or has failed to start once."""
        self._open = True
        self._tending = [asyncio.create_task(self._tend(place)) for place in self._places]
        for place in self._places:
            await place.tried.wait()

    async def check(self) -> None:
        """Raises Overloaded when no worker is up and none can be started."""
        if not self._up:
            raise Overloaded(NO_RENDERER)

    async def render(self, original: Original, transform: Transform) -> Rendered:
        """What `transform` makes of `original`, which must stay open until this returns.

        Raises UnprocessableSource, RenderTimeout, and Overloaded while no worker can be started or
        too many slow renders wait. A caller that is cancelled leaves its worker to finish.
        """
        await self.check()
        request = RenderRequest(original, transform, asyncio.get_running_loop().create_future())
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
            *map(cancel_and_wait, self._tending), *(p.close() for p in self._places)
        )
        await self.slow.close()
        await self._crew.close()
        self.pixels.close()

    @property
    def _up(self) -> bool:
        return self._open and any(place.up or not place.failing for place in self._places)

    async def _tend(self, place: WorkerSlot) -> None:
        """Keep a worker in `place` and give it whatever waits longest, for ever."""
        while True:
            place.wake.clear()
            worker = await place.ready()
            if request := self._next():
                await self._serve(place, worker, request)
            else:
                await place.wake.wait()

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
            busy = [place.request for place in self._places if place.busy]
            made = {request.pixels for request in busy if request}
            for request in self._waiting:
                if request.pixels not in made:
                    return request
        return self._waiting[0]

    def _sent_elsewhere(self, request: RenderRequest) -> bool:
        """Refuse what is condemned, move a suspect to the slow lane; whether it is gone."""
        try:
            if self._suspects.is_suspect(request.original, request.transform):
                self.slow.take(request)
                return True
        except UnprocessableSource as error:
            request.fail(error)
        return request.answer.done()

    async def _serve(self, place: WorkerSlot, worker: Worker, request: RenderRequest) -> None:
        """Answer one request, or see it off to the slow lane."""
        attempt = asyncio.create_task(self._attempts.make(worker, request))
        attempt.add_done_callback(lambda _: place.wake.set())
        place.attempt, place.request, place.overdue = attempt, request, False
        self._on_busy("quick", self.busy)
        await self._done_or_in_the_way(place, attempt)
        if not attempt.done():
            place.let_go()
            self.slow.move(worker, request, attempt)
        elif not attempt.result():
            self.slow.take(request)
        self._on_busy("quick", self.busy)

    async def _done_or_in_the_way(self, place: WorkerSlot, attempt: "asyncio.Task[bool]") -> None:
        """Wait until it is over, or has run out of patience and others need its place."""
        patience = asyncio.get_running_loop().call_later(self._pace.patience, place.lose_patience)
        while not attempt.done() and not (place.overdue and self._is_short_of_places()):
            place.wake.clear()
            await place.wake.wait()
        patience.cancel()

    def _is_short_of_places(self) -> bool:
        return len(self._waiting) > sum(place.free for place in self._places)

    def _wake(self) -> None:
        for place in self._places:
            place.wake.set()

    def _failed(self) -> None:
        """A worker could not be started."""
        if not self._up:
            self._fail_all(NO_RENDERER)

    def _fail_all(self, message: str) -> None:
        for request in self._requests:
            request.fail(Overloaded(message))
