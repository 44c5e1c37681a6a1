"""Messages of the bucket's queue: changes or poison."""

from resizer.model.cache_tags import tags_for
from resizer.model.flush import Flush
from resizer.ops.watch.s3_events import Change, PoisonMessage, keys_of, read_message
from resizer.storage.s3.address import S3Address
from tests.fuzz.target import Target
from tests.pure.ops.watch.test_s3_events import bridged, by_sns, notification, record

PLACES = [S3Address("photos-bucket", ""), S3Address("photos-bucket", "photos")]


def check(data: bytes) -> None:
    body = data.decode("utf-8", "replace")
    try:
        changes = read_message(body)
    except PoisonMessage:
        return
    for change in changes:
        check_change(change)
    for place in PLACES:
        check_keys(changes, place)


def check_change(change: Change) -> None:
    assert change.key
    assert change.bucket
    change.key.encode()


def check_keys(changes: list[Change], place: S3Address) -> None:
    """Only keys of this bucket and below this prefix, and each can be purged from a CDN."""
    keys = keys_of(changes, place)
    for key in keys:
        assert key
        assert Change(place.name, place.below + key) in changes
        assert all(map(str.isascii, tags_for(Flush(key=key))))
    assert len(keys) <= len(changes)


TARGET = Target(
    check,
    seeds=[
        notification(record()).encode(),
        notification(record("ObjectRemoved:Delete", "photos/a+b%2B%C3%A9"), record()).encode(),
        notification(record("s3:ObjectCreated:Put", source="minio:s3")).encode(),
        bridged().encode(),
        bridged("Object Deleted", "photos/").encode(),
        by_sns(notification(record())).encode(),
        b'{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
        b'{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",'
        b' "s3": {"bucket": {"name": "photos-bucket"}, "object": {"key": "%FF\\ud800"}}}]}',
        b"[" * 3000,
    ],
    words=[
        *(b'"Records": [', b'"eventSource": "aws:s3"', b'"eventName": "ObjectCreated:', b'"s3": {'),
        *(
            b'"bucket": {"name": "photos-bucket"}',
            b'"object": {"key": "',
            b'"Type": "Notification"',
        ),
        *(
            b'"TopicArn": 1',
            b'"Message": "',
            b'"source": "aws.s3"',
            b'"detail-type": "',
            b'"detail": {',
        ),
        *(b"%2B", b"+", b"%FF", b"\\ud800", b"\\u0000", b"null", b"NaN", b"true", b"}}}]}"),
    ],
)
