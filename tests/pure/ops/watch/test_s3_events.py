import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.ops.watch.s3_events import Change, PoisonMessage, keys_of, read_message
from resizer.storage.s3.address import S3Address

CAT = Change("photos-bucket", "photos/cat.jpg")


def record(
    name: str = "ObjectCreated:Put",
    key: str = "photos/cat.jpg",
    bucket: str = "photos-bucket",
    source: str = "aws:s3",
) -> dict[str, Any]:
    """As in the documentation of S3, "Event message structure"."""
    return {
        "eventVersion": "2.1",
        "eventSource": source,
        "awsRegion": "us-west-2",
        "eventTime": "1970-01-01T00:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURI"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testConfigRule",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


def notification(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


def bridged(kind: str = "Object Created", key: str = "photos/cat.jpg") -> str:
    """As in "EventBridge event message structure"."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2021-11-12T00:00:00Z",
            "region": "ca-central-1",
            "resources": ["arn:aws:s3:::photos-bucket"],
            "detail": {
                "version": "0",
                "bucket": {"name": "photos-bucket"},
                "object": {
                    "key": key,
                    "size": 5,
                    "etag": "b1946ac92492d2347c6235b4d2611184",
                    "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                    "sequencer": "617f08299329d189",
                },
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012",
                "source-ip-address": "1.2.3.4",
                "reason": "PutObject",
            },
        }
    )


def by_sns(message: str) -> str:
    """As SNS writes it where raw delivery is off."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "dc1e94d9-56c5-5e96-808d-cc7f68faa162",
            "TopicArn": "arn:aws:sns:us-east-2:111122223333:photos",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2021-02-16T21:41:19.978Z",
            "SignatureVersion": "1",
            "Signature": "FMG5tlZhJNHLHUXvZgtZzlk24FzVa7oX0T4P03neeXw8ZEXZx6z35j2FOTuNYShn2h0bKNC",
            "SigningCertURL": "https://sns.us-east-2.amazonaws.com/SimpleNotificationService.pem",
            "UnsubscribeURL": "https://sns.us-east-2.amazonaws.com/?Action=Unsubscribe",
        }
    )


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
    ],
)
def test_what_writes_or_removes_an_object_is_a_change(name: str) -> None:
    assert read_message(notification(record(name))) == [CAT]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectRestore:Post",
        "ObjectRestore:Completed",
        "ObjectRestore:Delete",
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "LifecycleTransition",
        "IntelligentTiering",
        "Replication:OperationFailedReplication",
        "ReducedRedundancyLostObject",
    ],
)
def test_what_leaves_the_bytes_alone_is_none(name: str) -> None:
    assert read_message(notification(record(name))) == []


def test_a_message_may_tell_of_several_changes() -> None:
    told = notification(record(), record("ObjectTagging:Put"), record(key="b.jpg"))
    assert read_message(told) == [CAT, Change("photos-bucket", "b.jpg")]
    assert read_message(notification()) == []


@pytest.mark.parametrize("kind", ["Object Created", "Object Deleted"])
def test_eventbridge_tells_the_same(kind: str) -> None:
    assert read_message(bridged(kind)) == [CAT]


@pytest.mark.parametrize("kind", ["Object Restore Completed", "Object Tags Added"])
def test_eventbridge_tells_of_other_things_too(kind: str) -> None:
    assert read_message(bridged(kind)) == []


@pytest.mark.parametrize("message", [notification(record()), bridged()])
def test_sns_may_have_wrapped_it(message: str) -> None:
    assert read_message(by_sns(message)) == [CAT]


@pytest.mark.parametrize("source", ["minio:s3", "ceph:s3"])
def test_other_servers_tell_in_the_same_form(source: str) -> None:
    told = record("s3:ObjectCreated:Put", source=source)
    assert read_message(json.dumps({"EventName": "s3:ObjectCreated:Put", "Records": [told]})) == [
        CAT
    ]


def test_the_test_of_a_new_notification_is_no_change() -> None:
    test = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2014-10-13T15:57:02.089Z",
        "Bucket": "bucketname",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
    }
    assert read_message(json.dumps(test)) == []
    assert read_message(by_sns(json.dumps(test))) == []


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("my+photo%2B1.jpg", "my photo+1.jpg"),
        ("photos/Zo%C3%AB.jpg", "photos/Zoë.jpg"),
        ("a%252Fb", "a%2Fb"),
    ],
)
def test_keys_of_notifications_are_encoded_and_those_of_eventbridge_are_not(
    encoded: str, key: str
) -> None:
    assert read_message(notification(record(key=encoded)))[0].key == key
    assert read_message(bridged(key=encoded))[0].key == encoded


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "null",
        "[]",
        "7",
        "{}",
        '{"Records": 7}',
        '{"Records": [7]}',
        '{"Records": [{}]}',
        notification(record(source="aws:ses")),
        notification(record(key="%ff")),
        notification(record(key="\ud800")),
        notification(record(key="")),
        notification({**record(), "s3": {}}),
        notification({**record(), "eventName": 7}),
        bridged(key=""),
        '{"source": "aws.s3"}',
        '{"source": "aws.ec2", "detail-type": "Object Created"}',
        by_sns("hello"),
        by_sns(by_sns(notification(record()))),
        '{"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "confirm"}',
        "[" * 100_000,
    ],
    ids=lambda body: body[:40],
)
def test_anything_else_is_poison(body: str) -> None:
    with pytest.raises(PoisonMessage, match="not a message of S3"):
        read_message(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "Type", "TopicArn", "Message", "source", "detail", "s3"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text())
def test_no_text_does_more_than_poison(body: str) -> None:
    with suppress(PoisonMessage):
        assert read_message(body) is not None


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("", ["photos/cat.jpg", "photos/2019/a.jpg", "photographs/b.jpg", "photos/"]),
        ("photos", ["cat.jpg", "2019/a.jpg"]),
        ("photos/2019", ["a.jpg"]),
    ],
)
def test_keys_are_those_of_the_source(prefix: str, keys: list[str]) -> None:
    there = ["photos/cat.jpg", "photos/2019/a.jpg", "photographs/b.jpg", "photos/"]
    changes = [*(Change("b", key) for key in there), Change("another", "photos/cat.jpg")]
    assert keys_of(changes, S3Address("b", prefix)) == keys
