"""The pool of workers: whose turn it is, and what a death costs.

A place in the pool holds one worker at a time, and all places take from one queue, first come
first served. A worker that crashes costs its original one retry on a fresh worker; one that takes
too long is killed; one that is worn goes on until its successor is ready.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from resizer.errors import Overloaded, RenderTimeout, ResizerError, UnprocessableSource
from resizer.image import Original, Rendered
from resizer.limits import Limits
from resizer.render.job import Job, Resampling
from resizer.render.process import COMMAND, End, RenderFailed, Worker, WorkerDied
from resizer.transform import Transform

NO_RENDERER = "No renderer is up; try again in a moment."
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts to start a worker; then the longest one again and again."""
_PAUSE_AFTER_IDLE_DEATH = 1.0
"""Seconds until a worker that ended before it was given anything is replaced."""

Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class Request:
    """One render that somebody waits for."""

    transform: Transform
    source: int
    answer: asyncio.Future[Rendered]

    def succeed(self, rendered: Rendered) -> None:
        if not self.answer.done():
            self.answer.set_result(rendered)

    def fail(self, error: ResizerError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True, eq=False)
class Place:
    """Room for one worker."""

    worker: Worker | None = None
    successor: asyncio.Task[Worker] | None = None
    busy: bool = False
    failing: bool = False
    """The last attempt to start a worker failed."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """The first attempt to start a worker is over."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Something happened: a request came, the worker died, its successor is ready."""

    @property
    def up(self) -> bool:
        return self.worker is not None and self.worker.end is None


class Pool:
    """Renders in other processes. Belongs to one event loop, in the main thread."""

    def __init__(
        self,
        count: int,
        limits: Limits,
        *,
        resampling: Resampling = Resampling.LINEAR,
        recycle_after: int = 1000,
        command: Sequence[str] = COMMAND,
        on_death: Callable[[str], None] = lambda reason: None,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`count` workers, each replaced after `recycle_after` renders.

        `on_death` is told the reason (`crash`, `timeout`, `lie`, `recycled`) of every worker's end
        but those of `close`; `on_warning` gets text for the operator: what of the sandbox is
        missing, once each, and how workers ended.
        """
        self._limits = limits
        self._resampling = resampling
        self._recycle_after = recycle_after
        self._command = command
        self._on_death = on_death
        self._on_warning = on_warning
        self._places = [Place() for _ in range(count)]
        self._waiting: deque[Request] = deque()
        self._requests: set[Request] = set()
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._sequence = itertools.count(1)
        self._warned: set[str] = set()
        self._open = False

    @property
    def waiting(self) -> int:
        """Requests that no worker has taken yet."""
        return len(self._waiting)

    @property
    def _up(self) -> bool:
        return self._open and any(place.up or not place.failing for place in self._places)

    @property
    def busy(self) -> int:
        """Workers at work."""
        return sum(place.busy for place in self._places)

    async def start(self) -> None:
        """Start every worker; returns when each is up or has failed to start once."""
        self._open = True
        for place in self._places:
            _in_background(self._tasks, self._tend(place))
        for place in self._places:
            await place.tried.wait()

    async def check(self) -> None:
        """Raises Overloaded when no worker is up and none can be started."""
        if not self._up:
            raise Overloaded(NO_RENDERER)

    async def render(self, original: Original, transform: Transform) -> Rendered:
        """What `transform` makes of `original`, which must stay open until this returns.

        Raises UnprocessableSource, RenderTimeout, and Overloaded while no worker can be started.
        A caller that is cancelled leaves its worker to finish.
        """
        await self.check()
        request = Request(transform, original.fd, asyncio.get_running_loop().create_future())
        self._requests.add(request)
        self._waiting.append(request)
        for place in self._places:
            place.wake.set()
        try:
            return await request.answer
        finally:
            self._requests.discard(request)
            with suppress(ValueError):
                self._waiting.remove(request)

    async def close(self) -> None:
        """Kill every worker; whoever still waits for one gets Overloaded."""
        self._open = False
        self._fail_all("The server is shutting down.")
        for task in self._tasks:
            task.cancel()
        for worker in list(self._workers):
            worker.kill(End.CLOSED)
        await asyncio.gather(*self._tasks, *self._burials, return_exceptions=True)

    async def _tend(self, place: Place) -> None:
        """Keep a worker in `place` and give it whatever waits longest, for ever."""
        while True:
            place.wake.clear()
            worker = await self._worker(place)
            if not self._waiting:
                await place.wake.wait()
                continue
            place.busy = True
            await self._serve(place, worker, self._waiting.popleft())
            place.busy = False

    async def _worker(self, place: Place) -> Worker:
        """The worker whose turn it is in `place`, replaced when it is dead or worn."""
        if place.worker is None or place.worker.end:
            if place.worker and not place.worker.given:
                await asyncio.sleep(_PAUSE_AFTER_IDLE_DEATH)
            place.worker = await (place.successor or self._fresh(place))
            place.successor = None
        elif place.successor and place.successor.done():
            place.worker.kill(End.RECYCLED)
            place.worker, place.successor = place.successor.result(), None
        elif not place.successor and place.worker.given >= self._recycle_after:
            place.successor = _in_background(self._tasks, self._fresh(place))
            place.successor.add_done_callback(lambda _: place.wake.set())
        return place.worker

    async def _serve(self, place: Place, worker: Worker, request: Request) -> None:
        """Answer one request. Whatever happens costs that request and never the place."""
        try:
            try:
                request.succeed(await self._attempt(worker, request))
            except WorkerDied:
                request.succeed(await self._retry(place, request))
        except ResizerError as error:
            request.fail(error)
        except Exception as error:
            self._on_warning(f"a render could not be given to its worker: {error!r}")
            request.fail(ResizerError("The image could not be rendered."))

    async def _retry(self, place: Place, request: Request) -> Rendered:
        """The second and last attempt, on a worker that has done nothing else."""
        try:
            place.worker = await self._start(place)
        except (OSError, WorkerDied):
            raise Overloaded(NO_RENDERER) from None
        try:
            return await self._attempt(place.worker, request)
        except WorkerDied:
            raise UnprocessableSource(
                "Rendering the original crashed twice: it is corrupt, or needs more memory than"
                f" {self._limits.render_memory_mb} MiB.",
                reason="its workers died",
            ) from None

    async def _attempt(self, worker: Worker, request: Request) -> Rendered:
        """Raises WorkerDied when the worker crashed or lied."""
        if request.answer.done():
            # Its descriptor may be closed, and its number another file's by now.
            raise ResizerError("Nobody waits for this render any more.")
        job = Job(next(self._sequence), request.transform, self._limits, self._resampling)
        try:
            return await worker.render(job, request.source)
        except RenderFailed as failure:
            self._on_warning(f"a render failed: {failure}")
            raise UnprocessableSource("The original cannot be rendered.") from None
        except WorkerDied as death:
            if death.end is End.TIMEOUT:
                reason = f"killed after {self._limits.render_seconds:g} s"
                raise RenderTimeout(
                    f"The original takes longer than {self._limits.render_seconds:g} s to render.",
                    reason=reason,
                ) from None
            raise

    async def _fresh(self, place: Place) -> Worker:
        """A worker that is ready, however many attempts it takes."""
        pauses = itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
        while True:
            # Whatever it was: a place that gave up would leave its requests waiting for ever.
            with suppress(Exception):
                return await self._start(place)
            await asyncio.sleep(next(pauses))

    async def _start(self, place: Place) -> Worker:
        """One attempt to start a worker for `place`. Raises OSError and WorkerDied.

        Whatever kept it from starting is told to the operator here.
        """
        try:
            worker = Worker(self._command)
            self._workers.add(worker)
            worker.on_death = lambda: self._died(place, worker)
            problems = await worker.hello(self._limits)
        except Exception as error:
            self._did_not_start(place, error)
            raise
        finally:
            place.tried.set()
        place.failing = False
        for problem in set(problems) - self._warned:
            self._warned.add(problem)
            self._on_warning(f"sandbox: {problem}")
        return worker

    def _did_not_start(self, place: Place, error: Exception) -> None:
        place.failing = True
        self._on_warning(f"a render worker does not start: {error}")
        if not self._up:
            self._fail_all(NO_RENDERER)

    def _died(self, place: Place, worker: Worker) -> None:
        self._workers.discard(worker)
        _in_background(self._burials, self._bury(worker))
        place.wake.set()
        if worker.end and worker.end is not End.CLOSED:
            self._on_death(worker.end)

    async def _bury(self, worker: Worker) -> None:
        account = await worker.bury()
        if worker.end not in (End.CLOSED, End.RECYCLED):
            self._on_warning(f"a render worker ended: {account}")

    def _fail_all(self, message: str) -> None:
        for request in self._requests:
            request.fail(Overloaded(message))


def _in_background(
    tasks: set[asyncio.Task[Result]], work: Coroutine[Any, Any, Result]
) -> asyncio.Task[Result]:
    """Start `work`, kept in `tasks` while it lasts: the loop alone would not keep it."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
