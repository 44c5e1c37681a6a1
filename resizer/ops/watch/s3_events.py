"""S3 event notifications: from the text of a message to the objects that changed. No I/O.

    keys = keys_of(read_message(body), S3Address("my-bucket", "photos"))

| form | looks like |
| --- | --- |
| notification | `{"Records": [{"eventName": "ObjectCreated:Put", "s3": {…}}, …]}` |
| EventBridge | `{"source": "aws.s3", "detail-type": "Object Created", "detail": {…}}` |
| SNS around either | `{"Type": "Notification", "Message": "<the text of one of them>"}` |
| test of a new notification | `{"Service": "Amazon S3", "Event": "s3:TestEvent", …}` |

From the documentation of S3: "Event message structure", "EventBridge event message structure".
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from resizer.storage.address import Address

_CHANGES = ("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:")
"""Names of events after which the key leads to other bytes, or to none. Delete markers and single
versions are among them; restores, tags, access lists and storage classes are not."""
_BRIDGED_CHANGES = {"Object Created", "Object Deleted"}


class PoisonMessage(ValueError):
    """A message that is none of these forms: it will not be understood the next time either."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object was written or removed."""

    bucket: str
    key: str
    """As it is in the bucket, decoded."""


def read_message(body: str) -> list[Change]:
    """The changes in a message, perhaps none. Raises PoisonMessage."""
    try:
        facts = json.loads(body)
        if facts.get("Type") == "Notification" and "TopicArn" in facts:
            facts = json.loads(facts["Message"])
        changes = _changes(facts)
        for change in changes:
            change.key.encode()  # half a surrogate pair is no key
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PoisonMessage(f"not a message of S3: {type(error).__name__}") from None
    return changes


def keys_of(changes: Iterable[Change], source: Address) -> list[str]:
    """The keys of the originals of a source among what changed."""
    found = (source.key_of(change.bucket, change.key) for change in changes)
    return [key for key in found if key is not None]


def _changes(facts: dict[str, Any]) -> list[Change]:
    if facts.get("Event") == "s3:TestEvent":
        return []
    if facts.get("source") == "aws.s3":
        return _bridged(facts)
    return [_recorded(record) for record in facts["Records"] if _is_change(record)]


def _bridged(event: dict[str, Any]) -> list[Change]:
    if event["detail-type"] not in _BRIDGED_CHANGES:
        return []
    detail = event["detail"]
    return [_change(detail["bucket"]["name"], detail["object"]["key"])]


def _is_change(record: dict[str, Any]) -> bool:
    """Servers other than AWS write `s3:` before the name, and their own before `:s3`."""
    if not record["eventSource"].endswith(":s3"):
        raise ValueError("of another service")
    return bool(record["eventName"].removeprefix("s3:").startswith(_CHANGES))


def _recorded(record: dict[str, Any]) -> Change:
    """Keys of notifications are encoded as in a form, a space as `+`; EventBridge's are not."""
    s3 = record["s3"]
    key = unquote_plus(s3["object"]["key"], errors="strict")
    return _change(s3["bucket"]["name"], key)


def _change(bucket: object, key: object) -> Change:
    if not (isinstance(bucket, str) and isinstance(key, str) and bucket and key):
        raise TypeError("names must be text")
    return Change(bucket, key)
