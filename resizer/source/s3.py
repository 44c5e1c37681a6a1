"""S3: one bucket through obstore and boto3, and what their errors mean."""

import os
import re
import time
from datetime import UTC, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import boto3
import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError, NotModifiedError, PermissionDeniedError
from obstore.store import S3Store
from urllib3.exceptions import HTTPError

from resizer.errors import ResizerError, SourceUnavailable, UnprocessableSource
from resizer.image import Original
from resizer.source.address import endpoint_url
from resizer.source.intake import CHUNK, Intake, NotModified, no_such_image, too_late

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef
    from obstore import GetOptions
    from obstore.store import S3Config

_CONNECT_SECONDS = 2.0
_ATTEMPTS = 3
_CREDENTIALS_TTL = timedelta(minutes=6)
"""How long obstore may keep what boto3 handed over. boto3 renews assumed roles ten minutes before
their end, so nothing kept for less can be stale; obstore itself asks again five minutes early."""
_MISSING = {"NoSuchKey", "AccessDenied", "KeyTooLongError", "XMinioInvalidObjectName"}
"""S3 answers AccessDenied for a missing key when ListBucket is not permitted."""
_REACHABLE = {"NoSuchKey", "AccessDenied"}
_CODE = re.compile(r"<Code>(\w+)</Code>")


class S3:
    """Reads objects of one bucket. Every method raises only errors of the source and, when an
    object still has the `etag` that it was asked about, NotModified.
    """

    def __init__(
        self, store: S3Store, client: "S3Client", bucket: str, limits: tuple[int, float]
    ) -> None:
        self._store = store
        self._client = client
        self._bucket = bucket
        self._max_bytes, self._seconds = limits

    async def stream(self, key: str, etag: str) -> Original:
        """Through obstore; never with an empty key, which would answer the bucket's listing."""
        asked_at = time.time()
        options: GetOptions = {"if_none_match": f'"{etag}"'} if etag else {}
        try:
            found = await obstore.get_async(self._store, key, options=options)
            meta = found.meta
            identity = _identity(meta["e_tag"], etag)
            with Intake(meta["size"], self._max_bytes, asked_at) as intake:
                async for chunk in found.stream(min_chunk_size=CHUNK):
                    intake.write(chunk)
                return intake.whole(identity, meta["last_modified"].astimezone(UTC))
        except NotModifiedError:
            raise NotModified from None
        except (BaseError, OSError, ValueError) as error:
            raise _refusal(_code_of(error)) from None

    def read(self, key: str, etag: str) -> Original:
        """The same through boto3, which blocks and spells every key."""
        asked_at, deadline = time.time(), time.monotonic() + self._seconds
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        if etag:
            request["IfNoneMatch"] = f'"{etag}"'
        try:
            found = self._client.get_object(**request)
            size = found["ContentLength"]
            with found["Body"] as body, Intake(size, self._max_bytes, asked_at) as intake:
                identity = _identity(found.get("ETag"), etag)
                while chunk := body.read(CHUNK):
                    intake.write(chunk)
                    if time.monotonic() > deadline:
                        raise too_late()
                return intake.whole(identity, found["LastModified"].astimezone(UTC))
        except ClientError as error:
            raise _meaning(error) from None
        except (BotoCoreError, HTTPError, OSError) as error:
            raise _refusal(type(error).__name__) from None

    def probe(self, key: str) -> None:
        """Whether the bucket answers; a missing or forbidden `key` counts as an answer."""
        try:
            self._client.get_object(Bucket=self._bucket, Key=key)["Body"].close()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REACHABLE:
                code = error.response["Error"]["Code"]
                raise SourceUnavailable("The source refused the gateway.", reason=code) from None
        except (BotoCoreError, OSError) as error:
            reason = type(error).__name__
            raise SourceUnavailable("The source cannot be reached.", reason=reason) from None


def open_s3(
    bucket: str, *, endpoint: str | None, region: str | None, max_bytes: int, seconds: float
) -> S3:
    """Both clients with the credentials of boto3's usual chain. Raises SourceUnavailable."""
    endpoint = endpoint_url(endpoint)
    try:
        session = boto3.Session()
        region = region or os.environ.get("AWS_REGION") or session.region_name or "us-east-1"
        client = session.client(
            "s3", endpoint_url=endpoint, region_name=region, config=_config(endpoint, seconds)
        )
        store = _store(bucket, endpoint, region, seconds, session)
    except (BotoCoreError, BaseError, ValueError) as error:
        reason = f"no usable credentials or address: {type(error).__name__}"
        raise SourceUnavailable("The source cannot be read.", reason=reason) from error
    return S3(store, client, bucket, (max_bytes, seconds))


def _config(endpoint: str | None, seconds: float) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )


def _store(
    bucket: str, endpoint: str | None, region: str, seconds: float, session: boto3.Session
) -> S3Store:
    place: S3Config = {"region": region}
    if endpoint:
        # The one that outranks every variable of the environment.
        place["aws_endpoint_url_s3"] = endpoint
    return S3Store(
        bucket,
        config=place,
        credential_provider=Boto3CredentialProvider(session, ttl=_CREDENTIALS_TTL),
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            # Beyond the gateway's own deadline, which tells a timeout from other failures.
            "timeout": timedelta(seconds=seconds + 1),
        },
        retry_config={
            "max_retries": _ATTEMPTS - 1,
            "backoff": {
                "init_backoff": timedelta(milliseconds=50),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
            "retry_timeout": timedelta(seconds=seconds),
        },
    )


def _identity(tag: str | None, etag: str) -> str:
    """A reply's entity tag without quotes; empty when there is none.

    Raises NotModified for a server that ignored the condition and sent what was known.
    """
    identity = (tag or "").removeprefix("W/").strip('"')
    if identity and identity == etag:
        raise NotModified
    return identity


def _code_of(error: Exception) -> str:
    """S3's own error code out of the reply that obstore quotes, last and with its key escaped."""
    if codes := _CODE.findall(str(error)):
        return str(codes[-1])
    if isinstance(error, FileNotFoundError):
        return "NoSuchKey"
    return "AccessDenied" if isinstance(error, PermissionDeniedError) else type(error).__name__


def _meaning(error: ClientError) -> Exception:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_MODIFIED:
        return NotModified()
    return _refusal(error.response["Error"]["Code"])


def _refusal(code: str) -> ResizerError:
    if code in _MISSING:
        return no_such_image()
    if code == "InvalidObjectState":
        return UnprocessableSource("The original is archived and must be restored first.")
    return SourceUnavailable("The source cannot deliver the original.", reason=code)
