"""A pool of puppet workers, and what the tests do with it."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from resizer.errors import ResizerError
from resizer.model.image import Original, Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from tests.support.deadlines import MAX_WAIT
from tests.support.puppet_worker import COMMAND, PNG

_TAGS = itertools.count(1)
LIMITS = Limits(render_memory_mb=256, max_output_side=500)


@dataclass
class Diary:
    """What a pool told: deaths by reason, warnings, and an event for the next death."""

    deaths: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    died: asyncio.Event = field(default_factory=asyncio.Event)

    def death(self, reason: str) -> None:
        self.deaths.append(reason)
        self.died.set()


@asynccontextmanager
async def running(
    count: int = 1, limits: Limits = LIMITS, **options: Any
) -> AsyncIterator[tuple[Pool, Diary]]:
    diary = Diary()
    pool = Pool(
        count,
        limits,
        on_death=diary.death,
        on_warning=diary.warnings.append,
        **({"command": COMMAND} | options),
    )
    await pool.start()
    try:
        async with asyncio.timeout(MAX_WAIT):
            yield pool, diary
    finally:
        await pool.close()


def original(order: str | bytes) -> Original:
    memory = os.memfd_create("original")
    os.write(memory, order.encode() if isinstance(order, str) else order)
    return Original(memory, len(order), str(next(_TAGS)), datetime.now(UTC), 0.0)


def said(rendered: Rendered) -> str:
    """What a puppet wrote into its picture."""
    assert rendered.body.startswith(PNG)
    return rendered.body.removeprefix(PNG).decode()


async def order(pool: Pool, text: str) -> str:
    with original(text) as given:
        return said(await pool.render([given], Transform()))


async def pid(pool: Pool) -> int:
    return int(await order(pool, "pid"))


async def until(truth: Callable[[], object]) -> None:
    """Wait for what other tasks or processes are about to bring about."""
    while not truth():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def render_under_way(pool: Pool) -> AsyncIterator[tuple[Original, asyncio.Task[str]]]:
    """A render that a worker is busy with until "gone" is written over its order."""
    busy = pool.busy

    async def render() -> str:
        return said(await pool.render([given], Transform()))

    with original("wait") as given:
        task = asyncio.create_task(render())
        await until(lambda: pool.busy == busy + 1)
        try:
            yield given, task
        finally:
            os.pwrite(given.fd, b"gone", 0)
            with suppress(ResizerError, asyncio.CancelledError):
                await task


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
