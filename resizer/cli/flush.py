"""`resizer flush`: flushes the variants of keys, prefixes or tags, or all of them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from resizer.cdn.target import PurgePolicy
from resizer.cli.terminal import ASKED_WRONGLY, FAILED, err, exit_with, out, settings_or_exit
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import NAMED_SOURCE, PURGING, SHARED
from resizer.settings.settings import Settings
from resizer.telemetry.humanize import counted

_ROUND_TRIP_SECONDS = 10.0


@settings_as_flags("source", "s3_endpoint", "s3_region", "cache", "results")
def flush(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Originals whose variants to forget.")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="All originals whose key starts so.")] = None,
    tag: Annotated[str | None, typer.Option(help="All variants of this preset.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All originals of the source.")] = False,
    cdn: Annotated[bool, typer.Option("--cdn", help="Then purge the CDN of them too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and forget nothing.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Forget variants: in Redis and in the memory of every gateway on it."""
    flushes = _flushes(keys or [], prefix, tag, everything)
    settings = settings_or_exit(config, flags, (NAMED_SOURCE, SHARED, *(PURGING if cdn else ())))
    try:
        flushed = asyncio.run(_flush(settings, flushes, dry_run))
    except CacheUnavailable as error:
        exit_with(f"nothing is sure to be flushed: {error}")
    out.print(_account(flushed, dry_run))
    if not dry_run and not flushed.confirmed + flushed.unconfirmed:
        err.print("resizer: no gateway of this source is listening")
    if flushed.unconfirmed:
        gateways = counted(flushed.unconfirmed, "gateway")
        err.print(f"resizer: {gateways} did not confirm: no memory there is trusted any more")
    if cdn and not dry_run:
        purged = asyncio.run(_purge(settings.purge_policy, flushes, flushed.paths))
        if not purged:
            raise typer.Exit(FAILED)


def _flushes(keys: list[str], prefix: str | None, tag: str | None, everything: bool) -> list[Flush]:
    if bool(keys) + (prefix is not None) + (tag is not None) + everything != 1:
        exit_with(
            "say what to flush: KEY…, --prefix PREFIX, --tag PRESET or --all, one of them",
            ASKED_WRONGLY,
        )
    if not all(map(_is_text, (prefix or "", tag or "", *keys))):
        exit_with("a key, prefix or tag must be UTF-8", ASKED_WRONGLY)
    if "" in (prefix, tag, *keys):
        exit_with("an empty key, prefix or tag names nothing; --all is everything", ASKED_WRONGLY)
    return [Flush(key=key) for key in keys] or [Flush(prefix=prefix or "", tag=tag)]


def _is_text(text: str) -> bool:
    """Not bytes of the command line that are no UTF-8."""
    return text == text.encode(errors="ignore").decode()


def _account(flushed: FlushResult, dry_run: bool) -> str:
    verb = "would flush" if dry_run else "flushed"
    variants = counted(flushed.variants, "variant")
    originals = counted(flushed.originals, "original")
    results = f", and {flushed.results:,} among the results" if flushed.results else ""
    confirmed = (
        f"; confirmed by {counted(flushed.confirmed, 'gateway')}" if flushed.confirmed else ""
    )
    return f"{verb} {variants} of {originals}{results}{confirmed}"


async def _flush(settings: Settings, flushes: list[Flush], dry_run: bool) -> FlushResult:
    from resizer.server.factories import open_flusher

    async with open_flusher(settings, _ROUND_TRIP_SECONDS) as flusher:
        return await flusher.flush(flushes, dry_run=dry_run)


async def _purge(policy: PurgePolicy, flushes: Sequence[Flush], paths: Iterable[str]) -> bool:
    """Purge everything in front of the gateway, with a line for each; whether none failed."""
    from resizer.cdn.purge import purge

    outcomes = await purge(policy, flushes, paths)
    for outcome in outcomes:
        if outcome.failure:
            err.print(f"resizer: {outcome.target} is not purged: {outcome.failure}")
        elif outcome.warning:
            err.print(f"resizer: {outcome.target}: {outcome.warning}")
        else:
            out.print(f"purged {outcome.target}")
    return not any(outcome.failure for outcome in outcomes)
