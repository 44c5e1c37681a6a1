"""An SQS queue. Every call blocks, and is to be made in a thread."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from resizer.storage.s3.address import region_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
"""Messages that SQS takes and gives at a time."""
_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}
)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+")


class QueueUnavailable(Exception):
    """SQS does not answer, or fails: later it may work."""


class QueueRefused(QueueUnavailable):
    """These credentials may not use it."""


class QueueMissing(QueueRefused):
    """There is no such queue."""


@dataclass(frozen=True, slots=True)
class SqsMessage:
    """One message, as one receive of it gave it."""

    id: str
    receipt: str
    body: str
    receives: int
    """Times it was received, this one included."""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What the queue says of itself."""

    visibility: int
    """Seconds for which a message that was received is nobody else's."""
    redrives: bool
    """It moves what was received too often to a dead-letter queue by itself."""


class SqsQueue:
    """Raises QueueUnavailable, or QueueRefused, and nothing else."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def facts(self) -> QueueFacts:
        with _failures():
            found = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
            ).get("Attributes", {})
        return QueueFacts(int(found.get("VisibilityTimeout", 30)), bool(found.get("RedrivePolicy")))

    def receive(self, seconds: int) -> list[SqsMessage]:
        """Up to ten messages, waiting for the first not longer than `seconds`."""
        with _failures():
            found = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            SqsMessage(
                one["MessageId"],
                one["ReceiptHandle"],
                one["Body"],
                int(one.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for one in found.get("Messages", [])
        ]

    def delete(self, messages: Sequence[SqsMessage]) -> None:
        """They are done with. What SQS then fails to delete it delivers again."""
        with _failures():
            self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": one.receipt}
                    for number, one in enumerate(messages)
                ],
            )

    def extend(self, messages: Sequence[SqsMessage], seconds: int) -> None:
        """Keep them from everybody else for so long, from now on."""
        with _failures():
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": one.receipt, "VisibilityTimeout": seconds}
                    for number, one in enumerate(messages)
                ],
            )

    def send(self, body: str) -> None:
        with _failures():
            self._client.send_message(QueueUrl=self._url, MessageBody=body)


def open_queue(url: str, config: Config = _CONFIG) -> SqsQueue:
    """The queue of that URL, whose server it is; credentials by boto3's usual chain.

    `config` says how long to wait. Nothing is contacted yet. Raises QueueRefused when boto3 cannot
    begin.
    """
    parts = urlsplit(url)
    named = _REGION.search(parts.hostname or "")
    try:
        session = boto3.Session()
        client: SQSClient = session.client(
            "sqs",
            region_name=region_of(named[0] if named else None, session.region_name),
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise QueueRefused(f"SQS cannot be used: {type(error).__name__}") from error
    return SqsQueue(client, url)


@contextmanager
def _failures() -> Iterator[None]:
    """botocore's errors as the two that there are here."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if "NonExistentQueue" in code or code == "QueueDoesNotExist":
            raise QueueMissing(f"SQS refuses: {code}") from None
        if 400 <= status < 500 and status != 429 and "Throttl" not in code:
            raise QueueRefused(f"SQS refuses: {code}") from None
        raise QueueUnavailable(f"SQS fails: {code}") from None
    except NoCredentialsError:
        raise QueueRefused("SQS cannot be used: no AWS credentials were found") from None
    except BotoCoreError as error:
        raise QueueUnavailable(f"SQS does not answer: {type(error).__name__}") from None
