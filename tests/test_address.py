from pathlib import Path

import pytest

from resizer.address import Bucket, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://bucket", Bucket("bucket", "")),
        ("s3://bucket/", Bucket("bucket", "")),
        ("S3://bucket/a", Bucket("bucket", "a")),
        ("s3://bucket/a/b/", Bucket("bucket", "a/b")),
        ("s3://bucket//a", Bucket("bucket", "/a")),
        ("s3://bucket/a?b#c%20d", Bucket("bucket", "a?b#c%20d")),
        ("photos", Path("photos")),
        ("/srv/my photos", Path("/srv/my photos")),
        ("file:///srv/my%20photos", Path("/srv/my photos")),
        ("file://localhost/srv", Path("/srv")),
    ],
)
def test_a_source_is_a_bucket_or_a_directory(url: str, address: Bucket | Path) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url", ["http://example.com/", "s3://", "s3:///prefix", "ftp://a", "file://host/a", "://"]
)
def test_another_form_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be s3://bucket\[/prefix\] or a directory"):
        read_address(url)
