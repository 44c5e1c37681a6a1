"""The schedule of a pool: who waits, who is rendered where, and what is to be done next.

Here it is decided, and nowhere else. `decide` starts, asks and ends no process: it puts requests
into slots and queues and returns what whoever owns the processes has to do about that.

The quick lane takes requests first come, first served. A render that turns out slow goes on in the
slow lane as soon as somebody waits for its worker. What was slow before goes there straight away,
unless a worker of the quick lane is idle: then it is a guest there until somebody else comes. What
has cost a worker, and what was made to give way, gets a worker of its own in the slow lane.
"""

from collections import deque
from collections.abc import Iterator

from resizer.errors import Overloaded
from resizer.model.limits import Limits
from resizer.render.host import decisions
from resizer.render.host.decisions import Decision, WorkerSlot
from resizer.render.host.quarantine import Quarantine
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.slow_queue import SlowQueue
from resizer.render.host.worker_process import Worker, WorkerEnd

FULL = "Too many slow renders are waiting; try again in a moment."
_PAUSE_AFTER_IDLE_DEATH = 1.0
"""Seconds until a worker that ended before its first job is replaced."""


class Schedule:
    """Plain data, and the one function that moves it on: `decide`, after whatever happened."""

    def __init__(
        self, count: int, limits: Limits, recycle_after: int, quarantine: Quarantine
    ) -> None:
        """`count` slots in the quick lane; half as many renders at a time in the slow lane.

        A worker is worn after `recycle_after` renders. A quarter of `limits.max_queue` may wait for
        the slow lane, each for `limits.render_seconds` at most.
        """
        self.slots = [WorkerSlot() for _ in range(count)]
        self.arrived: deque[RenderRequest] = deque()
        """Nothing is decided about them yet."""
        self.waiting: dict[RenderRequest, None] = {}
        """For the quick lane, in the order in which they came."""
        max_waiting = max(1, limits.max_queue // 4)
        self.slow_queue = SlowQueue(quarantine, max_waiting, limits.render_seconds)
        self.slow: set[RenderRequest] = set()
        """In the slow lane, each with a worker of its own."""
        self.slow_capacity = max(1, count // 2)
        self._quarantine = quarantine
        self._recycle_after = recycle_after
        self._decisions: list[Decision] = []
        self._queued: list[RenderRequest] = []
        self._now = 0.0

    @property
    def busy(self) -> int:
        """Workers of the quick lane at work."""
        return sum(slot.request is not None for slot in self.slots)

    @property
    def requests(self) -> Iterator[RenderRequest]:
        """All of them, each once."""
        yield from (*self.arrived, *self.waiting, *self.slow_queue, *self.slow)
        yield from (slot.request for slot in self.slots if slot.request)

    # What happened:

    def cancel(self, request: RenderRequest) -> None:
        """Nobody waits for it any more. If it is being rendered, that goes on."""
        self.waiting.pop(request, None)
        self.slow_queue.discard(request)
        if request in self.arrived:
            self.arrived.remove(request)

    def ended(self, request: RenderRequest) -> None:
        """Its render is over, and its worker free."""
        self.slow.discard(request)
        for slot in self.slots:
            if slot.request is request:
                slot.request = None

    def started(self, slot: WorkerSlot, worker: Worker) -> None:
        slot.starting = False
        if slot.worker:
            slot.successor = worker
        else:
            slot.worker = worker

    def died(self, worker: Worker) -> None:
        for slot in self.slots:
            if slot.worker is worker:
                slot.worker = None
                slot.pause = 0.0 if worker.jobs_started else _PAUSE_AFTER_IDLE_DEATH
            if slot.successor is worker:
                slot.successor = None

    # What is to be done:

    def decide(self, now: float) -> list[Decision]:
        """All that is to be done, in this order; it counts as done from here on.

        `now` is a monotonic time in seconds.
        """
        self._now, self._decisions, self._queued = now, [], []
        self._route()
        self._replace_worn()
        self._assign()
        self._make_way()
        self._invite()
        self._admit()
        self._refuse_slow()
        self._start_missing()
        return self._decisions

    def _route(self) -> None:
        while self.arrived:
            request = self.arrived.popleft()
            if self._is_for_quick(request):
                self.waiting[request] = None

    def _replace_worn(self) -> None:
        for slot in self.slots:
            if slot.successor and not slot.request:
                worn, slot.worker, slot.successor = slot.worker, slot.successor, None
                if worn:
                    self._decisions.append(decisions.Kill(worn, WorkerEnd.RECYCLED))

    def _assign(self) -> None:
        for slot in self.slots:
            while self.waiting and slot.is_idle:
                request = self._first()
                del self.waiting[request]
                if self._is_for_quick(request):
                    self._give(slot, request)

    def _first(self) -> RenderRequest:
        """Who waits longest; but rather not for pixels that a render under way will leave behind.

        Of the 24 variants of a srcset at once, each size is so decoded and resized by one worker,
        and the other does not do the same beside it.
        """
        if len(self.waiting) > 1:
            made = {slot.request.pixels for slot in self.slots if slot.request}
            for request in self.waiting:
                if request.pixels not in made:
                    return request
        return next(iter(self.waiting))

    def _make_way(self) -> None:
        """Slow renders and guests leave the quick lane, no more of them than there are waiting."""
        needed = len(self.waiting) - sum(slot.will_be_idle for slot in self.slots)
        for slot in [slot for slot in self.slots if slot.gives_way][: max(0, needed)]:
            self._drive_out(slot)
        self._assign()

    def _drive_out(self, slot: WorkerSlot) -> None:
        worker, request = slot.worker, slot.request
        assert worker and request  # noqa: S101, PT018  (it is what `gives_way` means)
        slot.worker, slot.successor, slot.request = slot.successor, None, None
        if slot.overdue:
            self._quarantine.add(request.originals, request.transform)
            request.counted = True
        if len(self.slow) < self.slow_capacity:
            self._decisions.append(decisions.SlowDown(worker))
            self._enter_slow(request)
            return
        request.alone = True
        self._decisions.append(decisions.Kill(worker, WorkerEnd.STOPPED))
        self._queue_slow(request)

    def _invite(self) -> None:
        """Where nobody else waits, an idle worker takes who is in quarantine for the first time."""
        idle = [slot for slot in self.slots if slot.is_idle]
        for request in self.slow_queue.guests() if idle else ():
            if idle and self._still_waits(request):
                self._give(idle.pop(), request, guest=True)

    def _admit(self) -> None:
        while self.slow_queue and len(self.slow) < self.slow_capacity:
            request = self.slow_queue.next()
            if self._still_waits(request):
                self._enter_slow(request)
                self._decisions.append(decisions.RenderAlone(request))

    def _refuse_slow(self) -> None:
        for request in self.slow_queue.take_surplus(self._now):
            self._decisions.append(decisions.Refuse(request, Overloaded(FULL)))
        for request in self._queued:
            if request in self.slow_queue:
                self._count_slow(request)

    def _start_missing(self) -> None:
        for slot in self.slots:
            if not (slot.starting or slot.successor) and self._lacks_worker(slot):
                slot.starting = True
                self._decisions.append(decisions.Start(slot, slot.pause))
                slot.pause = 0.0

    # Of one request, or one slot:

    def _is_for_quick(self, request: RenderRequest) -> bool:
        """Refuse what is blocked, send what may be slow to the slow lane; whether it is neither."""
        if self._is_refused(request):
            return False
        held = self._quarantine.holds(request.originals, request.transform)
        if request.alone or held:
            self._queue_slow(request)
        return not (request.alone or held)

    def _still_waits(self, request: RenderRequest) -> bool:
        """Take it out of the slow lane's queue; whether it is to be rendered yet."""
        self.slow_queue.discard(request)
        return not self._is_refused(request)

    def _is_refused(self, request: RenderRequest) -> bool:
        """Refuse what is blocked by now; whether it is answered."""
        error = self._quarantine.refusal(request.originals, request.transform)
        if error:
            self._decisions.append(decisions.Refuse(request, error))
        return error is not None or request.answer.done()

    def _give(self, slot: WorkerSlot, request: RenderRequest, *, guest: bool = False) -> None:
        assert slot.worker  # noqa: S101  (it is idle)
        slot.request, slot.overdue, slot.guest = request, False, guest
        self._decisions.append(decisions.Render(slot, slot.worker, request))

    def _queue_slow(self, request: RenderRequest) -> None:
        if not request.answer.done():
            self.slow_queue.add(request, self._now)
            self._queued.append(request)

    def _enter_slow(self, request: RenderRequest) -> None:
        self.slow.add(request)
        self._count_slow(request)

    def _count_slow(self, request: RenderRequest) -> None:
        if not request.slow:
            request.slow = True
            self._decisions.append(decisions.Slowed(request))

    def _lacks_worker(self, slot: WorkerSlot) -> bool:
        """It has none, or one that is worn and has no job."""
        worn = slot.is_idle and slot.worker and slot.worker.jobs_started >= self._recycle_after
        return slot.worker is None or bool(worn)
