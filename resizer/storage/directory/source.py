"""Originals in a directory of this machine."""

import asyncio
import errno
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from resizer.errors import SourceUnavailable
from resizer.model.image import Original, Unchanged
from resizer.storage.download import (
    CHUNK,
    DownloadBuffer,
    NotModified,
    no_such_image,
    read_in_thread,
    refuse_unreadable,
    timed_out,
)

_NO_SUCH_FILE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.EINVAL,
}
_THREADS = 8
_TICK = 0.02
"""Seconds: Linux stamps files by a clock that moves with the timer interrupt, 100 times a second
or more."""
_COARSE_TICK = 2.0
"""Seconds: of file systems that know whole seconds only, the coarsest (FAT) counts by two."""


class DirectorySource:
    """Reads regular files below `root`; a symbolic link may lead anywhere that is still below it.

    A key is the one normal spelling of a path: `a//b`, `./a` and `a/` name nothing here, so that
    no file has two keys.
    """

    def __init__(self, root: Path, max_bytes: int, fetch_seconds: float) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._fetch_seconds = fetch_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="directory")

    async def fetch(self, key: str) -> Original:
        """Raises SourceNotFound, SourceUnavailable, SourceTimeout, UnprocessableSource."""
        return await self._ask(key, "")

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        """Reads the file only when its tag is not `etag` any more. Raises as `fetch` does."""
        asked_at = time.time()
        try:
            return await self._ask(key, etag)
        except NotModified:
            return Unchanged(asked_at)

    async def _ask(self, key: str, etag: str) -> Original:
        refuse_unreadable(key)
        if any(segment in ("", ".") for segment in key.split("/")):
            raise no_such_image()
        try:
            read = partial(self._read, key, etag)
            return await read_in_thread(self._threads, self._fetch_seconds, read)
        except TimeoutError:
            raise timed_out() from None

    async def check(self) -> None:
        """Raises SourceUnavailable when the directory cannot be read."""
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: os.scandir(self._root).close()
            )
        except OSError:
            raise SourceUnavailable("The source directory cannot be read.") from None

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _read(self, key: str, etag: str) -> Original:
        asked_at = time.time()
        root = os.path.realpath(self._root)
        if not os.path.isdir(root):  # not mounted, say: its files are not gone for that
            raise SourceUnavailable("The source directory cannot be read.")
        with _errors(), _regular_file(root, key) as fd:
            before = os.fstat(fd)
            identity = _identity(before, time.time())
            if identity and identity == etag:
                raise NotModified
            with DownloadBuffer(before.st_size, self._max_bytes, asked_at) as buffer:
                while chunk := os.read(fd, CHUNK):
                    buffer.write(chunk)
                if os.fstat(fd).st_mtime_ns != before.st_mtime_ns:
                    raise SourceUnavailable("The original changed while it was read.")
                return buffer.seal(identity, _calendar_time(before.st_mtime))


def _identity(found: os.stat_result, now: float) -> str:
    """Size and time, without the inode: gateways with copies of one directory share a cache.

    Empty for a file written a moment ago: written once more, it could bear the same time.
    """
    whole_seconds = found.st_mtime_ns % 1_000_000_000 == 0
    tick = _COARSE_TICK if whole_seconds else _TICK
    just_written = abs(now - found.st_mtime) <= tick
    return "" if just_written else f"{found.st_size:x}-{found.st_mtime_ns:x}"


def _calendar_time(seconds: float) -> datetime:
    """A file may bear a time that no calendar holds; the epoch stands for it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


@contextmanager
def _regular_file(root: str, key: str) -> Iterator[int]:
    """The file opened for reading; SourceNotFound for anything else or anywhere else.

    O_PATH names a file without opening it: a FIFO does not block, a device does nothing. Where it
    lies is asked of what was found, not of its name, so no link can be swapped in between.
    """
    found = os.open(f"{root}/{key}", os.O_PATH | os.O_CLOEXEC)
    try:
        itself = f"/proc/self/fd/{found}"
        inside = os.readlink(itself).startswith(root.rstrip("/") + "/")
        if not inside or not stat.S_ISREG(os.fstat(found).st_mode):
            raise no_such_image()
        fd = os.open(itself, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(found)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SUCH_FILE:
            raise no_such_image() from None
        raise SourceUnavailable("The original cannot be read.") from None
