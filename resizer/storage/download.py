"""An original while it downloads: in a memfd that is sealed when every byte is there."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Self

from resizer.errors import (
    Overloaded,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.model.image import Original

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
CHUNK = 1024 * 1024
"""Bytes moved at a time."""


class NotModified(Exception):
    """The source holds what was asked about. Never leaves the sources: `refetch` returns it."""


class DownloadBuffer:
    """Takes the bytes of one original and refuses too many, too few, or more than announced.

    `with DownloadBuffer(…) as buffer:` closes the memfd unless `seal()` handed it over.
    """

    def __init__(self, announced: int, max_bytes: int, asked_at: float) -> None:
        """`announced` is the size in bytes that the source gave, `asked_at` the Unix time just
        before it was asked. Raises UnprocessableSource.
        """
        if announced > max_bytes:
            raise UnprocessableSource(
                f"The original has {announced} bytes; at most {max_bytes} are accepted."
            )
        self._announced = announced
        self._sent_at = asked_at
        self._size = 0
        self._fd = _memfd()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises SourceUnavailable on more than were announced."""
        self._size += len(chunk)
        if self._size > self._announced:
            raise SourceUnavailable("The source sent more bytes than it announced.")
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def seal(self, etag: str, last_modified: datetime) -> Original:
        """Seal the bytes and hand them over. Raises SourceUnavailable when some are missing."""
        if self._size != self._announced:
            raise SourceUnavailable("The source sent fewer bytes than it announced.")
        fcntl.fcntl(self._fd, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(self._fd, 0, os.SEEK_SET)
        fd, self._fd = self._fd, -1
        return Original(fd, self._size, etag, last_modified, self._sent_at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def _memfd() -> int:
    try:
        return os.memfd_create("original", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError as error:
        raise Overloaded("Too many originals are being read.") from error


def no_such_image(reason: str | None = None) -> SourceNotFound:
    return SourceNotFound("There is no such image.", reason=reason)


def timed_out() -> SourceTimeout:
    return SourceTimeout("The original did not arrive in time.", reason="FETCH_SECONDS is over")


def refuse_unreadable(key: str) -> None:
    """Keys that no driver is asked for. Raises SourceNotFound.

    The URL grammar refuses most of them before; a driver does not rely on that, because an empty
    key would read a bucket's listing and `..` would leave the prefix.
    """
    if not key or "\0" in key or ".." in key.split("/"):
        raise no_such_image()
    try:
        key.encode()
    except UnicodeEncodeError:
        raise no_such_image() from None


async def read_in_thread(
    executor: Executor, seconds: float, read: Callable[[], Original]
) -> Original:
    """Run a blocking read elsewhere. Raises TimeoutError after `seconds`.

    A thread cannot be stopped: what it delivers after nobody waits any more is closed.
    """
    job = executor.submit(read)
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(job)
    except BaseException:
        job.cancel()
        job.add_done_callback(_discard)
        raise


def _discard(job: Future[Original]) -> None:
    if not job.cancelled() and job.exception() is None:
        job.result().close()
