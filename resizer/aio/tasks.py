"""Tasks beside a request: in the background until the process ends, or off the loop in a thread."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

_AGAIN_SECONDS = 0.5


class BackgroundTasks:
    """Tasks that nobody waits for. Each has to catch what may go wrong in it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin `work`; the loop alone would not keep it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self, seconds: float = 0.0) -> None:
        """Wait for what is under way, not longer than `seconds`, and cancel the rest."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            await asyncio.gather(*map(cancel_and_wait, late))


async def cancel_and_wait(task: "asyncio.Task[Any]") -> None:
    """Cancel `task` until it is done.

    Once is not always enough: asyncio.wait_for, which redis-py sends with, loses a cancellation
    that comes as its work is done (CPython before 3.12, gh-86296).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_SECONDS)


LONG = 1024 * 1024
"""Bytes: to read as many takes a fifth of a millisecond, to digest them one."""
P = ParamSpec("P")
T = TypeVar("T")


async def offload(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns; called in a thread where it is about more than `LONG` bytes."""
    if size <= LONG:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
