"""The clients of a bucket: how they are opened, for originals and results alike, and a listing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError
from obstore.store import S3Store

from resizer.errors import SourceUnavailable
from resizer.storage.address import CannotOpen, Timeouts
from resizer.storage.s3.address import S3Address, region_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Config

_CONNECT_SECONDS = 2.0
_CREDENTIALS_TTL = timedelta(minutes=6)
"""How long obstore may keep what boto3 handed over. boto3 renews assumed roles ten minutes before
their end, so nothing kept for less can be stale; obstore itself asks again five minutes early."""
_LISTING = Timeouts(read=10.0, total=30.0, attempts=3)


def open_bucket(address: S3Address, timeouts: Timeouts) -> tuple[S3Store, "S3Client"]:
    """obstore's and boto3's client, with the credentials of boto3's usual chain.

    Contacts nothing, except for credentials of a role. Raises CannotOpen.
    """
    try:
        session = boto3.Session()
        region = region_of(address.servers.s3_region, session.region_name)
        endpoint = address.endpoint
        client = session.client(
            "s3", endpoint_url=endpoint, region_name=region, config=_config(endpoint, timeouts)
        )
        return _store(address.name, endpoint, region, timeouts, session), client
    except (BotoCoreError, BaseError, ValueError) as error:
        raise CannotOpen(type(error).__name__) from error


def list_bucket(address: S3Address, prefix: str, size: int) -> Iterator[list[str]]:
    """The keys that start with `prefix`, at most `size` at a time. Raises SourceUnavailable."""
    try:
        _, client = open_bucket(address, _LISTING)
        listing = client.get_paginator("list_objects_v2").paginate(
            Bucket=address.name,
            Prefix=address.below + prefix,
            PaginationConfig={"PageSize": size},
        )
        for page in listing:
            names = [one["Key"] for one in page.get("Contents", ())]
            yield [name.removeprefix(address.below) for name in names if not name.endswith("/")]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise SourceUnavailable("The source does not list its keys.", reason=code) from None
    except (CannotOpen, BotoCoreError, OSError) as error:
        reason = str(error) if isinstance(error, CannotOpen) else type(error).__name__
        raise SourceUnavailable("The source cannot be reached.", reason=reason) from None


def _config(endpoint: str | None, timeouts: Timeouts) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=timeouts.read,
        retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )


def _store(
    name: str, endpoint: str | None, region: str, timeouts: Timeouts, session: boto3.Session
) -> S3Store:
    config: S3Config = {"region": region}
    if endpoint:
        # The one that outranks every variable of the environment.
        config["aws_endpoint_url_s3"] = endpoint
    return S3Store(
        name,
        config=config,
        credential_provider=Boto3CredentialProvider(session, ttl=_CREDENTIALS_TTL),
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=timeouts.read),
            "timeout": timedelta(seconds=timeouts.total),
        },
        retry_config={
            "max_retries": timeouts.attempts - 1,
            "backoff": {
                "init_backoff": timedelta(milliseconds=50),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
            "retry_timeout": timedelta(seconds=timeouts.total),
        },
    )
