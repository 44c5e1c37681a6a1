"""Watching: moto's S3, SNS, EventBridge and SQS, and a flush that is counted."""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import boto3
import pytest

from resizer.cdn.target import PurgePolicy, read_target
from resizer.errors import CacheUnavailable
from resizer.ops.watch.queue import QueueRefused, QueueUnavailable, open_queue
from resizer.ops.watch.watcher import Watcher, WatchPolicy
from resizer.storage.s3.address import S3Address
from tests.support.deadlines import MAX_WAIT
from tests.support.queues import Flushes, Line, MakeLine
from tests.support.recorder import Recorder, ScriptedReply, recorder
from tests.support.servers import S3Bucket, free_port
from tests.support.waiting import soon

POISON = "hello"


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto has one place to look at, and finds there what there is without a long poll."""
    monkeypatch.setattr("resizer.ops.watch.watcher._DRAINING_POLL_SECONDS", 0)


@pytest.fixture
def line(make_line: MakeLine) -> Line:
    return make_line()


@pytest.fixture
def again(make_line: MakeLine) -> Line:
    """A queue whose messages come again at once."""
    return make_line(VisibilityTimeout="0")


def watcher(
    line: Line,
    flushes: Flushes,
    dead: Line | None = None,
    cdn: PurgePolicy | None = None,
    prefix: str = "",
) -> Watcher:
    return Watcher(
        open_queue(line.url),
        open_queue(dead.url) if dead else None,
        flushes,
        WatchPolicy(S3Address(S3Bucket.name, prefix), 3, cdn or PurgePolicy(())),
    )


def drained(
    line: Line, flushes: Flushes, dead: Line | None = None, cdn: PurgePolicy | None = None
) -> bool:
    return asyncio.run(watcher(line, flushes, dead, cdn).drain())


async def ended(watching: Watcher, *, when: Callable[[], bool]) -> None:
    """Watch until something is so, then stop and wait for the end."""
    task = asyncio.create_task(watching.run())
    await soon(lambda: when() or task.done(), MAX_WAIT)
    watching.stop.set()
    await asyncio.wait_for(task, MAX_WAIT)


def test_what_changed_is_flushed_once_and_its_messages_deleted(line: Line) -> None:
    line.tell("a.jpg", "my+photo.jpg", "a.jpg", "b.jpg")
    line.tell("c.jpg", bucket="another")
    flushes = Flushes()
    assert drained(line, flushes)
    assert sorted(flushes.keys) == ["a.jpg", "b.jpg", "my photo.jpg"]
    assert flushes.calls == 1
    assert line.waiting() == 0


def test_keys_outside_the_prefix_of_the_source_are_none_of_it(line: Line) -> None:
    line.tell("photos/a.jpg", "private/b.jpg")
    flushes = Flushes()
    assert asyncio.run(watcher(line, flushes, prefix="photos").drain())
    assert flushes.keys == ["a.jpg"]
    assert line.waiting() == 0


def test_more_messages_than_one_batch_are_drained(line: Line) -> None:
    keys = {f"{number}.jpg" for number in range(25)}
    line.tell(*keys)
    flushes = Flushes()
    assert drained(line, flushes)
    assert set(flushes.keys) == keys
    assert line.waiting() == 0


@pytest.fixture
def notified(aws: S3Bucket) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Sets where the bucket's notifications go; at the end of the test nowhere."""

    def set_to(configuration: dict[str, Any]) -> None:
        aws.client.put_bucket_notification_configuration(
            Bucket=aws.name,
            NotificationConfiguration=configuration,  # type: ignore[arg-type]
        )

    yield set_to
    set_to({})


Notified = Callable[[dict[str, Any]], None]
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


def test_a_bucket_tells_its_queue(line: Line, aws: S3Bucket, notified: Notified) -> None:
    notified({"QueueConfigurations": [{"QueueArn": line.arn, "Events": EVENTS}]})
    flushes = Flushes()
    aws.put("photos/Zoë 1+2.jpg", b"1")
    assert drained(line, flushes)
    aws.client.delete_object(Bucket=aws.name, Key="photos/Zoë 1+2.jpg")
    assert drained(line, flushes)
    assert flushes.keys == ["photos/Zoë 1+2.jpg"] * 2


@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_bucket_tells_a_topic(line: Line, aws: S3Bucket, notified: Notified, raw: str) -> None:
    sns = boto3.client("sns", region_name="us-east-1", endpoint_url=aws.endpoint)
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex}")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=line.arn,
        Attributes={"RawMessageDelivery": raw},
    )
    notified({"TopicConfigurations": [{"TopicArn": topic, "Events": EVENTS}]})
    flushes = Flushes()
    aws.put("photos/a b.jpg", b"1")
    assert drained(line, flushes)
    assert flushes.keys == ["photos/a b.jpg"]
    sns.close()


def test_a_bucket_tells_eventbridge(line: Line, aws: S3Bucket, notified: Notified) -> None:
    events = boto3.client("events", region_name="us-east-1", endpoint_url=aws.endpoint)
    rule = f"rule-{uuid.uuid4().hex}"
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.s3"]}')
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": line.arn}])
    notified({"EventBridgeConfiguration": {}})
    flushes = Flushes()
    aws.put("photos/a b+c.jpg", b"1")
    assert drained(line, flushes)
    assert flushes.keys == ["photos/a b+c.jpg"]
    events.remove_targets(Rule=rule, Ids=["1"])
    events.delete_rule(Name=rule)
    events.close()


def test_two_watchers_share_a_queue(line: Line) -> None:
    keys = {f"{number}.jpg" for number in range(60)}
    line.tell(*keys)

    async def scene() -> list[str]:
        both = [Flushes(), Flushes()]
        for flushes in both:
            flushes.gate.clear()
        watching = [asyncio.create_task(watcher(line, flushes).drain()) for flushes in both]
        for flushes in both:
            await flushes.begun.wait()
        for flushes in both:
            flushes.gate.set()
        assert await asyncio.gather(*watching) == [True, True]
        return [key for flushes in both for key in flushes.keys]

    # At least once each: on a busy machine a message may be visible again before it is deleted.
    assert set(asyncio.run(scene())) == keys
    assert line.waiting() == 0


def test_a_message_is_kept_from_others_while_its_flush_takes_long(
    make_line: MakeLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_line(VisibilityTimeout="2")
    line.tell("a.jpg")

    async def scene() -> None:
        flushes = Flushes()
        flushes.gate.clear()
        watching = watcher(line, flushes)
        extend = Mock(side_effect=watching._queue.extend)
        monkeypatch.setattr(watching._queue, "extend", extend)
        task = asyncio.create_task(watching.drain())
        await soon(lambda: extend.call_count == 2)  # it would be visible again by then
        assert await asyncio.to_thread(line.bodies) == []
        flushes.gate.set()
        assert await task

    asyncio.run(scene())
    assert line.waiting() == 0


def test_a_flush_that_cannot_be_sure_leaves_its_messages(line: Line) -> None:
    line.tell("a.jpg", "b.jpg")
    flushes = Flushes(errors=[CacheUnavailable("Redis is away")])
    assert not drained(line, flushes)
    assert flushes.keys == []
    assert line.waiting() == 2


def test_while_the_tiers_are_away_a_watcher_waits_and_no_message_is_given_up(
    again: Line, caplog: pytest.LogCaptureFixture
) -> None:
    again.tell("a.jpg")
    flushes = Flushes(errors=[CacheUnavailable("Redis is away.")] * 2)
    asyncio.run(ended(watcher(again, flushes), when=lambda: flushes.keys == ["a.jpg"]))
    assert flushes.calls == 3
    assert again.waiting() == 0
    output = "nothing is sure to be flushed: Redis is away; trying again"
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        output
    ] * 2


def test_a_message_that_breaks_the_flush_does_not_hold_up_others(again: Line) -> None:
    again.tell("a.jpg", "broken.jpg", "b.jpg")
    flushes = Flushes(broken_key="broken.jpg")
    assert not drained(again, flushes)
    assert sorted(flushes.keys) == ["a.jpg", "b.jpg"]
    assert again.waiting() == 1


def test_poison_goes_to_the_dead_letters_after_its_tries(again: Line, line: Line) -> None:
    again.send(POISON)
    again.tell("a.jpg")
    flushes = Flushes()
    assert [drained(again, flushes, dead=line) for _ in range(3)] == [False, False, True]
    assert flushes.keys == ["a.jpg"]
    assert again.waiting() == 0
    assert line.bodies() == [POISON]


def test_poison_without_dead_letters_is_told_in_the_log(
    again: Line, caplog: pytest.LogCaptureFixture
) -> None:
    again.send(POISON * 1000)
    assert [drained(again, Flushes()) for _ in range(3)] == [False, False, True]
    assert again.waiting() == 0
    (output,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "is given up: not a message of S3" in output.getMessage()
    text = output.__dict__["text"]
    assert text.startswith(POISON)
    assert len(text) == 2000


def test_a_queue_that_redrives_is_left_to_do_so(make_line: MakeLine, line: Line) -> None:
    redrive = {"deadLetterTargetArn": line.arn, "maxReceiveCount": "4"}
    own = make_line(VisibilityTimeout="0", RedrivePolicy=json.dumps(redrive))
    own.send(POISON)
    assert [drained(own, Flushes()) for _ in range(4)] == [False] * 4
    assert drained(own, Flushes())
    assert line.bodies() == [POISON]


def test_dead_letters_that_cannot_be_sent_stay_and_hold_up_nobody(again: Line) -> None:
    again.send(POISON)
    gone = Line.__new__(Line)
    gone.url = again.url + "-gone"
    for _ in range(4):
        assert not drained(again, Flushes(), dead=gone)
    again.tell("a.jpg")
    flushes = Flushes()
    assert not drained(again, flushes, dead=gone)
    assert flushes.keys == ["a.jpg"]
    assert again.waiting() == 1


@pytest.fixture
def cdn() -> Iterator[Recorder]:
    with recorder() as running:
        yield running


def test_the_cdn_is_purged_before_a_message_is_deleted(line: Line, cdn: Recorder) -> None:
    line.tell("photos/a.jpg", "photos/b.jpg")
    front = PurgePolicy((read_target(f"ban:{cdn.url}"),))
    assert drained(line, Flushes(), cdn=front)
    (asked,) = cdn.asked
    assert sorted(asked.headers["surrogate-key"].split()) == ["photos/a.jpg", "photos/b.jpg"]
    assert line.waiting() == 0


def test_a_failed_purge_leaves_the_message_and_remembers_the_paths(
    again: Line, cdn: Recorder
) -> None:
    again.tell("a.jpg")
    cdn.replies = [ScriptedReply(403), ScriptedReply(200)]
    flushes = Flushes(paths=frozenset({"/img/w=9/a.jpg"}))
    front = PurgePolicy((read_target(f"purge:{cdn.url}"),))

    async def scene() -> None:
        watching = watcher(again, flushes, cdn=front)
        assert not await watching.drain()
        flushes.paths = frozenset()
        assert await watching.drain()

    asyncio.run(scene())
    assert [asked.path for asked in cdn.asked] == ["/img/w=9/a.jpg"] * 2
    assert flushes.keys == ["a.jpg", "a.jpg"]
    assert again.waiting() == 0


def test_a_watcher_that_is_told_to_stop_finishes_its_batch(line: Line) -> None:
    line.tell("a.jpg")

    async def scene() -> None:
        flushes = Flushes()
        flushes.gate.clear()
        watching = watcher(line, flushes)
        task = asyncio.create_task(watching.run())
        await flushes.begun.wait()
        watching.stop.set()
        flushes.gate.set()
        await task
        assert flushes.keys == ["a.jpg"]

    asyncio.run(scene())
    assert line.waiting() == 0


def test_a_queue_that_is_not_there_is_refused(line: Line) -> None:
    gone = open_queue(line.url + "-gone")
    with pytest.raises(QueueRefused, match=r"SQS refuses: .*NonExistentQueue"):
        gone.facts()
    policy = WatchPolicy(S3Address("b", ""), 5, PurgePolicy(()))
    with pytest.raises(QueueRefused):
        asyncio.run(Watcher(gone, None, Flushes(), policy).run())


@pytest.mark.usefixtures("aws")
def test_an_sqs_that_is_away_is_waited_for_and_draining_it_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = open_queue(f"http://127.0.0.1:{free_port()}/123456789012/events")
    watching = Watcher(away, None, Flushes(), WatchPolicy(S3Address("b", ""), 5, PurgePolicy(())))
    asyncio.run(ended(watching, when=lambda: len(caplog.records) > 1))
    assert {one.getMessage() for one in caplog.records} == {
        "SQS does not answer: EndpointConnectionError; trying again"
    }
    with pytest.raises(QueueUnavailable, match="SQS does not answer"):
        asyncio.run(watching.drain())


def test_an_sqs_that_goes_away_is_waited_for(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = Flushes()
    watching = watcher(line, flushes)
    receive, failures = watching._queue.receive, [QueueUnavailable("SQS fails")]

    def failing(seconds: int) -> list[Any]:
        if failures:
            raise failures.pop()
        return receive(1)

    monkeypatch.setattr(watching._queue, "receive", failing)
    line.tell("a.jpg")
    asyncio.run(ended(watching, when=lambda: flushes.keys == ["a.jpg"]))
    assert failures == []


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/1/q", "eu-central-1"),
        ("https://vpce-0.sqs.us-gov-west-1.vpce.amazonaws.com/1/q", "us-gov-west-1"),
        ("http://localhost:9324/000000000000/q", "ap-south-1"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_the_region_is_read_from_the_url(
    url: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert open_queue(url)._client.meta.region_name == region
