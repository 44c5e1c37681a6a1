"""`resizer flush`."""

import asyncio
from typing import Annotated

import typer

from resizer.cli.terminal import ASKED_WRONGLY, counted, fail, out, read
from resizer.errors import CacheUnavailable
from resizer.flags import ConfigFlag, settings_as_flags
from resizer.flush import Flushed
from resizer.rules import NAMED_SOURCE
from resizer.settings import Settings

_FLUSH_SECONDS = 10.0


@settings_as_flags("source", "s3_endpoint", "cache")
def flush(
    keys: Annotated[
        list[str] | None, typer.Argument(help="Images whose variants to forget.")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="All images whose key starts so.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All images of the source.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and forget nothing.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Forget variants: in Redis and in the memory of every gateway on it."""
    if bool(keys) + (prefix is not None) + everything != 1:
        fail("say what to flush: KEY…, --prefix PREFIX or --all, one of them", ASKED_WRONGLY)
    if prefix == "" or "" in (keys or []):
        fail("an empty key or prefix names nothing; --all is everything", ASKED_WRONGLY)
    settings = read(config, flags, (NAMED_SOURCE,))
    try:
        flushed = asyncio.run(_flush(settings, keys or [], prefix or "", dry_run))
    except CacheUnavailable as error:
        fail(f"nothing is sure to be flushed: {error}")
    verb = "would flush" if dry_run else "flushed"
    variants = counted(flushed.variants, "variant")
    out.print(f"{verb} {variants} of {counted(flushed.originals, 'image')}")


async def _flush(settings: Settings, keys: list[str], prefix: str, dry_run: bool) -> Flushed:
    from resizer.app import open_shared

    shared = open_shared(settings, timeout=_FLUSH_SECONDS)
    if shared is None:
        fail(
            "RESIZER_CACHE is memory:, which lives inside the server: restart it to empty it",
            ASKED_WRONGLY,
        )
    try:
        if not keys:
            return await shared.flush_prefix(prefix, dry_run=dry_run)
        flushed = Flushed()
        for key in keys:
            flushed += await shared.flush(key, dry_run=dry_run)
        return flushed
    finally:
        await shared.close()
