"""A bucket that denies: one key is missing, or nothing is permitted any more."""

import asyncio
import os
import time
from datetime import UTC, datetime

import pytest

from resizer.errors import SourceNotFound, SourceUnavailable
from resizer.model.image import Original, Unchanged
from resizer.storage.download import NotModified, no_such_image
from resizer.storage.s3.address import S3Address
from resizer.storage.s3.source import S3Source


class Denying:
    """In place of the clients: a bucket without ListBucket, whose policy may break."""

    def __init__(self) -> None:
        self.tags = {"cat": "1", "dog": "1"}
        self.broken = False
        self.asked: list[str] = []

    async def stream(self, key: str, etag: str) -> Original:
        self.asked.append(key)
        if self.broken or key not in self.tags:
            raise SourceNotFound(str(no_such_image()), reason="AccessDenied")
        if self.tags[key] == etag:
            raise NotModified
        fd = os.memfd_create("original")
        return Original(fd, 0, self.tags[key], datetime.now(UTC), time.time())

    def close(self) -> None: ...


def opened() -> tuple[S3Source, Denying]:
    source = S3Source(S3Address("photos", ""), max_bytes=10, fetch_seconds=5)
    source._reader = bucket = Denying()  # type: ignore[assignment]
    return source, bucket


async def fetch(source: S3Source, *keys: str) -> None:
    for key in keys:
        (await source.fetch(key)).close()


def test_a_key_that_is_denied_while_others_come_is_missing() -> None:
    async def scene() -> None:
        source, bucket = opened()
        await fetch(source, "dog", "cat")
        del bucket.tags["cat"]
        with pytest.raises(SourceNotFound):
            await source.refetch("cat", "1")
        assert bucket.asked == ["dog", "cat", "cat", "dog"]

    asyncio.run(scene())


@pytest.mark.parametrize("before", [[], ["cat"], ["cat", "dog"]])
def test_where_everything_is_denied_nothing_is_taken_for_missing(before: list[str]) -> None:
    async def scene() -> None:
        source, bucket = opened()
        await fetch(source, *before)
        bucket.broken = True
        with pytest.raises(SourceUnavailable) as refused:
            await source.refetch("cat", "1")
        assert refused.value.reason == "AccessDenied"

    asyncio.run(scene())


def test_a_key_never_seen_that_is_denied_is_missing() -> None:
    async def scene() -> None:
        source, bucket = opened()
        bucket.broken = True
        with pytest.raises(SourceNotFound):
            await source.fetch("cat")
        bucket.broken = False
        assert isinstance(await source.refetch("cat", "1"), Unchanged)

    asyncio.run(scene())
