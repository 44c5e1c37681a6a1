"""The address of an S3 bucket, or of what lies in it below a prefix."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit

from resizer.storage.address import FROM_ENVIRONMENT, Address, Servers, Source, Timeouts

if TYPE_CHECKING:
    from obstore.store import S3Store

_REGION = "us-east-1"
"""By which calls are signed when nobody names another."""


@dataclass(frozen=True, slots=True)
class S3Address(Address):
    """`s3://bucket[/prefix]`, on AWS or on another server."""

    form: ClassVar[str] = "s3://bucket[/prefix]"
    sends_events: ClassVar[bool] = True

    name: str
    """Of the bucket."""
    prefix: str
    """Without a slash at its end; empty for the whole bucket."""
    servers: Servers = FROM_ENVIRONMENT

    @classmethod
    def read(cls, text: str, servers: Servers = FROM_ENVIRONMENT) -> Self | None:
        name, _, prefix = text.partition("://")[2].partition("/")
        if not name or urlsplit(text).scheme != "s3":
            return None
        return cls(name, prefix.rstrip("/"), servers)

    @property
    def endpoint(self) -> str | None:
        """The S3 server: as set, else what boto3 reads from the environment, else None for AWS."""
        env = os.environ.get
        return (
            self.servers.s3_endpoint
            or env("AWS_ENDPOINT_URL_S3")
            or env("AWS_ENDPOINT_URL")
            or None
        )

    @property
    def identity(self) -> str:
        return f"{self.endpoint or 'aws'} s3://{self.name}/{self.prefix}".rstrip("/")

    @property
    def path(self) -> str:
        return f"{self.name}/{self.below}"

    @property
    def below(self) -> str:
        """What the names of all its objects begin with."""
        return f"{self.prefix}/" if self.prefix else ""

    def contains(self, other: Address) -> bool:
        """By bucket and prefix: one bucket may be reached through several endpoints."""
        return isinstance(other, S3Address) and other.path.startswith(self.path)

    def object_of(self, key: str) -> str:
        return self.below + key

    def key_of(self, bucket: str, name: str) -> str | None:
        inside = bucket == self.name and name.startswith(self.below) and name != self.below
        return name.removeprefix(self.below) if inside else None

    def open_source(self, *, max_bytes: int, fetch_seconds: float) -> Source:
        from resizer.storage.s3.source import S3Source

        return S3Source(self, max_bytes, fetch_seconds)

    def open_store(self, timeouts: Timeouts) -> "S3Store":
        from resizer.storage.s3.client import open_bucket

        return open_bucket(self, timeouts)[0]

    def list_pages(self, prefix: str, size: int) -> Iterator[list[str]]:
        from resizer.storage.s3.client import list_bucket

        return list_bucket(self, prefix, size)


def region_of(setting: str | None, session: str | None) -> str:
    """The region: the setting, else `AWS_REGION`, else what a boto3 session found in its files."""
    return setting or os.environ.get("AWS_REGION") or session or _REGION
