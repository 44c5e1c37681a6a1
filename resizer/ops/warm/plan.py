"""The plan of `resizer warm`: its arguments read and checked; and keys read from a file."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from resizer.errors import InvalidRequest, ResizerError
from resizer.ops.warm.variants import FORMATS, VariantSpec, of_width, variant_specs
from resizer.settings.settings import Settings
from resizer.settings.types import read_widths
from resizer.urls.links import Links

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Addresses to listen on that nobody can be asked at, and one that stands for each."""
_LINES = 1000
"""Keys read at a time."""


@dataclass(frozen=True, slots=True)
class WarmPlan:
    """What a run asks for, and how."""

    url: str
    links: Links
    specs: Sequence[VariantSpec]
    concurrency: int


def read_plan(
    settings: Settings,
    url: str | None,
    concurrency: int,
    *,
    presets: str,
    widths: str,
    options: Sequence[str],
    formats: str,
) -> WarmPlan:
    """`presets`, `widths`, `formats` and each of `options` are lists with commas.

    Without `url` the gateway is where the settings say. Raises InvalidRequest.
    """
    url = url or _url_of(settings)
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InvalidRequest(f"--url must be an http:// or https:// URL, not {url!r}")
    if unknown := [name for name in _listed(formats) if name not in FORMATS]:
        raise InvalidRequest(f"--formats takes {', '.join(FORMATS)}, not {unknown[0]}")
    if unknown := [name for name in _listed(presets) if name not in settings.presets]:
        raise InvalidRequest(f"--preset: there is no preset {unknown[0]}")
    links = Links(settings.dialect_settings, settings.access)
    found: list[tuple[str, ...]] = [(name,) for name in _listed(presets)]
    try:
        found += [of_width(links, width) for width in _widths(widths)]
        found += [tuple(_listed(text)) for text in options]
        specs = variant_specs(links, found, _listed(formats))
    except ResizerError as error:
        raise InvalidRequest(str(error)) from None
    if not specs:
        raise InvalidRequest("say which variants: --preset, --widths or --options")
    return WarmPlan(url, links, specs, concurrency)


def run_identity(
    settings: Settings, plan: WarmPlan, prefix: str | None, file: str | None
) -> dict[str, object]:
    """What a file of `--resume` is bound to: not the address or the pace, which may change."""
    wanted = [f"{','.join(one.options)} {one.accept or ''}".strip() for one in plan.specs]
    return {
        "source": settings.source_address.namespace,
        "prefix": prefix,
        "file": file,
        "wanted": wanted,
    }


async def written_keys(lines: TextIO) -> AsyncIterator[str]:
    """Each line that is not empty. A terminal or a pipe is read line by line, as it speaks."""
    size = _LINES if lines.seekable() else 1
    while batch := await asyncio.to_thread(lambda: list(itertools.islice(lines, size))):
        for line in batch:
            if key := line.rstrip("\r\n"):
                yield key


async def keys_in(file: Path) -> AsyncIterator[str]:
    """Those written in `file`. Raises OSError."""
    with file.open(encoding="utf-8") as lines:
        async for key in written_keys(lines):
            yield key


async def count(keys: AsyncIterator[str]) -> int:
    """How many they are; none is kept."""
    number = 0
    async for _ in keys:
        number += 1
    return number


def _widths(text: str) -> list[int]:
    try:
        return read_widths(text) if text else []
    except ValueError as error:
        raise InvalidRequest(f"--widths {error}, not {text!r}") from None


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _url_of(settings: Settings) -> str:
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
