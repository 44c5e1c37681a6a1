"""`resizer watch` as a process, beside a real gateway, Redis and bucket."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import boto3
import pytest

from tests.support.commands import Run
from tests.support.deadlines import MAX_WAIT
from tests.support.live import KEY, Gateway, cache_status
from tests.support.pictures import jpeg, size
from tests.support.queues import Line
from tests.support.recorder import recorder
from tests.support.servers import RedisServer, S3Bucket
from tests.support.waiting import eventually


@pytest.fixture
def line(aws: S3Bucket) -> Iterator[Line]:
    client = boto3.client("sqs", region_name="us-east-1", endpoint_url=aws.endpoint)
    line = Line(client, {})
    aws.client.put_bucket_notification_configuration(
        Bucket=aws.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": line.arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
            ]
        },
    )
    yield line
    aws.client.put_bucket_notification_configuration(Bucket=aws.name, NotificationConfiguration={})
    client.delete_queue(QueueUrl=line.url)
    client.close()


def test_a_replaced_original_is_served_anew_and_a_removed_one_no_more(
    open_gateway: Gateway, line: Line, bucket: S3Bucket
) -> None:
    url = f"/img/width=100/{KEY}"
    assert size(open_gateway.get(url).content) == (100, 75)
    bucket.put(KEY, jpeg(640, 640))
    assert cache_status(open_gateway.get(url)) == "resizer; hit; detail=memory"
    watched = open_gateway.cli("watch", "--once", "--events", line.url)
    assert watched.returncode == 0, watched.stderr
    assert size(open_gateway.get(url).content) == (100, 100)
    flushed = [json.loads(entry) for entry in watched.stdout.splitlines()]
    assert [entry["keys"] for entry in flushed] == [[KEY]]
    assert flushed[0]["event"] == "flushed: variants 1, originals 1"
    bucket.client.delete_object(Bucket=bucket.name, Key=KEY)
    assert open_gateway.cli("watch", "--once", "--events", line.url).returncode == 0
    assert open_gateway.get(url).status_code == 404
    assert line.waiting() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_watcher_ends_with_0_when_it_is_told_to(
    open_gateway: Gateway, line: Line, bucket: S3Bucket, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "resizer", "watch", "--events", line.url]
    environment = open_gateway.environment
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        bucket.put(KEY, jpeg(64, 64))
        assert watching.stdout is not None
        assert KEY in json.loads(watching.stdout.readline())["keys"]
        watching.send_signal(number)
        assert watching.wait(MAX_WAIT) == 0
    eventually(lambda: line.waiting() == 0, MAX_WAIT)


def test_a_queue_that_is_not_there_is_one_line(
    run: Run, aws: S3Bucket, redis_server: RedisServer
) -> None:
    gone = f"{aws.endpoint}/123456789012/gone-{uuid.uuid4().hex}"
    for once in ([], ["--once"]):
        failed = run("watch", *once, source=aws.url, cache=redis_server.url, events=gone)
        assert failed.exit_code == 1
        assert failed.stderr.count("\n") == 1
        assert "SQS refuses" in failed.stderr
        assert "NonExistentQueue" in failed.stderr


def test_a_watcher_cannot_reach_into_a_server(run: Run) -> None:
    refused = run("watch", source="s3://photos", events="https://sqs.eu-west-1.amazonaws.com/1/q")
    assert refused.exit_code == 2
    assert "RESIZER_CACHE is memory:" in refused.stderr


def test_a_message_that_is_left_is_a_failure_of_once(
    run: Run, aws: S3Bucket, redis_server: RedisServer, line: Line
) -> None:
    line.send("hello")
    failed = run("watch", "--once", source=aws.url, cache=redis_server.url, events=line.url)
    assert failed.exit_code == 1
    assert "a message was left in the queue" in failed.stderr
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in failed.output


def test_the_urls_that_were_answered_are_purged_in_front(
    line: Line, bucket: S3Bucket, redis_server: RedisServer
) -> None:
    paths = [f"/img/width=100/{KEY}", f"/img/width%3d100/{KEY}"]
    with recorder() as front:
        settings = {"source": bucket.url, "cache": redis_server.url, "urls": "open"}
        output = {"cdn": f"purge:{front.url}", "events": line.url}
        with Gateway(bucket.environment(), **settings, **output) as gateway:
            for path in paths:
                assert gateway.get(path).status_code == 200
            bucket.put(KEY, jpeg(64, 64))
            watched = gateway.cli("watch", "--once")
    assert watched.returncode == 0, watched.stdout
    assert {(asked.method, asked.path) for asked in front.asked} == {("PURGE", p) for p in paths}
