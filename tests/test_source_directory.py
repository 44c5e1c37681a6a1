"""DirectorySource: what is a file of the directory, and what is not."""

import asyncio
import os
import socket
import threading
from pathlib import Path

import pytest

from resizer.errors import (
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
)
from tests.sources import eventually, fetched, in_directory, memfds, opened, refusal


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


def test_a_slow_read_does_not_hold_up_the_loop_and_times_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"slow")
    release, real_read = threading.Event(), os.read

    def slow_read(fd: int, size: int) -> bytes:
        release.wait(10)
        return real_read(fd, size)

    async def run() -> None:
        monkeypatch.setattr("resizer.source.directory.os.read", slow_read)
        try:
            with pytest.raises(SourceTimeout):
                await opened(str(tmp_path), seconds=0.05).fetch("a")
        finally:
            release.set()

    asyncio.run(run())
    eventually(lambda: memfds() == [])
