"""Keys that somebody wrote down, one a line."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TextIO

_BATCH = 1000


async def written_keys(lines: TextIO) -> AsyncIterator[str]:
    """Each line that is not empty. A terminal or a pipe is read line by line, as it speaks."""
    size = _BATCH if lines.seekable() else 1
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
