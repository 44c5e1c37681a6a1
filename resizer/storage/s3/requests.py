"""Requests to S3 for originals, through obstore and boto3, and what their errors mean."""

import re
import time
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING

import obstore
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import BaseError, NotModifiedError, PermissionDeniedError
from obstore.store import S3Store
from urllib3.exceptions import HTTPError

from resizer.errors import SourceUnavailable, UnprocessableSource
from resizer.model.image import Original
from resizer.storage.address import CannotOpen, Timeouts
from resizer.storage.download import CHUNK, DownloadBuffer, NotModified, no_such_image, timed_out
from resizer.storage.retry import Transient
from resizer.storage.s3.address import S3Address
from resizer.storage.s3.client import open_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef
    from obstore import GetOptions

_MISSING = {"NoSuchKey", "404", "AccessDenied", "403", "KeyTooLongError", "XMinioInvalidObjectName"}
"""S3 answers AccessDenied for a missing key when ListBucket is not permitted. The numbers are what
boto3 makes of a reply without a code."""
_REACHABLE = {"NoSuchKey", "AccessDenied"}
_ASK_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_TOO_MANY = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
"""S3 says SlowDown with a 503, others with a 429."""
_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")


class S3Reader:
    """Reads objects of one bucket, one attempt a call.

    Raises errors of the source; as Transient when another attempt may do better; and NotModified
    when an object still has the `etag` that it was asked about.
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
            with DownloadBuffer(meta["size"], self._max_bytes, asked_at) as buffer:
                async for chunk in found.stream(min_chunk_size=CHUNK):
                    buffer.write(chunk)
                return buffer.seal(identity, meta["last_modified"].astimezone(UTC))
        except NotModifiedError:
            raise NotModified from None
        except SourceUnavailable as error:  # too few or too many bytes
            raise Transient(error) from None
        except (BaseError, OSError, ValueError) as error:
            raise _refusal(_code_of(error), _status_of(error)) from None

    def read(self, key: str, etag: str) -> Original:
        """The same through boto3, which blocks and spells every key."""
        asked_at, deadline = time.time(), time.monotonic() + self._seconds
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        if etag:
            request["IfNoneMatch"] = f'"{etag}"'
        try:
            found = self._client.get_object(**request)
            with found["Body"] as body:
                identity, size = _identity(found.get("ETag"), etag), found["ContentLength"]
                with DownloadBuffer(size, self._max_bytes, asked_at) as buffer:
                    while chunk := body.read(CHUNK):
                        buffer.write(chunk)
                        if time.monotonic() > deadline:
                            raise timed_out()
                    return buffer.seal(identity, found["LastModified"].astimezone(UTC))
        except ClientError as error:
            code, status = _answer(error)
            if status == HTTPStatus.NOT_MODIFIED:
                raise NotModified from None
            raise _refusal(code, status) from None
        except SourceUnavailable as error:
            raise Transient(error) from None
        except (BotoCoreError, HTTPError, OSError, KeyError) as error:
            raise _refusal(type(error).__name__, None) from None

    def probe(self, key: str) -> None:
        """Whether the bucket answers; a missing or forbidden `key` counts as an answer."""
        try:
            self._client.get_object(Bucket=self._bucket, Key=key)["Body"].close()
        except ClientError as error:
            code, status = _answer(error)
            if code not in _REACHABLE:
                raise _trouble("The source refused the gateway.", code, status) from None
        except (BotoCoreError, OSError) as error:
            code = type(error).__name__
            raise _trouble("The source cannot be reached.", code, None) from None

    def close(self) -> None:
        """Close boto3's connections; obstore's close with it."""
        self._client.close()


def open_reader(address: S3Address, max_bytes: int, seconds: float) -> S3Reader:
    """Both clients with the credentials of boto3's usual chain. Raises SourceUnavailable.

    Whoever is silent for half the time is asked once more. The total lies beyond the gateway's own
    deadline, which tells a timeout from other failures.
    """
    try:
        store, client = open_bucket(address, Timeouts(read=seconds / 2, total=seconds + 1))
    except CannotOpen as error:
        reason = f"no usable credentials or address: {error}"
        raise SourceUnavailable("The source cannot be read.", reason=reason) from error
    return S3Reader(store, client, address.name, (max_bytes, seconds))


def _identity(tag: str | None, etag: str) -> str:
    """A reply's entity tag without quotes; empty when there is none.

    Raises NotModified for a server that ignored the condition and sent what was known.
    """
    identity = (tag or "").removeprefix("W/").strip('"')
    if identity and identity == etag:
        raise NotModified
    return identity


def _answer(error: ClientError) -> tuple[str, int]:
    """S3's error code and the HTTP status of its reply."""
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def _code_of(error: Exception) -> str:
    """S3's own error code out of the reply that obstore quotes, last and with its key escaped."""
    if codes := _CODE.findall(str(error)):
        return str(codes[-1])
    if isinstance(error, FileNotFoundError):
        return "NoSuchKey"
    return "AccessDenied" if isinstance(error, PermissionDeniedError) else type(error).__name__


def _status_of(error: Exception) -> int | None:
    """The HTTP status that obstore tells before it quotes the reply; None when there was none."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None


def _refusal(code: str, status: int | None) -> Exception:
    if code in _MISSING:
        return no_such_image(code)
    if code == "InvalidObjectState":
        return UnprocessableSource("The original is archived and must be restored first.")
    return _trouble("The source cannot deliver the original.", code, status)


def _trouble(message: str, code: str, status: int | None) -> Exception:
    """Transient, unless the server said with a 3xx or 4xx that this request will not do."""
    error = SourceUnavailable(message, reason=code)
    final = status is not None and status < 500 and status not in _ASK_AGAIN
    return error if final else Transient(error, too_many=status in _TOO_MANY)
