"""CloudFront's CreateInvalidation, once."""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from resizer.cdn.http import Reply
from resizer.cdn.plan import Invalidation

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

_AGAIN = {
    "TooManyInvalidationsInProgress",
    "Throttling",
    "ThrottlingException",
    "RequestTimeout",
    "RequestLimitExceeded",
}
_REGION = "us-east-1"
"""By which calls are signed; CloudFront is one for the whole world."""
_CONFIG = Config(connect_timeout=10, read_timeout=10, retries={"total_max_attempts": 1})


def invalidate(invalidation: Invalidation) -> Reply:
    """One attempt, with the credentials of boto3's usual chain. Blocks; raises nothing."""
    try:
        _client().create_invalidation(
            DistributionId=invalidation.distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(invalidation.items), "Items": list(invalidation.items)},
                "CallerReference": invalidation.reference,
            },
        )
    except ClientError as error:
        code, status = error.response["Error"]["Code"], _status(error)
        again = status >= 500 or status == 429 or code in _AGAIN
        return Reply(False, again, f"HTTP {status}: {code}")
    except (NoCredentialsError, NoRegionError) as error:
        return Reply(False, said=str(error))
    except BotoCoreError as error:
        return Reply(False, again=True, said=f"no answer: {type(error).__name__}")
    return Reply(True)


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


@lru_cache(maxsize=1)
def _client() -> "CloudFrontClient":
    session = boto3.Session()
    client: CloudFrontClient = session.client("cloudfront", region_name=_REGION, config=_CONFIG)
    return client
