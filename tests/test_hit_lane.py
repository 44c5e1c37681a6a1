"""The hit lane over raw sockets: what it must keep of the ordinary way."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import Gateway
from tests.pictures import jpeg
from tests.waiting import eventually

URL = "/img/width=200,format=png/a.jpg"
HIT = b"cache-status: resizer; hit; detail=memory"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "a.jpg").write_bytes(jpeg(400, 300))
    (images / "b.jpg").write_bytes(jpeg(400, 300, (0, 90, 200)))
    with Gateway(source=images, urls="open") as running:
        running.get(URL)
        yield running


@pytest.fixture
def line(gateway: Gateway) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        yield connection


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


def test_a_request_may_come_in_pieces(line: socket.socket) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    whole = request(URL, "Accept: image/*", "User-Agent: slow")
    for at in range(0, len(whole), 7):
        line.sendall(whole[at : at + 7])
        time.sleep(0.001)
    ((head, _),) = replies(line, 1)
    assert HIT in head


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


def test_what_is_not_http_is_refused(line: socket.socket) -> None:
    line.sendall(b"NONSENSE\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 400")


def test_bytes_that_no_url_holds_are_refused(line: socket.socket) -> None:
    line.sendall(b"GET /img/w=1/\xff.jpg HTTP/1.1\r\nHost: a\r\n\r\n")
    assert line.recv(65536).startswith(b"HTTP/1.1 400")


def test_hits_are_counted_and_logged(gateway: Gateway, line: socket.socket) -> None:
    names = ('resizer_hits_total{tier="memory"}', 'resizer_requests_total{status="200"}')
    before = [gateway.sample(name) for name in names]
    line.sendall(request() * 10)
    heads = [head for head, _ in replies(line, 10)]
    assert gateway.sample(names[0]) == before[0] + 10
    assert gateway.sample(names[1]) >= before[1] + 10
    ids = {re.search(rb"x-request-id: (\S+)", head)[1].decode() for head in heads}  # type: ignore[index]
    eventually(lambda: ids <= {entry.get("request_id") for entry in gateway.entries()})
