"""Tables: on the terminal, and in BENCHMARK.md between markers, so that a rerun refreshes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bench.converted import NAMES
from bench.row import Row
from bench.targets import Server

_HEADS = {
    "rows": ("target", "what", "figure", "spread", "reach", ""),
    "servers": ("format", "server", "ms", "kB", "SSIMULACRA2", "SSIM"),
    "photos": (
        *("photo", "MP", "reference", "ours, q80", "libvips, q80"),
        *("alike at", "bytes for that", "CPU"),
    ),
}
_STANDS = {True: "reached", False: "**not reached**", None: ""}


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def of_rows(rows: Sequence[Row]) -> str:
    return table(_HEADS["rows"], [cells(row) for row in rows])


def cells(row: Row) -> list[str]:
    """What a row says, column by column."""
    unit = row.reach.unit if row.reach else ""
    figure = "not measured" if row.figure is None else f"{number(row.figure)}{unit}"
    spread = f"{number(row.spread[0])} to {number(row.spread[1])}" if row.spread else ""
    what = f"{row.what} ({row.note})" if row.note else row.what
    return [row.name, what, figure, spread, str(row.reach or ""), _STANDS[row.reached]]


def of_servers(servers: Sequence[Server]) -> str:
    """Fastest first in each format."""

    def place(one: Server) -> tuple[int, float]:
        return list(dict.fromkeys(each.format for each in servers)).index(one.format), one.ms or 0

    return table(_HEADS["servers"], [_server(one) for one in sorted(servers, key=place)])


def _server(one: Server) -> list[str]:
    return [
        NAMES[one.format],
        one.name,
        number(one.ms),
        number(one.bytes and one.bytes / 1000),
        number(one.score),
        "" if one.ssim is None else f"{one.ssim:.3f}",
    ]


def of_photos(photos: Sequence[Mapping[str, Any]]) -> str:
    return table(_HEADS["photos"], [_photo(one) for one in photos])


def _photo(one: Mapping[str, Any]) -> list[str]:
    return [
        one["name"],
        f"{one['megapixels']:.0f}",
        f"{one['ceiling']:.1f}",
        f"{one['ours']:.1f}",
        f"{one['theirs']:.1f}",
        f"q{one['quality']}",
        f"{one['matched_bytes'] / one['their_bytes']:.2f}",
        f"{one['our_ms'] / one['their_ms']:.1f}",
    ]


def number(value: float | None) -> str:
    """Three digits or so."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.{1 if abs(value) >= 10 else 2}f}"


def refreshed(page: str, parts: Mapping[str, str]) -> str:
    """The page with other text between `<!-- name -->` and `<!-- /name -->`.

    Raises ValueError for a part that the page has no place for.
    """
    for name, text in parts.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
        page, count = place.subn(lambda at, text=text: f"{at[1]}{text}\n{at[2]}", page)  # type: ignore[misc]
        if not count:
            raise ValueError(f"no place for {name}")
    return page
