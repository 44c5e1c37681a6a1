"""Four gateways on one Redis as one: a herd over all of them is one fetch and one render."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.deadlines import MAX_WAIT, stretched
from tests.support.fleet import Fleet
from tests.support.live import Gateway
from tests.support.numbered import numbered
from tests.support.processes import busy_workers, children
from tests.support.servers import RedisServer, S3Bucket
from tests.support.waiting import eventually
from tests.support.wire import WireReply, ask_once

pytestmark = [pytest.mark.redis, pytest.mark.alone]
GATEWAYS = 4
SIZE = (4000, 3000)
SLOW = "width=3000,format=avif,quality=99"
"""A render of a second or more."""
LEASE = 3.0
"""Seconds after which a leader that is not heard of has lost its lease."""


class CountingBucket(ThreadingHTTPServer):
    """Answers S3's GetObject, and counts: every key with `photo` in it is one picture."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _GetObject)
        self.picture = numbered(1, 1, *SIZE)
        self.asked: Counter[str] = Counter()

    def environment(self) -> dict[str, str]:
        return S3Bucket(f"http://127.0.0.1:{self.server_port}", None).environment()  # type: ignore[arg-type]


class _GetObject(BaseHTTPRequestHandler):
    server: CountingBucket
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        key = self.path.rpartition("/")[2]
        self.server.asked[key] += 1
        found = "photo" in key
        body = self.server.picture if found else b"<Error><Code>NoSuchKey</Code></Error>"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 11:12:25 GMT")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: a test reads its own output."""


@pytest.fixture(scope="module")
def bucket() -> Iterator[CountingBucket]:
    with CountingBucket() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def _four(bucket: CountingBucket, _redis_process: RedisServer) -> Iterator[Fleet]:
    source, cache = "s3://photos", _redis_process.url
    with Fleet(GATEWAYS, bucket.environment(), source=source, cache=cache) as fleet:
        yield fleet


@pytest.fixture
def fleet(_four: Fleet, bucket: CountingBucket, redis_server: RedisServer) -> Fleet:
    eventually(lambda: all(g.get("/readyz").json()["status"] == "ready" for g in _four.gateways))
    eventually(lambda: all(map(_hears, _four.gateways)))
    bucket.asked.clear()
    return _four


def _hears(gateway: Gateway) -> bool:
    """Whether it is sure to hear of flushes: only then it answers from memory, and fetches once."""
    return "memory" in gateway.get("/img/width=1/photo-heard.png").headers["cache-status"]


async def herd(fleet: Fleet, path: str, count: int) -> list[WireReply | BaseException]:
    """`count` requests, spread over the gateways, each over a connection of its own."""
    ports = [fleet.ports[number % GATEWAYS] for number in range(count)]
    return await asyncio.gather(*(ask_once(port, path) for port in ports), return_exceptions=True)


def statuses(replies: Sequence[WireReply | BaseException]) -> Counter[int | str]:
    return Counter(
        reply.status if isinstance(reply, WireReply) else type(reply).__name__ for reply in replies
    )


def renders(fleet: Fleet, numbers: Sequence[int] = range(GATEWAYS)) -> list[float]:
    """Of each gateway, since it started."""
    name = "resizer_render_seconds_count"
    return [fleet.gateways[number].sample(name) for number in numbers]


def test_a_thousand_at_once_over_four_gateways_are_one_fetch_and_one_render(
    fleet: Fleet, bucket: CountingBucket
) -> None:
    before = sum(renders(fleet))
    replies = asyncio.run(herd(fleet, "/img/width=300,format=jpeg/photo-1.png", 1000))
    assert statuses(replies) == {200: 1000}
    assert len({reply.body for reply in replies if isinstance(reply, WireReply)}) == 1
    assert sum(renders(fleet)) - before == 1
    assert bucket.asked["photo-1.png"] == 1


def test_the_last_of_a_cold_herd_waits_little_longer_than_hits_would(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """One cold request and twice as many hits are the aim; a busy machine has twice that."""
    ratios = [_herd_ratio(fleet, number) for number in range(3)]
    with capsys.disabled():
        print(f" herd/(cold + 2 × hits): {', '.join(f'{ratio:.2f}' for ratio in ratios)} ", end="")
    assert min(ratios) <= 2


def _herd_ratio(fleet: Fleet, number: int) -> float:
    alone, together = (f"/img/width=400/photo-{what}-{number}.png" for what in ("alone", "herd"))
    cold = _seconds(fleet, alone, 1)
    whole = _seconds(fleet, together, 1000)
    hits = _seconds(fleet, together, 1000)
    return whole / (cold + 2 * hits)


def _seconds(fleet: Fleet, path: str, count: int) -> float:
    async def timed() -> float:
        started = time.perf_counter()
        replies = await herd(fleet, path, count)
        assert statuses(replies) == {200: count}
        return time.perf_counter() - started

    return asyncio.run(timed())


def test_a_leader_killed_in_its_render_costs_the_others_no_more_than_its_lease(
    fleet: Fleet,
) -> None:
    alone = _seconds(fleet, f"/img/{SLOW}/photo-slow.png", 1)

    async def scene() -> tuple[int, list[WireReply | BaseException], float]:
        asking = asyncio.create_task(herd(fleet, f"/img/{SLOW}/photo-killed.png", 80))
        leader = await first_busy(fleet)
        workers = children(fleet.gateways[leader].pid)
        fleet.kill(leader)
        killed = time.perf_counter()
        replies = await asking
        seconds = time.perf_counter() - killed
        eventually(lambda: not any(map(is_alive, workers)))
        return leader, replies, seconds

    before = renders(fleet)
    leader, replies, seconds = asyncio.run(scene())
    try:
        others = [number for number in range(GATEWAYS) if number != leader]
        survived = [reply for place, reply in enumerate(replies) if place % GATEWAYS != leader]
        assert statuses(survived) == {200: 60}
        assert sum(renders(fleet, others)) - sum(before[number] for number in others) == 1
        assert seconds < stretched(LEASE + 2 * alone + 5)
    finally:
        fleet.restart(leader)


async def first_busy(fleet: Fleet) -> int:
    """The gateway that renders, once one does."""
    async with asyncio.timeout(MAX_WAIT):
        while True:
            for number, gateway in enumerate(fleet.gateways):
                if await asyncio.to_thread(busy_workers, gateway.pid):
                    return number


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_redis_stopped_in_a_herd_leaves_one_render_to_each_gateway(
    fleet: Fleet, redis_server: RedisServer
) -> None:
    async def scene() -> list[WireReply | BaseException]:
        asking = asyncio.create_task(herd(fleet, f"/img/{SLOW}/photo-stopped.png", 80))
        await first_busy(fleet)
        await asyncio.to_thread(redis_server.stop)
        return await asking

    before = renders(fleet)
    try:
        assert statuses(asyncio.run(scene())) == {200: 80}
    finally:
        redis_server.start()
    each = [now - past for now, past in zip(renders(fleet), before, strict=True)]
    assert all(count <= 1 for count in each), each


def test_a_missing_original_is_asked_for_once_a_gateway_at_most(
    fleet: Fleet, bucket: CountingBucket
) -> None:
    """Once in all for those who ask while it is asked about; who comes later remembers nothing."""
    replies = asyncio.run(herd(fleet, "/img/width=50/nothing.png", 400))
    assert statuses(replies) == {404: 400}
    assert 1 <= bucket.asked["nothing.png"] <= len(fleet.gateways)


def test_many_sizes_at_once_are_one_fetch_of_a_gateway(
    fleet: Fleet, bucket: CountingBucket
) -> None:
    async def ask() -> list[WireReply]:
        paths = [f"/img/width={width}/photo-sizes.png" for width in range(20, 32)]
        return await asyncio.gather(*(ask_once(fleet.ports[0], path) for path in paths))

    assert statuses(asyncio.run(ask())) == {200: 12}
    assert bucket.asked["photo-sizes.png"] == 1
