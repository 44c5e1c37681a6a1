"""A schedule without processes: what it decides is done by hand, and looked at."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from resizer.model.image import Original
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.decisions import (
    Decision,
    Kill,
    Refuse,
    Render,
    RenderAlone,
    SlowDown,
    Slowed,
    Start,
    WorkerSlot,
)
from resizer.render.host.quarantine import Quarantine
from resizer.render.host.render_request import RenderRequest
from resizer.render.host.schedule import Schedule
from resizer.render.host.worker_process import Worker
from tests.support.clock import Clock

LIGHT = Transform(width=10)
SECONDS = 30.0
"""That a request may wait for the slow lane."""


class NoProcess(Worker):
    def __init__(self, jobs: int = 0) -> None:
        self.jobs_started = jobs


class Play:
    """A pool whose workers do nothing until they are told that they are done."""

    def __init__(self, count: int, max_queue: int, recycle_after: int) -> None:
        self.clock = Clock()
        self.quarantine = Quarantine(self.clock)
        limits = Limits(max_queue=max_queue, render_seconds=SECONDS)
        self.schedule = Schedule(count, limits, recycle_after, self.quarantine)
        self.loop = asyncio.new_event_loop()
        self.refused: list[RenderRequest] = []
        self.rendering: dict[RenderRequest, Worker | None] = {}
        """On a worker of the quick lane, or on one of their own."""
        self.starting: list[WorkerSlot] = []
        self.slowed: list[RenderRequest] = []
        self.busy_before: set[RenderRequest] = set()
        """On a worker of the quick lane when the last decision was made."""
        self._originals: dict[str, Original] = {}

    def request(self, etag: str = "a", transform: Transform = LIGHT) -> RenderRequest:
        """One that has not come yet."""
        new = Original(0, 10, etag, datetime.now(UTC), 0.0)
        original = self._originals.setdefault(etag, new)
        return RenderRequest([original], transform, self.loop.create_future())

    def come(self, *requests: RenderRequest) -> list[Decision]:
        self.schedule.arrived.extend(requests)
        return self.decide()

    def start(self) -> None:
        """Whatever is being started is up."""
        for slot in self.starting:
            self.schedule.started(slot, NoProcess())
        self.starting = []
        self.decide()

    def end(self, request: RenderRequest) -> list[Decision]:
        """Its render succeeds."""
        worker = self.rendering.pop(request)
        if worker:
            worker.jobs_started += 1
        self.schedule.ended(request)
        return self.decide()

    def crash(self, request: RenderRequest) -> list[Decision]:
        """Its worker dies, for the first time."""
        worker = self.rendering.pop(request)
        assert worker
        self.schedule.died(worker)
        self.schedule.ended(request)
        request.crashed = request.alone = True
        return self.come(request)

    def overdue(self, request: RenderRequest) -> list[Decision]:
        for slot in self.schedule.slots:
            slot.overdue |= slot.request is request
        return self.decide()

    def decide(self) -> list[Decision]:
        self.busy_before = {slot.request for slot in self.schedule.slots if slot.request}
        decisions = self.schedule.decide(self.clock.now)
        for decision in decisions:
            self._do(decision)
        return decisions

    def _do(self, decision: Decision) -> None:
        match decision:
            case Refuse(request, error):
                assert request not in self.rendering
                assert not request.answer.done()
                request.fail(error)
                request.answer.exception()
                self.refused.append(request)
            case Render(slot, worker, request):
                assert slot.worker is worker
                assert worker not in self.rendering.values(), "a worker has one job"
                self._begin(request, worker)
            case RenderAlone(request):
                self._begin(request, None)
            case SlowDown(worker):
                assert worker in self.rendering.values()
            case Kill(worker, _):
                self.rendering = {r: w for r, w in self.rendering.items() if w is not worker}
            case Start(slot):
                assert slot not in self.starting
                self.starting.append(slot)
            case Slowed(request):
                assert request not in self.slowed
                self.slowed.append(request)

    def _begin(self, request: RenderRequest, worker: Worker | None) -> None:
        assert request not in self.rendering, "nobody is rendered twice at a time"
        assert not request.answer.done()
        self.rendering[request] = worker


@contextmanager
def playing(count: int = 1, max_queue: int = 100, recycle_after: int = 100) -> Iterator[Play]:
    """With all workers up."""
    play = Play(count, max_queue, recycle_after)
    play.decide()
    play.start()
    try:
        yield play
    finally:
        play.loop.close()
