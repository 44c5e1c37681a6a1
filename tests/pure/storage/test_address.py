from pathlib import Path

import pytest

from resizer.storage.address import Address
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.kinds import read_address
from resizer.storage.s3.address import S3Address, region_of


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://bucket", S3Address("bucket", "")),
        ("s3://bucket/", S3Address("bucket", "")),
        ("S3://bucket/a", S3Address("bucket", "a")),
        ("s3://bucket/a/b/", S3Address("bucket", "a/b")),
        ("s3://bucket//a", S3Address("bucket", "/a")),
        ("s3://bucket/a?b#c%20d", S3Address("bucket", "a?b#c%20d")),
        ("photos", DirectoryAddress(Path("photos"))),
        ("/srv/my photos", DirectoryAddress(Path("/srv/my photos"))),
        ("file:///srv/my%20photos", DirectoryAddress(Path("/srv/my photos"))),
        ("file://localhost/srv", DirectoryAddress(Path("/srv"))),
    ],
)
def test_a_source_is_a_bucket_or_a_directory(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url", ["http://example.com/", "s3://", "s3:///prefix", "ftp://a", "file://host/a", "://"]
)
def test_another_form_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be s3://bucket\[/prefix\] or a directory"):
        read_address(url)


@pytest.mark.parametrize(
    ("bucket", "below", "name"),
    [(S3Address("b", ""), "", "cat.jpg"), (S3Address("b", "a/b"), "a/b/", "a/b/cat.jpg")],
)
def test_what_a_key_leads_to_lies_below_the_prefix(
    bucket: S3Address, below: str, name: str
) -> None:
    assert (bucket.below, bucket.object_of("cat.jpg")) == (below, name)


def test_a_region_is_the_settings_then_the_environments_then_the_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert region_of("eu-north-1", "eu-south-1") == "eu-north-1"
    assert region_of(None, "eu-south-1") == "eu-west-1"
    monkeypatch.delenv("AWS_REGION")
    assert region_of(None, "eu-south-1") == "eu-south-1"
    assert region_of(None, None) == "us-east-1"
