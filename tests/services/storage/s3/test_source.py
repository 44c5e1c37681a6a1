"""BucketSource on a moto server: keys, prefixes, addresses and credentials."""

import asyncio

import httpx
import pytest

from resizer.errors import (
    SourceNotFound,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.storage.address import Source
from resizer.storage.s3.source import obstore_can_spell
from tests.support.servers import S3Bucket, free_port
from tests.support.sources import MAX_BYTES, fetched, fetched_all, opened, refusal

BUCKET_KEYS = ["a//b", "/leading", "//two", "trailing/", "a/./b", "./a", "tab\there"]
"""Keys that only a bucket holds."""


@pytest.mark.parametrize("prefix", ["", "/deep/er"])
def test_keys_that_obstore_cannot_spell_are_read_all_the_same(s3: S3Bucket, prefix: str) -> None:
    start = f"{prefix.lstrip('/')}/" if prefix else ""
    keys = [*BUCKET_KEYS, "k" * (1024 - len(start))]
    for key in (*keys, "a/b", "leading", "two", "trailing", "a"):
        s3.put(start + key, key.encode())
    assert fetched_all(opened(s3.url + prefix), keys) == [key.encode() for key in keys]


def test_a_missing_key_that_obstore_cannot_spell_is_not_found(s3: S3Bucket) -> None:
    source = opened(s3.url)
    for key in ("/leading", "a//b", "trailing/"):
        s3.put(key.replace("//", "/").strip("/"), b"the wrong one")
        assert type(refusal(source, key)) is SourceNotFound, key


def test_a_key_that_obstore_cannot_spell_keeps_the_limit(s3: S3Bucket) -> None:
    s3.put("a//b", bytes(MAX_BYTES + 1))
    assert type(refusal(opened(s3.url), "a//b")) is UnprocessableSource


@pytest.mark.parametrize("key", ["a//b", "/a", "a/", "a/./b", ".", "a/..", "tab\t", "\x7f", ""])
def test_obstore_is_not_asked_for_what_it_would_spell_differently(key: str) -> None:
    assert not obstore_can_spell(key)


@pytest.mark.parametrize("prefix", ["/photos", "/photos/"])
def test_a_prefix_is_joined_with_one_slash(s3: S3Bucket, prefix: str) -> None:
    s3.put("photos/cat.jpg", b"cat")
    s3.put("photoscat.jpg", b"the wrong one")
    assert fetched(opened(s3.url + prefix), "cat.jpg") == b"cat"


def test_nothing_outside_the_prefix_is_reached(s3: S3Bucket) -> None:
    s3.put("secret", b"secret")
    s3.put("photos-beside/secret", b"secret")
    source = opened(s3.url + "/photos")
    for key in ("../secret", "/secret", "/../secret", "-beside/secret", "./../secret", "secret"):
        assert type(refusal(source, key)) is SourceNotFound, key


def test_the_bucket_is_private(s3: S3Bucket) -> None:
    """What makes the other tests mean something: without credentials nothing is read."""
    s3.put("cat.jpg", b"cat")
    assert httpx.get(f"{s3.endpoint}/{s3.name}/cat.jpg").status_code == 403


def test_endpoint_and_region_may_be_given(s3: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    s3.put("cat.jpg", b"cat")
    source = opened(s3.url, endpoint=s3.endpoint, region="eu-central-1")
    assert fetched(source, "cat.jpg") == b"cat"


def test_the_general_endpoint_variable_serves_too(
    s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    s3.put("cat.jpg", b"cat")
    assert fetched(opened(s3.url), "cat.jpg") == b"cat"


def test_a_missing_bucket_is_unavailable_and_not_named(s3: S3Bucket) -> None:
    unavailable(opened("s3://no-such-bucket"), "no-such-bucket")


def test_a_gateway_without_credentials_is_unavailable(
    s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    unavailable(opened(s3.url), s3.name)


def test_a_server_that_refuses_connections_is_unavailable(s3: S3Bucket) -> None:
    unavailable(opened(s3.url, endpoint=f"http://127.0.0.1:{free_port()}"), "127.0.0.1")


def test_a_host_without_address_is_unavailable(s3: S3Bucket) -> None:
    unavailable(opened(s3.url, endpoint="http://no-such-host.invalid"), "no-such-host")


def unavailable(source: Source, secret: str) -> None:
    """Either way of fetching and the check say so, and none says where the source is."""
    errors = [refusal(source, "cat.jpg"), refusal(source, "/cat.jpg")]
    with pytest.raises(SourceUnavailable) as caught:
        asyncio.run(source.check())
    for error in (*errors, caught.value):
        assert type(error) is SourceUnavailable
        assert secret not in str(error)
        assert "test-" not in str(error)
