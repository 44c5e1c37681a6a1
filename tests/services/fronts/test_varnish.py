"""Varnish in front of a gateway, told by `resizer flush` which tags to forget."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from resizer.cdn.purge import purge
from resizer.cdn.target import PurgePolicy, read_target
from resizer.model.flush import Flush
from tests.support.fronts import Front, Requests, Varnish
from tests.support.pictures import jpeg
from tests.support.servers import S3Bucket
from tests.support.waiting import eventually

KEYS = ["photos/a.jpg", "photos/a.jpg.jpg", "photos/old/a.jpg", "photos (2)/[a]+.jpg", "a.jpg"]


@pytest.fixture
def paths(varnish: Front, bucket: S3Bucket) -> list[str]:
    """Paths of `KEYS`, all of them in Varnish."""
    for key in KEYS:
        bucket.put(key, jpeg(32, 24))
    urls = [varnish.gateway.signed(key, "width=16") for key in KEYS]
    paths = [url.removeprefix(varnish.gateway.url) for url in urls]
    for path in paths:
        assert varnish.ask(path).status_code == 200
    return paths


def kept(varnish: Front, paths: list[str]) -> list[str]:
    """The keys whose images did not have to be asked for again."""
    replies = [varnish.ask(path) for path in paths]
    hits = ["varnish; hit" in reply.headers["cache-status"] for reply in replies]
    return [key for key, hit in zip(KEYS, hits, strict=True) if hit]


@pytest.mark.parametrize(
    ("flush", "left"),
    [
        (Flush(key="photos/a.jpg"), [KEYS[1], KEYS[2], KEYS[3], KEYS[4]]),
        (Flush(key="a.jpg"), KEYS[:4]),
        (Flush(key="photos (2)/[a]+.jpg"), [KEYS[0], KEYS[1], KEYS[2], KEYS[4]]),
        (Flush(key="photosXaXjpg"), KEYS),
        (Flush(prefix="photos/old/"), [KEYS[0], KEYS[1], KEYS[3], KEYS[4]]),
        (Flush(prefix="photos/"), [KEYS[3], KEYS[4]]),
        (Flush(tag="hero"), KEYS),
        (Flush(), []),
    ],
    ids=str,
)
def test_a_ban_target_forgets_what_was_flushed_and_no_more(
    varnish: Front, paths: list[str], flush: Flush, left: list[str]
) -> None:
    policy = PurgePolicy((read_target(f"ban:{varnish.url}"),))
    (outcome,) = asyncio.run(purge(policy, [flush], []))
    assert (outcome.calls, outcome.failure) == (1, None)
    assert kept(varnish, paths) == left


def test_one_ban_takes_many_tags(varnish: Front, paths: list[str]) -> None:
    tags = " ".join([*(f"none/{n}.jpg" for n in range(200)), "photos/old/", "a.jpg"])
    assert varnish.ask("/", "BAN", surrogate_key=tags).status_code == 200
    assert kept(varnish, paths) == [KEYS[0], KEYS[1], KEYS[3]]


def test_a_tag_is_no_pattern(varnish: Front, paths: list[str]) -> None:
    for tag in (".*", "photos/.*", "photos/a?jpg", "(photos", "\\S+", "x|", "^", "$", "[a-z/.]+"):
        assert varnish.ask("/", "BAN", surrogate_key=tag).status_code == 200
    assert kept(varnish, paths) == KEYS


def test_a_ban_without_tags_is_refused(varnish: Front, paths: list[str]) -> None:
    for tags in ("", "a  b", "a\tb"):
        assert varnish.ask("/", "BAN", surrogate_key=tags).status_code == 400
    assert varnish.ask("/", "BAN").status_code == 400
    assert kept(varnish, paths) == KEYS


def test_a_stranger_may_not_ban(varnish: Front, paths: list[str]) -> None:
    refused = varnish.ask("/", "BAN", address="127.0.0.2", surrogate_key="resizer")
    assert refused.status_code == 403
    assert kept(varnish, paths) == KEYS


def test_bans_are_worked_off_without_a_request(varnish: Varnish, paths: list[str]) -> None:
    varnish.admin("param.set", "ban_lurker_age", "0.1")
    assert varnish.ask("/", "BAN", surrogate_key="photos/old/").status_code == 200
    eventually(lambda: not any("photos/old/" in b and " C " not in b for b in bans(varnish)))
    assert kept(varnish, paths) == [KEYS[0], KEYS[1], KEYS[3], KEYS[4]]


def bans(varnish: Varnish) -> list[str]:
    return varnish.admin("ban.list").splitlines()


def test_a_format_that_is_named_is_one_object(varnish: Front, paths: list[str]) -> None:
    requests = Requests(varnish.gateway)
    for accept in ("image/avif", "image/webp", "*/*"):
        varnish.ask(paths[0], accept=accept)
    assert requests.new() == []


def test_an_answer_that_was_under_way_during_a_flush_is_not_kept(
    varnish: Front, bucket: S3Bucket
) -> None:
    gateway = varnish.gateway
    old, new = jpeg(7000, 5000), jpeg(7000, 5000, (0, 0, 200))
    bucket.put("large.jpg", old)
    path = gateway.signed("large.jpg", "width=3000", "format=avif").removeprefix(gateway.url)
    fetched = gateway.sample("resizer_fetch_seconds_count")
    with ThreadPoolExecutor() as meanwhile:
        first = meanwhile.submit(varnish.ask, path)
        while gateway.sample("resizer_fetch_seconds_count") == fetched:
            time.sleep(0.01)
        bucket.put("large.jpg", new)
        gateway.flush_everything()
        varnish.ask("/", "BAN", surrogate_key="resizer")
        assert not first.done()
    assert varnish.ask(path).content != first.result().content
