"""`resizer watch`: flushing what changes in the bucket."""

import asyncio
import logging.config
import signal
from functools import partial
from typing import Annotated

import typer

from resizer.cache.flusher import Flusher
from resizer.cli.terminal import exit_with, settings_or_exit
from resizer.model.flush import Flush, FlushResult
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import WATCHING
from resizer.settings.settings import Settings
from resizer.telemetry.log import logging_config

_ROUND_TRIP_SECONDS = 10.0


@settings_as_flags(
    "source",
    "s3_endpoint",
    "s3_region",
    "cache",
    "results",
    "public_url",
    "cdn",
    "events",
    "dead_letters",
    "event_tries",
)
def watch(
    once: Annotated[
        bool, typer.Option("--once", help="Handle what is in the queue, and end.")
    ] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Flush what changes in the bucket, as its event notifications tell, until SIGTERM."""
    from resizer.ops.watch.queue import QueueUnavailable

    settings = settings_or_exit(config, flags, WATCHING)
    logging.config.dictConfig(logging_config("INFO"))
    try:
        finished = asyncio.run(_watch(settings, once))
    except QueueUnavailable as error:
        exit_with(str(error))
    if not finished:
        exit_with("a message was left in the queue; the log says why")


async def _watch(settings: Settings, once: bool) -> bool:
    from resizer.ops.watch.queue import open_queue
    from resizer.ops.watch.watcher import Watcher, WatchPolicy
    from resizer.server.factories import open_flusher

    async with open_flusher(settings, _ROUND_TRIP_SECONDS) as flusher:
        watcher = Watcher(
            open_queue(settings.events),
            open_queue(settings.dead_letters) if settings.dead_letters else None,
            partial(_flush, flusher),
            WatchPolicy(settings.source_address, settings.event_tries, settings.purge_policy),
        )
        if once:
            return await watcher.drain()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, watcher.stop.set)
        await watcher.run()
        return True


async def _flush(flusher: Flusher, keys: list[str]) -> FlushResult:
    return await flusher.flush([Flush(key=key) for key in keys])
