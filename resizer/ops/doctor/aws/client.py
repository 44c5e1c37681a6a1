"""Clients of S3, STS and IAM for one bucket, with and without credentials; and their answers."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from resizer.storage.s3.address import S3Address, region_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class AwsAnswer:
    """The reply to one call of an AWS API, or why there is none."""

    code: str = ""
    """Empty when it was done; else S3's error code, or the kind of what kept it from arriving."""
    status: int = 0
    """Of HTTP; 0 when nothing arrived."""
    data: Mapping[str, Any] = field(default_factory=dict)
    ahead_seconds: float | None = None
    """The server's clock less ours, by its `Date`."""

    @property
    def done(self) -> bool:
        return not self.code

    @property
    def refused(self) -> bool:
        """Somebody was there and did not permit it."""
        return self.status in (401, 403) and self.code not in _BAD_CREDENTIALS

    @property
    def unsupported(self) -> bool:
        """The server knows of no such question; several S3-compatible ones know few."""
        return self.status in (405, 501) or self.code in ("NotImplemented", "MethodNotAllowed")


_BAD_CREDENTIALS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "RequestTimeTooSkewed",
}


@dataclass(frozen=True, slots=True)
class BucketClients:
    """Clients for one bucket, each with other credentials."""

    address: S3Address
    own: "S3Client"
    """With the gateway's credentials."""
    nobody: "S3Client"
    """Without any: as the public would come."""
    auditor: "S3Client"
    """With those that may read how the bucket is set up; the gateway's own unless named."""
    identity: Any
    """The `sts` client of the gateway's credentials; None where there is no STS to ask."""
    policies: Any
    """The auditor's `iam` client, likewise."""


def open_clients(address: S3Address, audit_profile: str | None) -> BucketClients:
    """Clients that try once and soon give up. Raises BotoCoreError on a profile there is not."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    endpoint = address.endpoint
    session = boto3.Session()
    auditing = boto3.Session(profile_name=audit_profile) if audit_profile else session
    region = region_of(address.servers.s3_region, session.region_name)
    once = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    unsigned = once.merge(Config(signature_version=UNSIGNED))
    aws = has_aws(endpoint)
    return BucketClients(
        address,
        session.client("s3", endpoint_url=endpoint, region_name=region, config=once),
        session.client("s3", endpoint_url=endpoint, region_name=region, config=unsigned),
        auditing.client("s3", endpoint_url=endpoint, region_name=region, config=once),
        session.client("sts", region_name=region, config=once) if aws else None,
        auditing.client("iam", region_name=region, config=once) if aws else None,
    )


def has_profile(name: str) -> bool:
    """Whether AWS's files name it. True too where they cannot be read, which opening tells."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        return name in Session().available_profiles
    except BotoCoreError:
        return True


def has_aws(endpoint: str | None) -> bool:
    """Whether STS and IAM are there to ask: on AWS, or where the environment names others."""
    return endpoint is None or any(
        os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS")
    )


async def ask(call: Callable[..., Any], **parameters: Any) -> AwsAnswer:
    """Put one question, in a thread. Never raises for what the server or the network does."""
    return await asyncio.to_thread(_ask, call, parameters)


def _ask(call: Callable[..., Any], parameters: Mapping[str, Any]) -> AwsAnswer:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        data = call(**parameters)
        if "Body" in data:
            data["Body"].close()
        return _answer("", data)
    except ClientError as error:
        return _answer(error.response["Error"].get("Code", "Unknown"), error.response)
    except (BotoCoreError, OSError) as error:
        return AwsAnswer(type(error).__name__)


def _answer(code: str, data: Mapping[str, Any]) -> AwsAnswer:
    metadata = data["ResponseMetadata"]
    return AwsAnswer(
        code, metadata["HTTPStatusCode"], data, _ahead(metadata["HTTPHeaders"].get("date", ""))
    )


def _ahead(date: str) -> float | None:
    """`Date` is in whole seconds: half of one is added, what it lost on the average."""
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (then - datetime.now(then.tzinfo)).total_seconds() + 0.5
