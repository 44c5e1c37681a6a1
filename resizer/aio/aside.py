"""Aside: work on many bytes at once, kept out of the way of the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

LONG = 1024 * 1024
"""Bytes: to read as many takes a fifth of a millisecond, to digest them one."""
P = ParamSpec("P")
T = TypeVar("T")


async def aside(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns; called in a thread where it is about more than `LONG` bytes."""
    if size <= LONG:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
