"""Originals: where they are read from. This package is the only one that imports obstore.

Every source answers the same three calls:

    await source.fetch(key)     the Original, whole and sealed
    await source.check()        raises when originals cannot be read at the moment
    await source.close()
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from resizer.source.bucket import BucketSource
from resizer.source.directory import DirectorySource

__all__ = ["BucketSource", "DirectorySource", "open_source"]


def open_source(
    url: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    max_bytes: int,
    fetch_seconds: float,
) -> BucketSource | DirectorySource:
    """The source that `url` names: `s3://bucket[/prefix]`, a directory, or its `file://` URL.

    Nothing is contacted yet: `check()` does that. `endpoint` and `region` are for buckets and
    default to the AWS variables of the environment. Raises ValueError on any other kind of URL.
    """
    if "://" not in url:
        return DirectorySource(Path(url), max_bytes, fetch_seconds)
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return DirectorySource(Path(unquote(parts.path)), max_bytes, fetch_seconds)
    if parts.scheme != "s3":
        raise ValueError("a source is s3://bucket[/prefix] or a directory")
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise ValueError("a source of the form s3://bucket[/prefix] names a bucket")
    return BucketSource(
        bucket,
        prefix,
        endpoint=endpoint,
        region=region,
        max_bytes=max_bytes,
        fetch_seconds=fetch_seconds,
    )
