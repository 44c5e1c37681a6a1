"""Several sources open in one process: none knows of another."""

import asyncio
from pathlib import Path

import pytest

from resizer.cache.coherence import Coherence
from resizer.cache.results import ResultsTier
from resizer.errors import SourceNotFound
from resizer.gateway.original_cache import OriginalCache
from resizer.storage.address import Source
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.kinds import read_address
from resizer.storage.sources import Sources
from tests.support.caches import ONE
from tests.support.servers import S3Bucket
from tests.support.sources import MAX_BYTES, content, in_directory

KEY = "photos/cat.jpg"
LOCAL, BUCKET = "local", "bucket"


def opened(directory: Path, bucket: S3Bucket) -> Sources:
    """Both with an original of the same key, which is another in each."""
    in_directory(directory)(KEY, b"of the directory")
    bucket.put(KEY, b"of the bucket")
    addresses = {LOCAL: read_address(str(directory)), BUCKET: read_address(bucket.url)}
    return Sources(addresses, max_bytes=MAX_BYTES, fetch_seconds=10.0)


async def body(source: Source | OriginalCache) -> bytes:
    with await source.fetch(KEY) as original:
        return content(original)


def test_one_key_is_another_original_in_each_source(tmp_path: Path, s3: S3Bucket) -> None:
    async def scene() -> None:
        sources = opened(tmp_path, s3)
        both = [await body(source) for source in sources.values()]
        assert both == [b"of the directory", b"of the bucket"]
        assert await body(sources.default) == b"of the directory"
        await sources.close()

    asyncio.run(scene())


def test_a_source_that_is_closed_leaves_the_other_open(tmp_path: Path, s3: S3Bucket) -> None:
    async def scene() -> None:
        sources = opened(tmp_path, s3)
        await body(sources[LOCAL])
        await sources[LOCAL].close()
        assert await body(sources[BUCKET]) == b"of the bucket"
        await sources[BUCKET].check()
        with pytest.raises(RuntimeError):
            await body(sources[LOCAL])
        await sources.close()

    asyncio.run(scene())


def test_originals_kept_of_two_sources_are_not_mixed_up(tmp_path: Path, s3: S3Bucket) -> None:
    async def scene() -> None:
        sources = opened(tmp_path, s3)
        kept = [OriginalCache(one, 1 << 20, 60, Coherence()) for one in sources.values()]
        for _ in range(2):
            bodies = [await body(cache) for cache in kept]
            assert bodies == [b"of the directory", b"of the bucket"]
        s3.client.delete_object(Bucket=s3.name, Key=KEY)
        kept[1].clear()
        with pytest.raises(SourceNotFound):
            await body(kept[1])
        assert await body(kept[0]) == b"of the directory"
        for cache in kept:
            await cache.close()
        await sources.close()

    asyncio.run(scene())


def test_variants_of_two_sources_lie_apart_in_one_place(tmp_path: Path, s3: S3Bucket) -> None:
    async def scene() -> None:
        place = DirectoryAddress(tmp_path / "results")
        one, other = (
            ResultsTier(place, read_address(text).namespace)
            for text in (str(tmp_path / "originals"), s3.url)
        )
        await one.put(KEY, "1:", ONE)
        assert await one.get(KEY, "1:") == ONE
        assert await other.get(KEY, "1:") is None
        await one.close()
        await other.close()

    asyncio.run(scene())
