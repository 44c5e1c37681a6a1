"""SingleFlight: one call for all who ask for the same at once, and which calls may be joined."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from resizer.aio.tasks import cancel_and_wait
from resizer.cache.coherence import Coherence
from resizer.gateway.shared_tier import Budget
from resizer.model.flush import Flush
from resizer.model.image import VariantId
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
    budget: Budget = dataclasses.field(default_factory=Budget)

    @property
    def variant_id(self) -> VariantId:
        return self.key, self.field

    async def wait(self) -> T:
        """Its result. To cancel the wait does not cancel the call."""
        assert self.task is not None  # noqa: S101  (set when the call started)
        return await asyncio.shield(self.task)

    def add_done_callback(self, callback: Callable[[asyncio.Task[T]], object]) -> None:
        """Have `callback` called with the task when it is done, however."""
        assert self.task is not None  # noqa: S101  (set when the call started)
        self.task.add_done_callback(callback)


AnyCall = Call[Any]


class SingleFlight(Generic[T]):
    """The calls under way, and by variant those of them that may be joined."""

    def __init__(self, coherence: Coherence) -> None:
        self._coherence = coherence
        self._joinable: dict[VariantId, Call[T]] = {}
        self._all: dict[asyncio.Task[T], Call[T]] = {}
        coherence.subscribe(self.flush)

    def find(self, key: str, field: str) -> Call[T] | None:
        """The call that a request may join.

        One that began long ago may be older than a flush which this process, deaf, has not heard
        of. A young one may not: whoever flushes waits as long for a gateway that is alive.
        """
        call = self._joinable.get((key, field))
        return call if call and self._coherence.trusts(call.started) else None

    def start(self, call: Call[T], work: Callable[[Call[T]], Coroutine[Any, Any, T]]) -> Call[T]:
        """Begin `work`; it may be joined until it ends or is flushed."""
        call.started = self._coherence.now()
        call.task = asyncio.create_task(work(call))
        self._joinable[call.variant_id] = call
        self._all[call.task] = call
        call.task.add_done_callback(self._on_done)
        return call

    def flush(self, flush: Flush) -> None:
        """Whatever is under way for what is flushed serves those who wait, and nobody else."""
        for call in self._all.values():
            if flush.matches(*call.variant_id):
                call.flushed = True
                self._detach(call)

    async def drain(self, seconds: float) -> None:
        """Wait for those under way, not longer than `seconds`, and cancel the rest."""
        if self._all:
            _, late = await asyncio.wait(self._all, timeout=seconds)
            await asyncio.gather(*map(cancel_and_wait, late))

    def _on_done(self, task: asyncio.Task[T]) -> None:
        self._detach(self._all.pop(task))
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited has left

    def _detach(self, call: Call[T]) -> None:
        if self._joinable.get(call.variant_id) is call:
            del self._joinable[call.variant_id]
