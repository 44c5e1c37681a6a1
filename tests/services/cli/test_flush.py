"""`resizer flush --cdn`."""

from collections.abc import Iterator

import pytest

from tests.support.commands import Run
from tests.support.recorder import Recorder, ScriptedReply, recorder
from tests.support.servers import RedisServer


@pytest.fixture
def front() -> Iterator[Recorder]:
    with recorder() as running:
        yield running


def settings(redis_server: RedisServer, cdn: str) -> dict[str, str]:
    return {"source": "s3://photos", "cache": redis_server.url, "cdn": cdn}


def test_flush_purges_the_cdn_when_it_is_asked_to(
    run: Run, redis_server: RedisServer, front: Recorder
) -> None:
    given = settings(redis_server, f"ban:{front.url}")
    assert run("flush", "photos/cat.jpg", **given).exit_code == 0
    assert run("flush", "photos/cat.jpg", "--cdn", "--dry-run", **given).exit_code == 0
    assert front.asked == []
    purged = run("flush", "photos/cat.jpg", "--cdn", **given)
    assert purged.exit_code == 0
    assert purged.stdout.splitlines() == [
        "flushed 0 variants of 0 originals",
        f"purged ban:{front.url}",
    ]
    assert [asked.headers["surrogate-key"] for asked in front.asked] == ["photos/cat.jpg"]


def test_a_purge_that_fails_is_told_and_the_exit_code_says_so(
    run: Run, redis_server: RedisServer, front: Recorder
) -> None:
    front.replies = [ScriptedReply(403)]
    failed = run("flush", "--all", "--cdn", **settings(redis_server, f"ban:{front.url}"))
    assert failed.exit_code == 1
    output = f"resizer: ban:{front.url} is not purged: HTTP 403"
    assert failed.stderr.splitlines()[-1] == output


def test_a_purge_that_knows_no_url_says_so(
    run: Run, redis_server: RedisServer, front: Recorder
) -> None:
    output = run("flush", "--all", "--cdn", **settings(redis_server, f"purge:{front.url}"))
    assert output.exit_code == 0
    assert "no URL of it is known, so nothing was purged there" in output.stderr


def test_flush_needs_something_to_purge(run: Run, redis_server: RedisServer) -> None:
    refused = run("flush", "--all", "--cdn", source="s3://photos", cache=redis_server.url)
    assert refused.exit_code == 2
    assert refused.stderr == "resizer: RESIZER_CDN is not set: say what to purge\n"
