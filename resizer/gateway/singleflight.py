"""SingleFlight: the look-ups and fills under way in this process, and who may wait for them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from resizer.aio.tasks import cancel_and_wait
from resizer.cache.coherence import Hearing
from resizer.model.flush import Flush
from resizer.model.transform import Transform

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Call(Generic[T]):
    """One piece of work for one variant that everybody who asks for it waits for."""

    key: str
    field: str
    transform: Transform
    preset: str | None = None
    started: float = 0.0
    task: asyncio.Task[T] | None = None
    flushed: bool = False
    """The original was flushed meanwhile: answer those who wait, keep nothing."""
    waited: float = 0.0
    """Seconds spent on the tier that gateways share."""
    shared_failed: bool = False
    """It failed once, or took too long: it is not asked again."""

    @property
    def place(self) -> tuple[str, str]:
        return self.key, self.field

    async def landing(self) -> T:
        """Wait without owning: cancelling the wait does not cancel the flight."""
        assert self.task is not None  # noqa: S101  (set when the flight started)
        return await asyncio.shield(self.task)

    def tell(self, told: Callable[[asyncio.Task[T]], object]) -> None:
        """Call `told` when it has landed, however."""
        assert self.task is not None  # noqa: S101  (set when the flight started)
        self.task.add_done_callback(told)


AnyCall = Call[Any]


class SingleFlight(Generic[T]):
    """Those that may be joined, by variant, and all that are under way."""

    def __init__(self, hears: Hearing) -> None:
        self._hears = hears
        self._joinable: dict[tuple[str, str], Call[T]] = {}
        self._all: dict[asyncio.Task[T], Call[T]] = {}

    def find(self, key: str, field: str) -> Call[T] | None:
        """The flight that a request may join.

        One that began long ago may be older than a flush which this process, deaf, has not heard
        of. A young one may not: whoever flushes waits as long for a gateway that is alive.
        """
        flight = self._joinable.get((key, field))
        return flight if flight and self._hears.covers(flight.started) else None

    def start(self, flight: Call[T], work: Callable[[Call[T]], Coroutine[Any, Any, T]]) -> Call[T]:
        """Begin `work`; it may be joined until it ends or is flushed."""
        flight.started = self._hears.now()
        flight.task = asyncio.create_task(work(flight))
        self._joinable[flight.place] = flight
        self._all[flight.task] = flight
        flight.task.add_done_callback(self._land)
        return flight

    def flush(self, flush: Flush) -> None:
        """Whatever is under way for what is flushed serves those who wait, and nobody else."""
        for flight in self._all.values():
            if flush.matches(*flight.place):
                flight.flushed = True
                self._part(flight)

    async def drain(self, seconds: float) -> None:
        """Wait for those under way, not longer than `seconds`, and cancel the rest."""
        if self._all:
            _, late = await asyncio.wait(self._all, timeout=seconds)
            await asyncio.gather(*map(cancel_and_wait, late))

    def _land(self, task: asyncio.Task[T]) -> None:
        self._part(self._all.pop(task))
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited has left

    def _part(self, flight: Call[T]) -> None:
        if self._joinable.get(flight.place) is flight:
            del self._joinable[flight.place]
