"""Object stores: how a bucket is opened, for originals and for results alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError
from obstore.store import S3Store

from resizer.storage.address import endpoint_url, region_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Config

_CONNECT_SECONDS = 2.0
_CREDENTIALS_TTL = timedelta(minutes=6)
"""How long obstore may keep what boto3 handed over. boto3 renews assumed roles ten minutes before
their end, so nothing kept for less can be stale; obstore itself asks again five minutes early."""
CANNOT_OPEN = (BotoCoreError, BaseError, ValueError)
"""What opening raises: credentials or an address that cannot be used."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the two clients wait for a bucket."""

    silence: float
    """Seconds without a byte, after which an attempt has failed."""
    total: float
    """Seconds for one attempt."""
    attempts: int = 1
    """Of one request, as the clients count: 5xx, 429 and broken connections are asked again."""


def open_bucket(
    name: str, endpoint: str | None, region: str | None, patience: Patience
) -> tuple[S3Store, "S3Client"]:
    """obstore's and boto3's client, with the credentials of boto3's usual chain.

    Contacts nothing, except for credentials of a role. Raises CANNOT_OPEN.
    """
    endpoint = endpoint_url(endpoint)
    session = boto3.Session()
    region = region_of(region, session.region_name)
    client = session.client(
        "s3", endpoint_url=endpoint, region_name=region, config=_config(endpoint, patience)
    )
    return _store(name, endpoint, region, patience, session), client


def _config(endpoint: str | None, patience: Patience) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=patience.silence,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )


def _store(
    name: str, endpoint: str | None, region: str, patience: Patience, session: boto3.Session
) -> S3Store:
    place: S3Config = {"region": region}
    if endpoint:
        # The one that outranks every variable of the environment.
        place["aws_endpoint_url_s3"] = endpoint
    return S3Store(
        name,
        config=place,
        credential_provider=Boto3CredentialProvider(session, ttl=_CREDENTIALS_TTL),
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=patience.silence),
            "timeout": timedelta(seconds=patience.total),
        },
        retry_config={
            "max_retries": patience.attempts - 1,
            "backoff": {
                "init_backoff": timedelta(milliseconds=50),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
            "retry_timeout": timedelta(seconds=patience.total),
        },
    )
