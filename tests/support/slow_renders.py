"""Renders that take long, and puppets that take as long as they are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from resizer.model.image import Original
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from tests.support.puppet_pool import (
    LIMITS,
    order,
    render_under_way,
    said,
    until,
)

HURRY = 0.02
"""Seconds: what takes longer is slow."""
LIGHT = Transform(width=10)
SHORT = replace(LIMITS, render_seconds=1.0)


@asynccontextmanager
async def slow_render(
    pool: Pool,
) -> AsyncIterator[tuple[Original, "asyncio.Task[str]"]]:
    """A render that somebody else waits behind, so that it is in the slow lane."""
    async with render_under_way(pool) as (given, task):
        assert await order(pool, "echo x") == "x"
        await until(lambda: pool.slow_busy)
        yield given, task


def offend(pool: Pool, given: Original) -> None:
    """It was slow twice of late: no worker of the quick lane is for it."""
    for _ in range(2):
        pool._quarantine.add([given], LIGHT)


async def render(pool: Pool, given: Original, transform: Transform = LIGHT) -> str:
    return said(await pool.render([given], transform))
