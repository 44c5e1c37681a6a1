"""Batcher: the look-ups of one iteration of the event loop, sent in one round trip.

One round trip for many costs a process about half the CPU of one for each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from resizer.errors import CacheUnavailable

Q = TypeVar("Q")
A = TypeVar("A")
_LARGEST = 64
"""Look-ups in one round trip; more would make the first wait for the last one's bytes."""


class Batcher(Generic[Q, A]):
    """`await gather(question)` is one answer of `ask(questions)`.

    `ask` gives an answer or a CacheUnavailable for each question, in order, or raises
    CacheUnavailable for all of them. A caller that is cancelled disturbs no other.
    """

    def __init__(self, ask: Callable[[list[Q]], Awaitable[list[A | CacheUnavailable]]]) -> None:
        self._ask = ask
        self._pending: list[tuple[Q, asyncio.Future[A]]] = []
        self._batches: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> A:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._pending.append((question, answer))
        if len(self._pending) == 1:
            loop.call_soon(self._send)
        return await answer

    async def close(self) -> None:
        """Give up what is under way: its callers get CacheUnavailable."""
        for batch in self._batches:
            batch.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)

    def _send(self) -> None:
        pending = [(question, waiting) for question, waiting in self._pending if not waiting.done()]
        self._pending = []
        for start in range(0, len(pending), _LARGEST):
            batch = asyncio.create_task(self._answer(pending[start : start + _LARGEST]))
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)

    async def _answer(self, batch: list[tuple[Q, "asyncio.Future[A]"]]) -> None:
        answers: list[A | CacheUnavailable] = [CacheUnavailable("The look-up was given up.")]
        answers *= len(batch)
        try:
            answers = await self._ask([question for question, _ in batch])
        except CacheUnavailable as error:
            answers = [error] * len(batch)
        finally:
            for (_, waiting), answer in zip(batch, answers, strict=True):
                _settle(waiting, answer)


def _settle(waiting: "asyncio.Future[A]", answer: A | CacheUnavailable) -> None:
    if waiting.done():
        return
    if isinstance(answer, CacheUnavailable):
        # One exception a caller: each adds its own traceback to it.
        waiting.set_exception(CacheUnavailable(*answer.args))
    else:
        waiting.set_result(answer)
