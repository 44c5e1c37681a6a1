"""CloudFront: invalidations of tags or paths, with the credentials of boto3's usual chain."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from resizer.cdn.call import CallResult
from resizer.cdn.vendor import Purge, Vendor, batches
from resizer.urls.dialects import DIALECTS

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_cloudfront import CloudFrontClient

EVERY_IMAGE = tuple(f"{prefix}*" for prefix in DIALECTS.prefixes)
"""All paths of images. Other things may be behind the same distribution."""
_MOST_PATHS = 200
"""Paths invalidated one by one, each of which CloudFront charges for; more are `EVERY_IMAGE`."""
_MOST_ITEMS = 1000
"""Of the 3,000 that may be in progress at a time."""
_AGAIN = {
    "TooManyInvalidationsInProgress",
    "Throttling",
    "ThrottlingException",
    "RequestTimeout",
    "RequestLimitExceeded",
}
_REGION = "us-east-1"
"""By which calls are signed; CloudFront is one for the whole world."""
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One CreateInvalidation."""

    distribution: str
    items: tuple[str, ...]
    """Paths, or tags that begin with `#`."""
    reference: str = field(default_factory=lambda: uuid.uuid4().hex)
    """CallerReference: the same for every attempt, so that a repeated one does nothing twice."""

    def send(self) -> CallResult:
        # Imported where something is purged: boto3 takes a while.
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            NoCredentialsError,
            NoRegionError,
        )

        try:
            _client().create_invalidation(
                DistributionId=self.distribution,
                InvalidationBatch={
                    "Paths": {"Quantity": len(self.items), "Items": list(self.items)},
                    "CallerReference": self.reference,
                },
            )
        except ClientError as error:
            return _refused(error)
        except (NoCredentialsError, NoRegionError) as error:
            return CallResult(False, said=str(error))
        except BotoCoreError as error:
            return CallResult(False, again=True, said=f"no answer: {type(error).__name__}")
        return CallResult(True)


def _refused(error: "ClientError") -> CallResult:
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    again = status >= 500 or status == 429 or code in _AGAIN
    return CallResult(False, again, f"HTTP {status}: {code}")


@lru_cache(maxsize=1)
def _client() -> "CloudFrontClient":
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1}
    )
    client: CloudFrontClient = boto3.Session().client(
        "cloudfront", region_name=_REGION, config=config
    )
    return client


def _by_tag(purge: Purge) -> Iterator[Invalidation]:
    return _calls(purge, [f"#{tag}" for tag in purge.tags])


def _by_path(purge: Purge) -> Iterator[Invalidation]:
    of_keys = all(flush.key is not None for flush in purge.flushes)
    return _calls(
        purge, purge.paths if of_keys and len(purge.paths) <= _MOST_PATHS else EVERY_IMAGE
    )


def _calls(purge: Purge, items: Sequence[str]) -> Iterator[Invalidation]:
    for batch in batches(items, _MOST_ITEMS):
        yield Invalidation(purge.address, tuple(batch))


VENDORS = (
    Vendor("cloudfront", _by_tag, pause=0.5),
    Vendor("cloudfront-path", _by_path, pause=0.5, by_url=True),
)
