"""SingleFlight: one call for all who ask for the same at once, and which calls may be joined."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from resizer.aio.tasks import cancel_and_wait
from resizer.cache.coherence import Coherence
from resizer.model.flush import Flush

K = TypeVar("K")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Call(Generic[K, T]):
    """One piece of work that everybody who asks for the same waits for."""

    id: K
    """What was asked for."""
    started: float = field(default=0.0, init=False)
    task: asyncio.Task[T] | None = field(default=None, init=False)
    flushed: bool = field(default=False, init=False)
    """Its result may be older than a flush: for those who wait, and to be kept nowhere."""

    async def wait(self) -> T:
        """Its result. To cancel the wait does not cancel the call."""
        assert self.task is not None  # noqa: S101  (set when the call started)
        return await asyncio.shield(self.task)


C = TypeVar("C", bound=Call[Any, Any])


class SingleFlight(Generic[K, C]):
    """The calls under way, and by what they are for those of them that may be joined."""

    def __init__(self, coherence: Coherence, matches: Callable[[Flush, K], bool]) -> None:
        """`matches` says whether a flush means what a call is for."""
        self._coherence = coherence
        self._matches = matches
        self._joinable: dict[K, C] = {}
        self._all: dict[asyncio.Task[Any], C] = {}
        coherence.subscribe(self.forget)

    def find(self, id_: K) -> C | None:
        """The call that a request may join.

        One that began long ago may be older than a flush which this process, deaf, has not heard
        of. A young one may not: whoever flushes waits as long for a gateway that is alive.
        """
        call = self._joinable.get(id_)
        return call if call and self._coherence.trusts(call.started) else None

    def start(self, call: C, work: Callable[[C], Coroutine[Any, Any, Any]]) -> C:
        """Begin `work`; it may be joined until it ends, is flushed, or detached."""
        call.started = self._coherence.now()
        call.task = asyncio.create_task(work(call))
        self._joinable[call.id] = call
        self._all[call.task] = call
        call.task.add_done_callback(self._on_done)
        return call

    def detach(self, call: C) -> None:
        """Let nobody join it any more."""
        if self._joinable.get(call.id) is call:
            del self._joinable[call.id]

    def forget(self, flush: Flush) -> None:
        """Whatever is under way for what is flushed serves those who wait, and nobody else."""
        for call in self._all.values():
            if self._matches(flush, call.id):
                self.outdate(call)

    def outdate(self, call: C) -> None:
        """It may be older than a flush: it serves those who wait, and nobody else."""
        call.flushed = True
        self.detach(call)

    async def drain(self, seconds: float) -> None:
        """Wait for those under way, not longer than `seconds`, and cancel the rest."""
        if self._all:
            _, late = await asyncio.wait(self._all, timeout=seconds)
            await asyncio.gather(*map(cancel_and_wait, late))

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self.detach(self._all.pop(task))
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited has left
