"""Originals: where they are read from.

Every source answers the same calls:

    await source.fetch(key)           the Original, whole and sealed
    await source.refetch(key, etag)   Unchanged if its entity tag is still `etag`, else the Original
    await source.check()              raises when originals cannot be read at the moment
    await source.close()
"""

from pathlib import Path

from resizer.storage.address import read_address
from resizer.storage.directory.source import DirectorySource
from resizer.storage.s3.source import BucketSource

__all__ = ["BucketSource", "DirectorySource", "open_source"]


def open_source(
    url: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    max_bytes: int,
    fetch_seconds: float,
) -> BucketSource | DirectorySource:
    """The source that `url` names, in one of the forms that `read_address` knows.

    Nothing is contacted yet: `check()` does that. `endpoint` and `region` are for buckets and
    default to the AWS variables of the environment. Raises ValueError on any other form.
    """
    address = read_address(url)
    if isinstance(address, Path):
        return DirectorySource(address, max_bytes, fetch_seconds)
    return BucketSource(
        address,
        endpoint=endpoint,
        region=region,
        max_bytes=max_bytes,
        fetch_seconds=fetch_seconds,
    )
