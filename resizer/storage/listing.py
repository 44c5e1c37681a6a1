"""Listing: the keys of a source, as they come, never all at once."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from resizer.errors import SourceUnavailable
from resizer.storage.address import Bucket
from resizer.storage.s3.client import CANNOT_OPEN, Patience, open_bucket

_PATIENCE = Patience(silence=10.0, total=30.0, attempts=3)
_BATCH = 1000
"""Keys handed over at a time: the most that S3 lists in one answer."""


async def list_keys(
    place: Bucket | Path, prefix: str, *, endpoint: str | None, region: str | None
) -> AsyncIterator[str]:
    """Every key of the source that starts with `prefix`.

    What S3 consoles put in a bucket for a folder, a name that ends with a slash, is no key; in a
    directory neither is what lies outside it by a link. Raises SourceUnavailable.
    """
    if isinstance(place, Path):
        pages = _pages_of_directory(place, prefix)
    else:
        pages = _pages_of_bucket(place, prefix, endpoint, region)
    while (page := await asyncio.to_thread(next, pages, None)) is not None:
        for key in page:
            yield key


def _pages_of_bucket(
    place: Bucket, prefix: str, endpoint: str | None, region: str | None
) -> Iterator[list[str]]:
    try:
        _, client = open_bucket(place.name, endpoint, region, _PATIENCE)
        listing = client.get_paginator("list_objects_v2").paginate(
            Bucket=place.name, Prefix=place.below + prefix, PaginationConfig={"PageSize": _BATCH}
        )
        for page in listing:
            names = [one["Key"] for one in page.get("Contents", ())]
            yield [name.removeprefix(place.below) for name in names if not name.endswith("/")]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SourceUnavailable("The source does not list its keys.", reason=code) from None
    except (*CANNOT_OPEN, BotoCoreError, OSError) as error:
        reason = type(error).__name__
        raise SourceUnavailable("The source cannot be reached.", reason=reason) from None


def _pages_of_directory(root: Path, prefix: str) -> Iterator[list[str]]:
    page: list[str] = []
    try:
        for key in _keys_below(os.path.realpath(root), "", prefix):
            page.append(key)
            if len(page) == _BATCH:
                yield page
                page = []
    except OSError as error:
        reason = type(error).__name__
        raise SourceUnavailable("The source directory cannot be read.", reason=reason) from None
    yield page


def _keys_below(root: str, directory: str, prefix: str) -> Iterator[str]:
    """Depth first, and only where a key with that prefix can be. Links to directories are not
    followed: they may lead in a circle."""
    with os.scandir(f"{root}/{directory}") as entries:
        for entry in entries:
            key = directory + entry.name
            if entry.is_dir(follow_symlinks=False):
                if key.startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield from _keys_below(root, f"{key}/", prefix)
            elif key.startswith(prefix) and _is_original(entry, root):
                yield key


def _is_original(entry: "os.DirEntry[str]", root: str) -> bool:
    """A regular file below `root` whose name is text."""
    if not entry.is_file() or not entry.name.isprintable():
        return False
    return not entry.is_symlink() or os.path.realpath(entry.path).startswith(f"{root}/")
