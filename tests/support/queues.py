"""For watchers: a queue of the moto server, and a flush that is counted."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resizer.model.flush import FlushResult
from tests.support.servers import S3Bucket

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType


@dataclass
class Flushes:
    """A flush that counts, waits and fails as it is told."""

    keys: list[str] = field(default_factory=list)
    calls: int = 0
    errors: list[Exception] = field(default_factory=list)
    """One for each call, until there is none left."""
    broken_key: str = ""
    """What no call can flush."""
    paths: frozenset[str] = frozenset()
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, keys: list[str]) -> FlushResult:
        self.calls += 1
        self.begun.set()
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        if self.broken_key in keys:
            raise ZeroDivisionError
        self.keys += keys
        return FlushResult(len(keys), len(keys), self.paths)


class Line:
    """A queue of the moto server, as those who use it see it."""

    def __init__(
        self, client: "SQSClient", attributes: "dict[QueueAttributeNameType, str]"
    ) -> None:
        self.client = client
        name = f"events-{uuid.uuid4().hex}"
        self.url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def attribute(self, name: "QueueAttributeNameType") -> str:
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        return found["Attributes"][name]

    @property
    def arn(self) -> str:
        return self.attribute("QueueArn")

    def waiting(self) -> int:
        """Messages in it, those that somebody is at included."""
        seen = int(self.attribute("ApproximateNumberOfMessages"))
        return seen + int(self.attribute("ApproximateNumberOfMessagesNotVisible"))

    def tell(self, *keys: str, bucket: str = S3Bucket.name) -> None:
        for key in keys:
            s3 = {"bucket": {"name": bucket}, "object": {"key": key}}
            record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
            self.send(json.dumps({"Records": [record]}))

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def bodies(self) -> list[str]:
        found = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [one["Body"] for one in found.get("Messages", [])]


MakeLine = Callable[..., Line]
"""`make_line(VisibilityTimeout="2")`: a queue with these attributes."""
