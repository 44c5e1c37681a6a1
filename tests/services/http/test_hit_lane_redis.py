"""The hit lane where the variant is in Redis alone: what it must keep of the ordinary way."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.services.http.test_hit_lane import replies, request
from tests.support.deadlines import MAX_WAIT
from tests.support.live import Gateway, cache_status
from tests.support.pictures import jpeg
from tests.support.servers import RedisServer, any_redis
from tests.support.waiting import eventually

pytestmark = pytest.mark.redis
URL = "/img/width=200,format=png/a.jpg"
HIT = b"cache-status: resizer; hit; detail=redis"
OTHER_WAY = 'If-None-Match: "none"'
"""A condition that nothing meets sends a request the ordinary way."""


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("originals")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that tests may freeze."""
    with any_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def running(redis: RedisServer, originals: Path) -> Iterator[Gateway]:
    with Gateway(
        source=originals,
        urls="open",
        cache=redis.url,
        memory_cache_mb=0,
        cache_timeout=0.5,
        missing_ttl=0,
    ) as gateway:
        yield gateway


@pytest.fixture
def gateway(running: Gateway, redis: RedisServer, originals: Path) -> Gateway:
    """It uses its Redis, where `URL` is."""
    (originals / "a.jpg").write_bytes(jpeg(400, 300))
    (originals / "b.jpg").write_bytes(jpeg(400, 300, (0, 90, 200)))
    redis.resume()
    eventually(lambda: HIT.partition(b": ")[2].decode() == cache_status(running.get(URL)))
    return running


@pytest.fixture
def line(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=MAX_WAIT) as connection:
        yield connection


def facts(head: bytes) -> set[bytes]:
    return {part for part in head.split(b"\r\n") if not part.startswith((b"date", b"x-req"))}


def test_the_lane_and_the_ordinary_way_say_the_same(line: socket.socket) -> None:
    line.sendall(request() + request(URL, OTHER_WAY))
    lane, ordinary = replies(line, 2)
    assert lane[1] == ordinary[1]
    assert facts(lane[0]) == facts(ordinary[0])
    assert HIT in lane[0]


def test_accept_decides_between_variants(gateway: Gateway, line: socket.socket) -> None:
    url = "/img/width=50,format=auto/a.jpg"
    asked = ("image/avif,*/*", "image/webp,*/*", "*/*")
    for accept in asked:
        gateway.get(url, accept=accept)
    for accept, kind in zip(asked, (b"avif", b"webp", b"jpeg"), strict=True):
        line.sendall(request(url, f"Accept: {accept}"))
        ((head, _),) = replies(line, 1)
        assert b"content-type: image/" + kind in head
        assert b"vary: Accept" in head
        assert HIT in head


def test_pipelined_requests_are_answered_in_their_order(gateway: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=MAX_WAIT) as line:
        cold = "/img/width=33,format=png/b.jpg"
        line.sendall(request() + request(cold) + request() + request("/healthz") + request())
        first, miss, second, health, third = replies(line, 5)
        assert first[1] == second[1] == third[1] != miss[1]
        assert b"fwd=uri-miss" in miss[0]
        assert health[1] == b'{"status":"alive"}'


def test_each_hit_is_counted_once(gateway: Gateway, line: socket.socket) -> None:
    before = counts(gateway)
    for _ in range(3):
        line.sendall(request())
        ((_, body),) = replies(line, 1)
    after = counts(gateway)
    assert after["hits"] - before["hits"] == 3
    assert after["ok"] - before["ok"] == 3 + 1  # the look at the counts before
    assert after["bytes"] - before["bytes"] == 3 * len(body)


def test_a_hit_is_logged_once_with_its_tier(gateway: Gateway, line: socket.socket) -> None:
    line.sendall(request(URL, "X-Request-Id: logged"))
    replies(line, 1)
    said = '"request_id":"logged"'
    eventually(lambda: said in gateway.log.read_text())
    (entry,) = [text for text in gateway.log.read_text().splitlines() if said in text]
    assert '"status":200' in entry
    assert "detail=redis" in entry


def test_what_was_flushed_is_made_anew_and_said_to_be(
    gateway: Gateway, line: socket.socket
) -> None:
    line.sendall(request())
    replies(line, 1)
    assert gateway.cli("flush", "a.jpg").returncode == 0
    line.sendall(request() + request())
    again, hit = replies(line, 2)
    assert b"fwd=uri-miss" in again[0]
    assert b"stored" in again[0]
    assert HIT in hit[0]


def test_an_error_is_the_one_of_the_ordinary_way(
    gateway: Gateway, line: socket.socket, originals: Path
) -> None:
    (originals / "a.jpg").unlink()
    assert gateway.cli("flush", "a.jpg").returncode == 0
    line.sendall(request(URL, "X-Request-Id: lost"))
    ((head, body),) = replies(line, 1)
    assert head.startswith(b"HTTP/1.1 404")
    assert b"urn:resizer:request:lost" in body


def test_a_redis_that_is_frozen_costs_a_miss(
    gateway: Gateway, line: socket.socket, redis: RedisServer
) -> None:
    redis.pause()
    line.sendall(request())
    ((head, _),) = replies(line, 1)
    redis.resume()
    assert b"fwd=uri-miss" in head


def test_a_client_that_left_disturbs_nobody(
    gateway: Gateway, line: socket.socket, redis: RedisServer
) -> None:
    redis.pause()
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=MAX_WAIT) as leaver:
        leaver.sendall(request(URL, "X-Request-Id: left"))
    line.sendall(request())
    redis.resume()
    assert replies(line, 1)[0][0].startswith(b"HTTP/1.1 200")
    eventually(lambda: '"request_id":"left"' in gateway.log.read_text())


def test_a_connection_is_closed_when_asked(line: socket.socket) -> None:
    line.sendall(request(URL, "Connection: close"))
    ((head, _),) = replies(line, 1)
    assert b"connection: close" in head
    assert line.recv(1) == b""


def counts(gateway: Gateway) -> dict[str, float]:
    names = {
        "hits": 'resizer_hits_total{tier="redis"}',
        "ok": 'resizer_requests_total{status="200"}',
        "bytes": "resizer_bytes_total",
    }
    text = httpx.get(f"{gateway.url}/metrics").text
    shown = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(shown[shown_as]) for name, shown_as in names.items()}
