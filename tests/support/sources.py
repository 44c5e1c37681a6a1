"""What the tests of every source share: opening, fetching, refusing, and counting memfds."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from resizer.errors import ResizerError
from resizer.model.image import Original, Unchanged
from resizer.storage.address import Servers, Source
from resizer.storage.kinds import read_address

MAX_BYTES = 3 * 1024 * 1024


def in_directory(root: Path) -> Callable[[str, bytes], None]:
    def put(key: str, body: bytes) -> None:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        age(path, 10)

    return put


def age(path: Path, seconds: float) -> None:
    """Let the file be that old: one written a moment ago has no tag."""
    then = time.time_ns() - int(seconds * 1e9)
    os.utime(path, ns=(then, then))


def opened(
    url: str, seconds: float = 10.0, endpoint: str | None = None, region: str | None = None
) -> Source:
    address = read_address(url, Servers(endpoint, region))
    return address.open_source(max_bytes=MAX_BYTES, fetch_seconds=seconds)


def fetch(source: Source, key: str) -> Original:
    return asyncio.run(source.fetch(key))


def refetch(source: Source, key: str, etag: str) -> Original | Unchanged:
    return asyncio.run(source.refetch(key, etag))


def fetched(source: Source, key: str) -> bytes:
    with fetch(source, key) as original:
        return content(original)


def content(original: Original) -> bytes:
    return os.pread(original.fd, original.size + 1, 0)


def fetched_all(source: Source, keys: list[str]) -> list[bytes]:
    async def run() -> list[bytes]:
        bodies = []
        for key in keys:
            with await source.fetch(key) as original:
                bodies.append(content(original))
        await source.close()
        return bodies

    return asyncio.run(run())


def refusal(source: Source, key: str) -> ResizerError:
    """The error that fetching `key` ends in; no file descriptor may be left behind."""
    before = memfds()
    with pytest.raises(ResizerError) as caught:
        fetch(source, key)
    assert memfds() == before, "a failed fetch left its memfd open"
    return caught.value


def memfds() -> list[str]:
    links = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/self/fd/{fd}"))
    return [link for link in links if link.startswith("/memfd:original")]
