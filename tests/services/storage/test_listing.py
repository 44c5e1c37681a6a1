import asyncio
from pathlib import Path

import pytest

from resizer.errors import SourceUnavailable
from resizer.storage import address
from resizer.storage.address import Address, Servers
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.s3.address import S3Address
from tests.support.servers import S3Bucket, free_port


def listed(place: Address, prefix: str = "") -> list[str]:
    async def walk() -> list[str]:
        return [key async for key in place.keys(prefix)]

    return sorted(asyncio.run(walk()))


def bucket(endpoint: str, prefix: str = "", name: str = S3Bucket.name) -> S3Address:
    return S3Address(name, prefix, Servers(endpoint))


def test_a_bucket_is_listed_below_its_prefix(s3: S3Bucket) -> None:
    for key in ("a.jpg", "photos/Zoë 1.jpg", "photos/2019/b.jpg", "photos/2020.jpg", "photos/sub/"):
        s3.put(key, b"" if key.endswith("/") else b"x")
    everything = ["2019/b.jpg", "2020.jpg", "Zoë 1.jpg"]
    assert listed(bucket(s3.endpoint, "photos")) == everything
    assert listed(bucket(s3.endpoint, "photos"), "20") == everything[:2]
    assert listed(bucket(s3.endpoint), "photos/2019/") == ["photos/2019/b.jpg"]


def test_several_pages_are_listed_whole(
    s3: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "_PAGE", 5)
    keys = [f"{number:02}.jpg" for number in range(13)]
    for key in keys:
        s3.put(key, b"x")
        (tmp_path / key).write_bytes(b"x")
    assert listed(bucket(s3.endpoint)) == keys
    assert listed(DirectoryAddress(tmp_path)) == keys


def test_what_cannot_be_listed_says_why(s3: S3Bucket) -> None:
    with pytest.raises(SourceUnavailable) as refused:
        listed(bucket(s3.endpoint, name="no-such-bucket"))
    assert refused.value.reason == "NoSuchBucket"
    with pytest.raises(SourceUnavailable):
        listed(bucket(f"http://127.0.0.1:{free_port()}"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("a.jpg", "photos/b.jpg", "photos/2019/c.jpg", "photos/2020.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_a_directory_is_listed_by_the_start_of_the_key(tree: Path) -> None:
    everything = ["a.jpg", "photos/2019/c.jpg", "photos/2020.jpg", "photos/b.jpg"]
    assert listed(DirectoryAddress(tree)) == everything
    assert listed(DirectoryAddress(tree), "photos/20") == everything[1:3]
    assert listed(DirectoryAddress(tree), "photos/2019/") == everything[1:2]
    assert listed(DirectoryAddress(tree), "nothing") == []


def test_links_are_listed_where_the_source_would_read_them(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (tree / "inside.jpg").symlink_to(tree / "a.jpg")
    (tree / "outside.jpg").symlink_to(tmp_path / "secret.jpg")
    (tree / "broken.jpg").symlink_to(tree / "gone.jpg")
    (tree / "circle").symlink_to(tree)
    keys = listed(DirectoryAddress(tree))
    assert "inside.jpg" in keys
    assert not {"outside.jpg", "broken.jpg", "circle/a.jpg"} & set(keys)


def test_a_name_that_is_no_text_is_left_out(tree: Path) -> None:
    (Path(str(tree)) / "odd\udcff.jpg").write_bytes(b"x")
    assert len(listed(DirectoryAddress(tree))) == 4


def test_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        listed(DirectoryAddress(tmp_path / "gone"))
