"""The sample photos in a bucket, on a moto server."""

from pathlib import Path

import pytest

from resizer.ops.demo import seed
from resizer.ops.demo.samples import Sample
from tests.support.servers import S3Bucket

TWO = [Sample("photos/Zoë & friends, 100%.jpg", "citrus"), Sample("logo.png", "logo")]


@pytest.fixture(autouse=True)
def two_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is tested elsewhere: here two small files stand for the photos."""

    def write(directory: Path) -> list[Sample]:
        for sample in TWO:
            path = directory / sample.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sample.key.encode())
        return TWO

    monkeypatch.setattr(seed, "draw_samples", write)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def stored(s3: S3Bucket) -> dict[str, tuple[bytes, str]]:
    listed = s3.client.list_objects_v2(Bucket=s3.name).get("Contents", [])
    replies = {one["Key"]: s3.client.get_object(Bucket=s3.name, Key=one["Key"]) for one in listed}
    return {key: (reply["Body"].read(), reply["ContentType"]) for key, reply in replies.items()}


@pytest.mark.s3
def test_every_sample_is_put_under_its_key_with_its_type(s3: S3Bucket) -> None:
    assert seed.seed(s3.url) == [sample.key for sample in TWO]
    assert stored(s3) == {
        "photos/Zoë & friends, 100%.jpg": (TWO[0].key.encode(), "image/jpeg"),
        "logo.png": (TWO[1].key.encode(), "image/png"),
    }


@pytest.mark.s3
def test_a_prefix_goes_before_every_key(s3: S3Bucket) -> None:
    seed.seed(f"{s3.url}/some/prefix/")
    assert set(stored(s3)) == {f"some/prefix/{sample.key}" for sample in TWO}


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
    assert len(listed) == len(TWO)


@pytest.mark.s3
def test_a_bucket_that_anyone_can_read_is_refused(s3: S3Bucket) -> None:
    s3.client.create_bucket(Bucket="open-to-all", ACL="public-read")
    with pytest.raises(PermissionError, match="anyone can read"):
        seed.seed("s3://open-to-all")


@pytest.mark.parametrize("url", ["s3://", "s3:///photos", "https://bucket/", "photos", ""])
def test_what_names_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be s3://bucket"):
        seed.seed(url)
