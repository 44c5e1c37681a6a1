"""The hit lane over raw sockets: what it must keep of the ordinary way."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.support.deadlines import MAX_WAIT
from tests.support.live import SECRET, Gateway
from tests.support.pictures import jpeg
from tests.support.servers import RedisServer
from tests.support.waiting import eventually

URL = "/img/width=200,format=png/a.jpg"
HIT = b"cache-status: resizer; hit; detail=memory"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "a.jpg").write_bytes(jpeg(400, 300))
    Image.effect_noise((600, 600), 100).save(images / "noise.png")
    (images / "b.jpg").write_bytes(jpeg(400, 300, (0, 90, 200)))
    with Gateway(source=images, urls="open") as running:
        running.get(URL)
        with connect(running) as connection:
            learn(connection, request())
        yield running


@pytest.fixture
def line(gateway: Gateway) -> Iterator[socket.socket]:
    with connect(gateway) as connection:
        yield connection


def connect(gateway: Gateway) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=MAX_WAIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def learn(connection: socket.socket, packet: bytes) -> None:
    """Have the lane know `packet`, a hit, byte for byte."""
    for _ in range(3):
        connection.sendall(packet)
        replies(connection, 1)


def request(url: str = URL, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    head = [f"{method} {url} HTTP/{version}", "Host: test", *headers]
    return "\r\n".join([*head, "", ""]).encode()


def replies(line: socket.socket, count: int) -> list[tuple[bytes, bytes]]:
    """As many replies, head and body, as they come over one connection."""
    found: list[tuple[bytes, bytes]] = []
    data = b""
    while len(found) < count:
        while b"\r\n\r\n" not in data:
            data += _received(line)
        head, _, data = data.partition(b"\r\n\r\n")
        match = re.search(rb"content-length: (\d+)", head)
        length = 0 if head.startswith(b"HTTP/1.1 304") or match is None else int(match[1])
        while len(data) < length:
            data += _received(line)
        found.append((head, data[:length]))
        data = data[length:]
    assert not data
    return found


def _received(line: socket.socket) -> bytes:
    data = line.recv(65536)
    assert data, "the connection was closed"
    return data


def test_the_lane_and_the_ordinary_way_say_the_same(line: socket.socket) -> None:
    line.sendall(request() + request(URL, 'If-None-Match: "none"'))
    lane, ordinary = replies(line, 2)
    assert lane[1] == ordinary[1]

    def facts(head: bytes) -> set[bytes]:
        return {part for part in head.split(b"\r\n") if not part.startswith((b"date", b"x-req"))}

    assert facts(lane[0]) == facts(ordinary[0])
    assert HIT in lane[0]


def test_a_request_id_of_the_client_is_kept(line: socket.socket) -> None:
    line.sendall(request(URL, "X-Request-Id: mine") + request(URL, 'X-Request-Id: "odd"'))
    (kept, _), (replaced, _) = replies(line, 2)
    assert b"x-request-id: mine\r\n" in kept + b"\r\n"
    assert b"odd" not in replaced


def test_pipelined_requests_are_answered_in_their_order(line: socket.socket) -> None:
    cold = "/img/width=33,format=png/b.jpg"
    line.sendall(request() + request(cold) + request() + request("/healthz") + request())
    first, miss, second, health, third = replies(line, 5)
    assert first[1] == second[1] == third[1] != miss[1]
    assert b"detail=memory" not in miss[0]
    assert health[1] == b'{"status":"alive"}'


def test_a_request_may_be_split_at_any_byte(line: socket.socket) -> None:
    whole = request()
    for at in range(1, len(whole)):
        line.sendall(whole[:at])
        time.sleep(0.002)
        line.sendall(whole[at:])
        ((head, _),) = replies(line, 1)
        assert HIT in head


def test_a_known_packet_inside_a_body_is_no_request(line: socket.socket) -> None:
    inner = request()
    line.sendall(request(URL, f"Content-Length: {len(inner)}", method="POST"))
    time.sleep(0.05)
    line.sendall(inner)
    time.sleep(0.05)
    line.sendall(request("/healthz"))
    refused, health = replies(line, 2)
    assert refused[0].startswith(b"HTTP/1.1 405")
    assert health[1] == b'{"status":"alive"}'


def test_a_known_packet_behind_an_unfinished_request_waits_its_turn(line: socket.socket) -> None:
    line.sendall(request("/img/width=34,format=png/b.jpg"))
    line.sendall(request())
    miss, hit = replies(line, 2)
    assert b"fwd=uri-miss" in miss[0]
    assert HIT in hit[0]


def test_a_connection_is_kept_and_closed_when_asked(line: socket.socket) -> None:
    for _ in range(3):
        line.sendall(request())
        assert len(replies(line, 1)) == 1
    line.sendall(request(URL, "Connection: close"))
    ((head, _),) = replies(line, 1)
    assert b"connection: close" in head
    assert line.recv(1) == b""


def test_http_1_0_is_closed_after_the_reply(line: socket.socket) -> None:
    line.sendall(request(version="1.0"))
    replies(line, 1)
    assert line.recv(1) == b""


def test_a_head_has_no_body(line: socket.socket) -> None:
    line.sendall(request(method="HEAD") + request("/healthz"))
    data = b""
    while b"alive" not in data:
        data += _received(line)
    assert data.count(b"HTTP/1.1 200 OK") == 2
    assert b"PNG" not in data


def test_a_condition_is_looked_at(gateway: Gateway, line: socket.socket) -> None:
    etag = gateway.get(URL).headers["etag"]
    line.sendall(request(URL, f"If-None-Match: {etag}") + request())
    kept, whole = replies(line, 2)
    assert kept[0].startswith(b"HTTP/1.1 304")
    assert whole[1]


def test_accept_decides_between_variants(gateway: Gateway, line: socket.socket) -> None:
    url = "/img/width=50,format=auto/a.jpg"
    for accept in ("image/avif", "image/webp", "*/*"):
        gateway.get(url, accept=accept)
    asked = ("image/avif,*/*", "image/webp,*/*", "*/*")
    line.sendall(b"".join(request(url, f"Accept: {accept}") for accept in asked))
    for (head, _), kind in zip(replies(line, 3), (b"avif", b"webp", b"jpeg"), strict=True):
        assert b"content-type: image/" + kind in head
        assert b"vary: Accept" in head
        assert HIT in head


def test_a_body_is_read_and_ignored(line: socket.socket) -> None:
    line.sendall(request(URL, "Content-Length: 5") + b"hello" + request())
    assert len(replies(line, 2)) == 2


def test_a_query_changes_nothing(line: socket.socket) -> None:
    line.sendall(request(URL + "?v=2") + request())
    versioned, plain = replies(line, 2)
    assert versioned[1] == plain[1]


def test_a_reader_that_does_not_read_gets_everything_in_the_end(line: socket.socket) -> None:
    line.sendall(request() * 400)
    time.sleep(0.3)
    assert len({body for _, body in replies(line, 400)}) == 1


def test_a_reader_that_does_not_read_gets_everything_in_the_end_packet_by_packet(
    gateway: Gateway,
) -> None:
    url = "/img/width=600,format=png/noise.png"
    length = len(gateway.get(url).content)
    assert length > 100_000
    with connect(gateway) as line:
        learn(line, request(url))
        count = 16_000_000 // length  # more than socket buffers hold
        for _ in range(count):
            line.sendall(request(url))
            time.sleep(0.002)
        assert {len(body) for _, body in replies(line, count)} == {length}


def test_every_hit_has_a_date_and_an_id_of_its_own(line: socket.socket) -> None:
    learn(line, request())
    ids: set[bytes] = set()
    dates: set[bytes] = set()
    deadline = time.monotonic() + 5
    while (len(dates) < 2 or len(ids) <= 10) and time.monotonic() < deadline:
        line.sendall(request())
        ((head, _),) = replies(line, 1)
        ids.add(re.findall(rb"x-request-id: (\S+)", head)[0])
        dates.add(re.findall(rb"date: (.+)", head)[0])
        time.sleep(0.01)
    assert len(dates) == 2
    assert len(ids) > 10


def test_an_expired_url_is_refused_on_a_connection_that_had_it(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(400, 300))
    with Gateway(source=tmp_path, signing_keys=SECRET) as signing:
        expires = int(time.time()) + 4
        url = signing.signed("a.jpg", "width=200", f"exp={expires}").removeprefix(signing.url)
        signing.get(url)
        with connect(signing) as line:
            learn(line, request(url))
            while time.time() < expires:
                line.sendall(request(url))
                ((head, _),) = replies(line, 1)
                assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 410"))
                time.sleep(0.05)
            line.sendall(request(url))
            ((head, _),) = replies(line, 1)
            assert head.startswith(b"HTTP/1.1 410")


@pytest.mark.redis
def test_a_flush_counts_between_two_requests_on_one_connection(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(400, 300))
    with Gateway(source=tmp_path, urls="open", cache=redis_server.url) as shared:
        eventually(lambda: bool(shared.get("/readyz").json()["status"] == "ready"))
        shared.get(URL)
        with connect(shared) as line:
            learn(line, request())
            line.sendall(request())
            assert HIT in replies(line, 1)[0][0]
            assert shared.cli("flush", "a.jpg").returncode == 0
            line.sendall(request() + request())
            after, then = replies(line, 2)
            assert b"fwd=uri-miss" in after[0]
            assert HIT in then[0]


def test_what_is_not_http_is_refused(line: socket.socket) -> None:
    line.sendall(b"NONSENSE\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 400")


def test_bytes_that_no_url_holds_are_refused(line: socket.socket) -> None:
    line.sendall(b"GET /img/w=1/\xff.jpg HTTP/1.1\r\nHost: a\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 400")


def test_hits_are_counted_and_logged(gateway: Gateway, line: socket.socket) -> None:
    names = ('resizer_hits_total{tier="memory"}', "resizer_bytes_total")
    requests = 'resizer_requests_total{status="200"}'
    before, all_before = [gateway.sample(name) for name in names], gateway.sample(requests)
    line.sendall(request() * 10)
    found = replies(line, 10)
    for _ in range(10):
        line.sendall(request())
        found += replies(line, 1)
    assert [gateway.sample(name) for name in names] == [
        before[0] + 20,
        before[1] + sum(len(body) for _, body in found),
    ]
    assert gateway.sample(requests) >= all_before + 20
    ids = {re.findall(rb"x-request-id: (\S+)", head)[0].decode() for head, _ in found}
    eventually(lambda: ids <= {entry.get("request_id") for entry in gateway.entries()})
    entry = next(entry for entry in gateway.entries() if entry.get("request_id") in ids)
    assert entry["path"] == URL
    assert entry["cache"] == "resizer; hit; detail=memory"
    assert (entry["status"], entry["bytes"]) == (200, len(found[0][1]))


def test_another_process_shows_hits_within_two_seconds(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(400, 300))
    with (
        Gateway(source=tmp_path, urls="open", workers=2, renderers=1) as several,
        connect(several) as line,
        another_process(several, line) as other,
    ):
        line.sendall(request())
        replies(line, 1)
        line.sendall(request() * 13)
        replies(line, 13)
        assert memory_hits(line) == 13
        line.sendall(request() * 5)
        replies(line, 5)
        eventually(lambda: memory_hits(other) == 18, seconds=2)


@contextmanager
def another_process(gateway: Gateway, line: socket.socket) -> Iterator[socket.socket]:
    """A connection to another process of `gateway` than `line` leads to."""
    here = process(line)
    with ExitStack() as stack:
        for _ in range(200):
            # Many at once: one process alone takes those that come one by one.
            several = [stack.enter_context(connect(gateway)) for _ in range(8)]
            others = [other for other in several if process(other) != here]
            if others:
                yield others[0]
                return
            time.sleep(0.02)
    raise AssertionError("all connections lead to one process")


def process(line: socket.socket) -> bytes:
    line.sendall(request("/healthz"))
    found = re.search(rb"x-request-id: (\S+)-", replies(line, 1)[0][0])
    assert found
    return found[1]


def memory_hits(line: socket.socket) -> float:
    line.sendall(request("/metrics"))
    found = re.search(rb'resizer_hits_total{tier="memory"} (\S+)', replies(line, 1)[0][1])
    return float(found[1]) if found else 0.0
