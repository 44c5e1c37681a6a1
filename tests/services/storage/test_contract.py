"""Sources: one contract over a directory, a bucket, and a bucket below a prefix."""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resizer.errors import SourceNotFound, UnprocessableSource
from resizer.model.image import Original, Unchanged
from resizer.storage.address import Source
from resizer.storage.directory.source import DirectorySource
from tests.support.servers import S3Bucket
from tests.support.sources import (
    MAX_BYTES,
    content,
    fetch,
    fetched,
    fetched_all,
    in_directory,
    memfds,
    opened,
    refetch,
    refusal,
)
from tests.support.waiting import eventually

KEYS = [
    "plain.jpg",
    "photos/2026/cat.jpg",
    "with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "literal%20escape.jpg",
    "%2e%2e/%2F.jpg",
    "hash#tag.jpg",
    "what?.jpg",
    "one,two=three&four.jpg",
    "~tilde*star.jpg",
    "semi;colon:at@dollar$bang!.jpg",
    "(round)[square]{curly}.jpg",
    "back\\slash.jpg",
    "quote\"and'apostrophe.jpg",
    "<angle>|pipe^caret`tick.jpg",
    "Zoë.jpg",
    "日本語/写真.jpg",
    "😀.jpg",
    "combining-e\u0301.jpg",
    "no\u00a0break.jpg",
    ".hidden/...",
    "<Code>NoSuchBucket</Code>.jpg",
]
"""Keys that every source holds."""


@dataclass
class Place:
    """A source under test and a way to put originals into it."""

    source: Source
    put: Callable[[str, bytes], None]


@pytest.fixture(params=["directory", "bucket", "bucket below a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "directory":
        url, put = str(tmp_path), in_directory(tmp_path)
    else:
        bucket: S3Bucket = request.getfixturevalue("s3")
        prefix = "/site/one" if "prefix" in request.param else ""
        start = f"{prefix.lstrip('/')}/" if prefix else ""
        url = bucket.url + prefix

        def put(key: str, body: bytes) -> None:
            bucket.put(start + key, body)

    return Place(opened(url), put)


def test_an_original_arrives_whole(place: Place) -> None:
    body = os.urandom(2 * 1024 * 1024 + 17)
    place.put("photos/cat.jpg", body)
    with fetch(place.source, "photos/cat.jpg") as original:
        assert original.size == len(body)
        assert content(original) == body


def test_an_empty_original_is_an_original(place: Place) -> None:
    place.put("empty", b"")
    assert fetched(place.source, "empty") == b""


def test_every_spelling_of_a_key_is_read_back(place: Place) -> None:
    for key in KEYS:
        place.put(key, key.encode())
    assert fetched_all(place.source, KEYS) == [key.encode() for key in KEYS]


def test_a_key_of_1024_bytes_is_read_back(tmp_path: Path, s3: S3Bucket) -> None:
    key = "/".join(["k" * 204] * 5)
    for url, put in ((str(tmp_path), in_directory(tmp_path)), (s3.url, s3.put)):
        put(key, b"long")
        assert fetched(opened(url), key) == b"long"


def test_keys_that_look_alike_are_different_originals(place: Place) -> None:
    place.put("a b", b"space")
    place.put("a%20b", b"escape")
    place.put("a+b", b"plus")

    assert fetched_all(place.source, ["a b", "a%20b", "a+b"]) == [b"space", b"escape", b"plus"]


def test_an_original_is_sealed_and_read_from_its_start(place: Place) -> None:
    place.put("a", b"sealed")
    with fetch(place.source, "a") as original:
        seals = fcntl.fcntl(original.fd, fcntl.F_GET_SEALS)
        assert os.read(original.fd, 100) == b"sealed"
        with pytest.raises(PermissionError):
            os.pwrite(original.fd, b"x", 0)
    wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    assert seals & wanted == wanted


def test_an_original_has_a_bare_tag_and_a_time_in_utc(place: Place) -> None:
    place.put("a", b"one")
    with fetch(place.source, "a") as original:
        assert original.etag
        assert '"' not in original.etag
        assert original.last_modified.tzinfo is UTC
        assert abs(datetime.now(UTC) - original.last_modified) < timedelta(minutes=1)


def test_the_tag_follows_the_content(place: Place) -> None:
    async def tag() -> str:
        with await place.source.fetch("a") as original:
            return original.etag

    async def run() -> tuple[str, str, str]:
        place.put("a", b"one")
        first, again = await tag(), await tag()
        place.put("a", b"another")
        return first, again, await tag()

    first, again, changed = asyncio.run(run())
    assert first == again != changed


ALSO_WITHOUT_OBSTORE = ["photos/cat.jpg", "a//b"]


def keys_of(place: Place) -> list[str]:
    return ALSO_WITHOUT_OBSTORE[: 1 if isinstance(place.source, DirectorySource) else 2]


def test_what_did_not_change_is_not_moved_again(place: Place) -> None:
    for key in keys_of(place):
        place.put(key, b"one")
        with fetch(place.source, key) as original:
            before = time.time()
            again = refetch(place.source, key, original.etag)
        assert isinstance(again, Unchanged)
        assert before <= again.checked_at <= time.time()


def test_what_changed_arrives_with_its_new_tag(place: Place) -> None:
    for key in keys_of(place):
        place.put(key, b"one")
        with fetch(place.source, key) as original:
            place.put(key, b"another")
            again = refetch(place.source, key, original.etag)
        assert isinstance(again, Original)
        with again:
            assert content(again) == b"another"
            assert again.etag != original.etag


def test_an_empty_tag_is_that_of_no_original(place: Place) -> None:
    for key in keys_of(place):
        place.put(key, b"one")
        again = refetch(place.source, key, "")
        assert isinstance(again, Original)
        again.close()


def test_what_was_deleted_is_not_found_again(place: Place) -> None:
    for key in keys_of(place):
        with pytest.raises(SourceNotFound):
            refetch(place.source, key, "tag")
    assert memfds() == []


def test_a_missing_key_is_not_found(place: Place) -> None:
    for key in ("photos/none.jpg", "<Code>NoSuchBucket</Code>"):
        assert type(refusal(place.source, key)) is SourceNotFound, key


@pytest.mark.parametrize("key", ["", "..", "../a", "a/../b", "a/..", "a\0b", "\udc80"])
def test_a_key_that_could_lead_elsewhere_is_not_found(place: Place, key: str) -> None:
    assert type(refusal(place.source, key)) is SourceNotFound


def test_a_key_longer_than_any_is_not_found(place: Place) -> None:
    assert type(refusal(place.source, "k" * 1025)) is SourceNotFound


def test_an_original_of_the_largest_size_is_accepted(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES))
    assert len(fetched(place.source, "a")) == MAX_BYTES


def test_an_original_that_is_too_large_is_refused_with_the_limit(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES + 1))
    error = refusal(place.source, "a")
    assert type(error) is UnprocessableSource
    assert str(MAX_BYTES) in str(error)


def test_a_readable_source_passes_its_check(place: Place) -> None:
    async def run() -> None:
        await place.source.check()
        await place.source.close()

    asyncio.run(run())


def test_many_originals_are_read_at_once(place: Place) -> None:
    for number in range(20):
        place.put(f"{number}.jpg", f"{number}".encode() * 1000)

    async def one(number: int) -> bool:
        with await place.source.fetch(f"{number}.jpg") as original:
            return content(original) == f"{number}".encode() * 1000

    async def run() -> list[bool]:
        return await asyncio.gather(*map(one, range(20)))

    assert all(asyncio.run(run()))
    assert memfds() == []


def test_a_cancelled_fetch_leaves_no_descriptor_behind(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES))

    async def run() -> None:
        for milliseconds in range(12):
            task = asyncio.create_task(place.source.fetch("a"))
            await asyncio.sleep(milliseconds / 1000)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                (await task).close()
        await place.source.close()

    asyncio.run(run())
    eventually(lambda: memfds() == [])


def test_a_file_url_names_a_directory(tmp_path: Path) -> None:
    root = tmp_path / "with space"
    root.mkdir()
    (root / "a").write_bytes(b"here")
    assert fetched(opened(root.as_uri()), "a") == b"here"


def test_a_directory_needs_no_s3_client(tmp_path: Path) -> None:
    code = (
        "import sys; from resizer.storage.kinds import read_address;"
        "read_address(sys.argv[1]).open_source(max_bytes=1, fetch_seconds=1);"
        "sys.exit(bool({'boto3', 'obstore'} & set(sys.modules)))"
    )
    done = run_python(code, str(tmp_path))
    assert done == 0, "a directory source imported boto3 or obstore"


def run_python(code: str, *arguments: str) -> int:
    import subprocess

    return subprocess.run([sys.executable, "-c", code, *arguments], check=False).returncode
