"""VariantCall: one look-up or fill of a variant, and what each who asked makes of its result."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from resizer.gateway.answer import Answer
from resizer.gateway.shared_tier import Budget
from resizer.gateway.singleflight import Call
from resizer.model.field import Overlay
from resizer.model.image import VariantId
from resizer.model.transform import Transform

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class VariantCall(Call[VariantId, T]):
    """What is asked for, and what that may cost yet."""

    transform: Transform
    preset: str | None = None
    overlays: tuple[Overlay, ...] = ()
    budget: Budget = field(default_factory=Budget)

    @property
    def key(self) -> str:
        return self.id[0]


AnyCall = VariantCall[Any]


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """What a call will bring to one who waits for it."""

    call: VariantCall[Answer]
    joined: bool
    """Somebody else's request began the call."""

    async def wait(self) -> Answer:
        """The answer. Raises the errors of `resizer.errors`, CacheUnavailable excepted.

        Whoever is cancelled here leaves the others, and the fill, undisturbed.
        """
        return self._mine(await self.call.wait())

    def result(self) -> Answer:
        """The same, once the call is done."""
        assert self.call.task is not None  # noqa: S101  (set when the call started)
        return self._mine(self.call.task.result())

    def add_done_callback(self, callback: Callable[["asyncio.Task[Answer]"], object]) -> None:
        """Have `callback` called with the task when it is done, however."""
        assert self.call.task is not None  # noqa: S101  (set when the call started)
        self.call.task.add_done_callback(callback)

    def _mine(self, answer: Answer) -> Answer:
        coalesced = answer.coalesced or self.joined
        flushed = answer.flushed or self.call.flushed
        return replace(answer, flushed=flushed, coalesced=coalesced)
