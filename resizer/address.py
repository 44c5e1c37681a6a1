"""Where a source is: what the text of a setting names."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket, or what lies in it below a prefix."""

    name: str
    prefix: str
    """Without a slash at its end; empty for the whole bucket."""


def read_address(url: str) -> Bucket | Path:
    """`s3://bucket[/prefix]`, a directory, or its `file://` URL. Raises ValueError."""
    if "://" not in url:
        return Path(url)
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    name, _, prefix = url.partition("://")[2].partition("/")
    if parts.scheme != "s3" or not name:
        raise ValueError("must be s3://bucket[/prefix] or a directory")
    return Bucket(name, prefix.rstrip("/"))


def endpoint_url(setting: str | None) -> str | None:
    """The S3 server: the setting, else what boto3 reads from the environment, else None for AWS."""
    env = os.environ.get
    return setting or env("AWS_ENDPOINT_URL_S3") or env("AWS_ENDPOINT_URL") or None
