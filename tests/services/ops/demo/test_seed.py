"""The sample pictures in a bucket, on a moto server."""

from pathlib import PurePosixPath

import pytest

from resizer.ops.demo import seed
from resizer.ops.demo.samples import PICTURES, SAMPLES
from tests.support.servers import S3Bucket

TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def stored(s3: S3Bucket) -> dict[str, tuple[bytes, str]]:
    listed = s3.client.list_objects_v2(Bucket=s3.name).get("Contents", [])
    replies = {one["Key"]: s3.client.get_object(Bucket=s3.name, Key=one["Key"]) for one in listed}
    return {key: (reply["Body"].read(), reply["ContentType"]) for key, reply in replies.items()}


@pytest.mark.s3
def test_every_sample_is_put_under_its_key_with_its_type(s3: S3Bucket) -> None:
    assert seed.seed(s3.url) == [*SAMPLES]
    assert stored(s3) == {
        key: ((PICTURES / name).read_bytes(), TYPES[PurePosixPath(key).suffix])
        for key, name in SAMPLES.items()
    }


@pytest.mark.s3
def test_a_prefix_goes_before_every_key(s3: S3Bucket) -> None:
    seed.seed(f"{s3.url}/some/prefix/")
    assert set(stored(s3)) == {f"some/prefix/{key}" for key in SAMPLES}


@pytest.mark.s3
def test_seeding_again_changes_nothing(s3: S3Bucket) -> None:
    seed.seed(s3.url)
    before = stored(s3)
    seed.seed(s3.url)
    assert stored(s3) == before


@pytest.mark.s3
def test_a_missing_bucket_is_made(s3: S3Bucket) -> None:
    seed.seed("s3://made-by-the-seed")
    listed = s3.client.list_objects_v2(Bucket="made-by-the-seed")["Contents"]
    assert len(listed) == len(SAMPLES)


@pytest.mark.s3
def test_a_bucket_that_anyone_can_read_is_refused(s3: S3Bucket) -> None:
    s3.client.create_bucket(Bucket="open-to-all", ACL="public-read")
    with pytest.raises(PermissionError, match="anyone can read"):
        seed.seed("s3://open-to-all")


@pytest.mark.parametrize("url", ["s3://", "s3:///photos", "https://bucket/", "photos", ""])
def test_what_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be s3://bucket"):
        seed.seed(url)
