"""Where a source is: what the text of a setting names."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

PROBE = ".resizer-probe"
"""The key of an object that need not exist."""
_REGION = "us-east-1"
"""By which calls are signed when nobody names another."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket, or what lies in it below a prefix."""

    name: str
    prefix: str
    """Without a slash at its end; empty for the whole bucket."""

    @property
    def below(self) -> str:
        """What the names of all its objects begin with."""
        return f"{self.prefix}/" if self.prefix else ""

    def object_of(self, key: str) -> str:
        """The name of the object that `key` leads to."""
        return self.below + key


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


def region_of(setting: str | None, session: str | None) -> str:
    """The region: the setting, else `AWS_REGION`, else what a boto3 session found in its files."""
    return setting or os.environ.get("AWS_REGION") or session or _REGION
