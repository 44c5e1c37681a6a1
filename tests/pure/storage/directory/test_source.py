"""DirectorySource: what is a file of the directory, and what is not."""

import asyncio
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from resizer.errors import (
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
)
from resizer.model.image import Original
from tests.support.sources import (
    age,
    content,
    fetch,
    fetched,
    in_directory,
    memfds,
    opened,
    refetch,
    refusal,
)
from tests.support.waiting import eventually


@pytest.mark.parametrize("key", ["a//b", "/a/b", "a/b/", "./a/b", "a/./b"])
def test_a_file_has_one_key(tmp_path: Path, key: str) -> None:
    in_directory(tmp_path)("a/b", b"")
    assert type(refusal(opened(str(tmp_path)), key)) is SourceNotFound


def test_what_is_no_regular_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "loop").symlink_to("loop")
    for key in ("directory", "fifo", "socket", "null", "loop", "fifo/below"):
        assert type(refusal(opened(str(tmp_path)), key)) is SourceNotFound, key


def test_a_link_out_of_the_directory_is_not_found(tmp_path: Path) -> None:
    root, beside = tmp_path / "root", tmp_path / "root-beside"
    root.mkdir()
    in_directory(beside)("secret", b"secret")
    (root / "file").symlink_to(beside / "secret")
    (root / "relative").symlink_to("../root-beside/secret")
    (root / "folder").symlink_to(beside)
    for key in ("file", "relative", "folder/secret"):
        assert type(refusal(opened(str(root)), key)) is SourceNotFound, key


def test_a_link_within_the_directory_is_followed(tmp_path: Path) -> None:
    in_directory(tmp_path)("real/cat", b"cat")
    (tmp_path / "alias").symlink_to("real/cat")
    assert fetched(opened(str(tmp_path)), "alias") == b"cat"


def test_a_directory_may_itself_be_a_link(tmp_path: Path) -> None:
    in_directory(tmp_path)("release/cat", b"cat")
    (tmp_path / "current").symlink_to("release")
    assert fetched(opened(str(tmp_path / "current")), "cat") == b"cat"


def test_a_missing_directory_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        asyncio.run(opened(str(tmp_path / "none")).check())
    assert str(tmp_path) not in str(caught.value)


def test_a_file_written_a_moment_ago_has_no_tag(tmp_path: Path) -> None:
    """Written twice within one tick of the clock that stamps files, it bears one time."""
    source = opened(str(tmp_path))
    (tmp_path / "a").write_bytes(b"one")
    stamp = time.time_ns()
    os.utime(tmp_path / "a", ns=(stamp, stamp))
    with fetch(source, "a") as original:
        (tmp_path / "a").write_bytes(b"two")
        os.utime(tmp_path / "a", ns=(stamp, stamp))
        again = refetch(source, "a", original.etag)
    assert isinstance(again, Original)
    with again:
        assert content(again) == b"two"


def test_a_time_in_whole_seconds_is_trusted_later(tmp_path: Path) -> None:
    """Some file systems know no others."""
    for old, tagged in ((1, False), (4, True)):
        in_directory(tmp_path)("a", b"one")
        stamp = (int(time.time()) - old) * 1_000_000_000
        os.utime(tmp_path / "a", ns=(stamp, stamp))
        with fetch(opened(str(tmp_path)), "a") as original:
            assert bool(original.etag) is tagged


def test_a_time_to_come_is_as_good_as_any(tmp_path: Path) -> None:
    in_directory(tmp_path)("a", b"one")
    age(tmp_path / "a", -3600)
    with fetch(opened(str(tmp_path)), "a") as original:
        assert original.etag


def test_no_image_is_missing_from_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert type(refusal(opened(str(tmp_path / "unmounted")), "a")) is SourceUnavailable


def test_a_slow_read_does_not_hold_up_the_loop_and_times_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"slow")
    release, real_read = threading.Event(), os.read

    def slow_read(fd: int, size: int) -> bytes:
        release.wait(10)
        return real_read(fd, size)

    async def run() -> None:
        monkeypatch.setattr("resizer.storage.directory.source.os.read", slow_read)
        try:
            with pytest.raises(SourceTimeout):
                await opened(str(tmp_path), seconds=0.05).fetch("a")
        finally:
            release.set()

    asyncio.run(run())
    eventually(lambda: memfds() == [])
