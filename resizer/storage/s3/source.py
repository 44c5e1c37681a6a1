"""Originals in an S3 bucket, below a prefix."""

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from resizer.errors import ResizerError, SourceNotFound, SourceTimeout, SourceUnavailable
from resizer.model.image import Original, Unchanged
from resizer.storage.address import PROBE
from resizer.storage.download import (
    NotModified,
    no_such_image,
    read_in_thread,
    refuse_unreadable,
    timed_out,
)
from resizer.storage.retry import with_retries
from resizer.storage.s3.address import S3Address

if TYPE_CHECKING:
    from resizer.storage.s3.requests import S3Reader

_KEY_BYTES = 1024
"""The longest key, prefix included: Amazon S3 User Guide, "Naming Amazon S3 objects"."""
_THREADS = 8
_REFUSED = "The source refused the gateway."
_DENIED = ("AccessDenied", "403")
"""What S3 answers for a missing key when ListBucket is not permitted, and for any key when
nothing is permitted any more."""


class S3Source:
    """Reads `prefix/key`. obstore moves the bytes; keys that it cannot spell go through boto3."""

    def __init__(self, address: S3Address, max_bytes: int, fetch_seconds: float) -> None:
        self._address = address
        self._max_bytes = max_bytes
        self._fetch_seconds = fetch_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bucket")
        self._latest: deque[tuple[str, str]] = deque(maxlen=2)
        """Keys and tags of the last originals that came."""
        self._reader: S3Reader | None = None
        self._connecting = asyncio.Lock()

    async def fetch(self, key: str) -> Original:
        """Raises SourceNotFound, SourceUnavailable, SourceTimeout, UnprocessableSource."""
        original = await self._ask(key, "")
        self._delivered(key, original.etag)
        return original

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        """A conditional GET (RFC 9110 §13.1.2): no body moves while the object's tag is `etag`.

        An empty tag equals none. Raises as `fetch` does; but where everything is denied of a
        sudden, not only this key, no original is taken for missing.
        """
        asked_at = time.time()
        try:
            original = await self._ask(key, etag)
        except NotModified:
            self._delivered(key, etag)
            return Unchanged(asked_at)
        except SourceNotFound as missing:
            if missing.reason in _DENIED and not await self._delivers_others(key):
                raise SourceUnavailable(_REFUSED, reason=missing.reason) from None
            raise
        self._delivered(key, original.etag)
        return original

    def _delivered(self, key: str, etag: str) -> None:
        if all(key != other for other, _ in self._latest):
            self._latest.append((key, etag))

    async def _delivers_others(self, key: str) -> bool:
        """Whether another original that came a moment ago still would."""
        for other, etag in self._latest:
            if other != key:
                try:
                    (await self._ask(other, etag)).close()
                except NotModified:
                    return True
                except ResizerError:
                    return False
                return True
        return False

    async def _ask(self, key: str, etag: str) -> Original:
        refuse_unreadable(key)
        key = self._address.object_of(key)
        if len(key.encode()) > _KEY_BYTES:
            raise no_such_image()
        try:
            async with asyncio.timeout(self._fetch_seconds):
                reader = await self._connected()
                if obstore_can_spell(key):
                    return await with_retries(partial(reader.stream, key, etag))
                read = partial(reader.read, key, etag)
                return await with_retries(
                    partial(read_in_thread, self._threads, self._fetch_seconds, read)
                )
        except TimeoutError:
            raise timed_out() from None

    async def check(self) -> None:
        """Ask for an object that need not exist: permission to read one prefix is enough.

        Raises SourceUnavailable or SourceTimeout.
        """
        try:
            async with asyncio.timeout(self._fetch_seconds):
                reader = await self._connected()
                loop = asyncio.get_running_loop()
                probe = partial(reader.probe, self._address.object_of(PROBE))
                await with_retries(partial(loop.run_in_executor, self._threads, probe))
        except TimeoutError:
            raise SourceTimeout("The source did not answer in time.") from None

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._reader is not None:
            self._reader.close()

    async def _connected(self) -> "S3Reader":
        """The clients, made at first use: their imports and credentials take time and may fail."""
        async with self._connecting:
            if self._reader is None:
                loop = asyncio.get_running_loop()
                self._reader = await loop.run_in_executor(self._threads, self._open)
            return self._reader

    def _open(self) -> "S3Reader":
        from resizer.storage.s3.requests import open_reader

        return open_reader(self._address, self._max_bytes, self._fetch_seconds)


def obstore_can_spell(key: str) -> bool:
    """Whether obstore asks for exactly this key.

    It strips a slash at either end and refuses empty and dot segments and control characters.
    """
    plain_segments = all(segment not in ("", ".", "..") for segment in key.split("/"))
    return plain_segments and not any(char < " " or char == "\x7f" for char in key)
