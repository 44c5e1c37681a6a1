"""`python -m resizer.ops.demo.seed s3://bucket[/prefix]`: the samples, into a private bucket.

Endpoint, region and credentials come from boto3's usual chain (`AWS_ENDPOINT_URL_S3` and so on).
The bucket is made if it is missing, and must refuse to be read without credentials.
"""

import mimetypes
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from resizer.ops.demo.samples import write_samples
from resizer.storage.s3.address import S3Address

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REFUSED = 403


def seed(url: str) -> list[str]:
    """Put the samples under `url`, and return their keys.

    Raises ValueError for a URL that names no bucket, PermissionError for a bucket that anyone
    can read, botocore's errors for one that cannot be written.
    """
    address = S3Address.read(url)
    if address is None:
        raise ValueError(f"must be {S3Address.form}")
    bucket = address.name
    client = _client()
    _make(client, bucket)
    with tempfile.TemporaryDirectory(prefix="resizer-seed-") as directory:
        keys = write_samples(Path(directory))
        for key in keys:
            _put(client, bucket, address.object_of(key), Path(directory, key))
    _must_be_private(bucket, address.object_of(keys[0]))
    return keys


def _client(anonymous: bool = False) -> "S3Client":
    signing = Config(signature_version=UNSIGNED) if anonymous else Config()
    path_style = Config(s3={"addressing_style": "path"})  # no wildcard DNS for `http://s3:7070`
    client: S3Client = boto3.client("s3", config=signing.merge(path_style))
    return client


def _make(client: "S3Client", bucket: str) -> None:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        client.create_bucket(Bucket=bucket)


def _put(client: "S3Client", bucket: str, key: str, path: Path) -> None:
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ContentType=content_type)


def _must_be_private(bucket: str, key: str) -> None:
    try:
        _client(anonymous=True).get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == _REFUSED:
            return
        raise
    raise PermissionError(f"anyone can read the bucket {bucket!r}: make it private")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        written = seed(sys.argv[1])
    except (ValueError, PermissionError) as error:
        sys.exit(f"resizer.ops.demo.seed: {error}")
    print(f"{len(written)} pictures are in {sys.argv[1]}, and it is private.")
