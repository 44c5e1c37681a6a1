"""`resizer stats`: what the cache holds."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from resizer.cli.terminal import exit_with, out, settings_or_exit
from resizer.errors import CacheUnavailable
from resizer.settings.flags import ConfigFlag, settings_as_flags
from resizer.settings.rules import NAMED_SOURCE, SHARED
from resizer.settings.settings import Settings
from resizer.telemetry.humanize import bytes_in_words, counted, ratio_in_words, since_in_words

if TYPE_CHECKING:
    from resizer.ops.stats import Stats

_STATS_SECONDS = 10.0
"""For each round trip: a survey may wait longer than a request would."""


@settings_as_flags("source", "s3_endpoint", "cache", "results")
def stats(
    top: Annotated[int, typer.Option(min=0, help="How many of the largest originals.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    config: ConfigFlag = None,
    **flags: str | None,
) -> None:
    """Show what Redis holds of the source and how many requests each cache tier answered."""
    from resizer.ops.stats import facts

    settings = settings_or_exit(config, flags, (NAMED_SOURCE, SHARED))
    try:
        found = asyncio.run(_read(settings, top))
    except CacheUnavailable as error:
        exit_with(str(error))
    if as_json:
        out.print(json.dumps(facts(found), ensure_ascii=False, indent=2))
        return
    _show(found, with_results=settings.results is not None)


async def _read(settings: Settings, top: int) -> "Stats":
    from resizer.ops.stats import read_stats

    url = settings.cache.get_secret_value()
    return await read_stats(url, settings.source_address.namespace, top, _STATS_SECONDS)


def _show(stats: "Stats", with_results: bool) -> None:
    """The results have a row where there are any, or were when it was counted."""
    variants = counted(stats.variants, "variant")
    originals = counted(stats.originals, "original")
    out.print(f"{variants} of {originals} in Redis, {bytes_in_words(stats.bytes)}")
    out.print(f"\n{since_in_words(stats.counts.since)}")
    rows = [
        (share.tier, f"{share.hits:,}", f"{share.asked:,}", ratio_in_words(share.ratio))
        for share in (*stats.shares, stats.overall)
        if share.tier != "results" or with_results or share.hits
    ]
    _print_table(("tier", "hits", "asked", "hit ratio"), rows)
    names = ("stale", "misses", "fetches", "renders")
    out.print(", ".join(f"{stats.counts.counted.get(name, 0):,} {name}" for name in names))
    if stats.largest:
        out.print()
        _print_table(
            ("largest originals", "variants", "size"),
            [(h.key, f"{h.variants:,}", bytes_in_words(h.bytes)) for h in stats.largest],
        )


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for number, title in enumerate(head):
        table.add_column(title, justify="right" if number else "left", no_wrap=number > 0)
    for row in rows:
        # A key is text: rich would read brackets in it as markup.
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)
