"""Queues of the moto server, looked at: nothing is received."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from resizer.ops.doctor.checkup import check_all
from resizer.ops.doctor.events import DEAD_LETTERS, EVENTS, judge_dead_letters, judge_events
from resizer.ops.doctor.finding import Verdict
from resizer.ops.watch.queue import QueueFacts, QueueMissing, QueueRefused, QueueUnavailable
from resizer.settings.settings import Settings
from tests.support.queues import Line, MakeLine
from tests.support.servers import RedisServer, S3Bucket, free_port

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
REFUSED = QueueRefused("SQS refuses: AccessDenied")


@pytest.fixture
def line(make_line: MakeLine) -> Line:
    return make_line()


def found(source: str, cache: str, **settings: str) -> list[tuple[str, Verdict]]:
    asked = Settings.model_validate({"source": source, "cache": SecretStr(cache), **settings})

    async def run() -> list[tuple[str, Verdict]]:
        findings = [finding async for finding in check_all(asked)]
        return [(f.what, f.verdict) for f in findings if f.what in (EVENTS, DEAD_LETTERS)]

    return asyncio.run(run())


def test_queues_are_looked_at_and_left_as_they_are(
    s3: S3Bucket, redis_server: RedisServer, make_line: MakeLine, line: Line
) -> None:
    redrive = {"deadLetterTargetArn": line.arn, "maxReceiveCount": "4"}
    own = make_line(RedrivePolicy=json.dumps(redrive))
    own.tell("cat.jpg")
    assert found(s3.url, redis_server.url, events=own.url) == [(EVENTS, OK)]
    assert len(own.bodies()) == 1
    assert found(s3.url, redis_server.url, events=line.url) == [(EVENTS, WARN)]
    both = found(s3.url, redis_server.url, events=line.url, dead_letters=own.url)
    assert both == [(EVENTS, OK), (DEAD_LETTERS, OK)]


def test_queues_that_are_not_there_are_red(
    s3: S3Bucket, redis_server: RedisServer, line: Line
) -> None:
    gone = {"events": line.url + "-gone", "dead_letters": line.url + "-dead"}
    assert found(s3.url, redis_server.url, **gone) == [(EVENTS, FAIL), (DEAD_LETTERS, FAIL)]
    away = f"http://127.0.0.1:{free_port()}/1/events"
    assert found(s3.url, redis_server.url, events=away) == [(EVENTS, FAIL)]


def test_an_sqs_that_is_silent_is_not_waited_for(s3: S3Bucket, redis_server: RedisServer) -> None:
    """Red, where a check that takes all its time is yellow."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/1/events"
        assert found(s3.url, redis_server.url, events=url) == [(EVENTS, FAIL)]


def test_what_keeps_a_watcher_from_beginning_is_red(tmp_path: Path, line: Line) -> None:
    """A directory sends no events, and what lives in a server's memory no command reaches."""
    info = found(str(tmp_path), "memory:", events=line.url)
    assert info == [(EVENTS, FAIL), (EVENTS, FAIL), (EVENTS, WARN)]


@pytest.mark.parametrize(
    ("answer", "events", "dead_letters"),
    [
        (QueueFacts(30, redrives=True), OK, OK),
        (QueueFacts(30, redrives=False), WARN, OK),
        (QueueMissing("SQS refuses: QueueDoesNotExist"), FAIL, FAIL),
        (QueueUnavailable("SQS does not answer: ReadTimeoutError"), FAIL, FAIL),
        (REFUSED, FAIL, WARN),
    ],
)
def test_what_sqs_answers_is_judged(
    answer: QueueFacts | QueueUnavailable, events: Verdict, dead_letters: Verdict
) -> None:
    assert judge_events(answer, elsewhere=False).verdict is events
    assert judge_dead_letters(answer).verdict is dead_letters


def test_dead_letters_are_as_good_as_a_redrive_policy() -> None:
    assert judge_events(QueueFacts(30, redrives=False), elsewhere=True).verdict is OK
