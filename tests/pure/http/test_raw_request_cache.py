"""RawRequestCache, and the protocol that remembers them: over a transport and a clock made here."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.server import ServerState

from resizer.http import images
from resizer.http.hit_lane import HitLaneProtocol
from resizer.http.raw_request_cache import LONGEST, MOST, RawRequestCache
from resizer.model.flush import Flush
from tests.fuzz.targets.requests import Line, Served

URL = "/img/width=9,format=webp/a"
ASKED = (URL.encode(), b"")


def request(*headers: str, url: str = URL) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


def test_a_packet_is_kept_from_its_second_time_on() -> None:
    raw_requests = RawRequestCache()
    raw_requests.observe(request(), ASKED)
    assert raw_requests.find(request()) is None
    raw_requests.observe(request(), ASKED)
    assert raw_requests.find(request()) == ASKED


def test_the_oldest_packet_is_forgotten_and_a_long_one_never_kept() -> None:
    raw_requests = RawRequestCache()
    for number in range(MOST + 1):
        for _ in range(2):
            raw_requests.observe(request(f"X: {number}"), ASKED)
    assert len(raw_requests) == MOST
    assert raw_requests.find(request("X: 0")) is None
    assert raw_requests.find(request("X: 1"))
    long = request("X: " + "x" * LONGEST)
    for _ in range(3):
        raw_requests.observe(long, ASKED)
    assert raw_requests.find(long) is None


def test_packets_that_come_once_push_nothing_out() -> None:
    raw_requests = RawRequestCache()
    for _ in range(2):
        raw_requests.observe(request(), ASKED)
    for number in range(3 * MOST):
        raw_requests.observe(request(f"X-Trace: {number}"), ASKED)
    assert raw_requests.find(request())
    assert len(raw_requests) < 10


@dataclass
class Timer:
    due: float
    then: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """What the protocol asks of its event loop; the rest goes to the real one."""

    now: float = 0.0
    timers: list[Timer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, then: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + seconds, then))
        return self.timers[-1]

    def create_task(self, coroutine: Any) -> "asyncio.Task[Any]":
        return asyncio.get_running_loop().create_task(coroutine)

    def go_to(self, now: float) -> None:
        """Let time pass, and what is due happen."""
        self.now = now
        due = [timer for timer in self.timers if timer.due <= now]
        self.timers = [timer for timer in self.timers if timer.due > now]
        for timer in due:
            if not timer.cancelled:
                timer.then()

    @property
    def waiting(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled]


@dataclass
class Connection:
    """One connection to a served harness; `knows` tells whether bytes would need no parser."""

    served: Served
    clock: Clock = field(default_factory=Clock)
    line: Line = field(default_factory=Line)

    def __post_init__(self) -> None:
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"now")]
        app_state = {"hit_lane": self.served.lane}
        self.protocol = HitLaneProtocol(self.served.config, self.state, app_state, _loop=self.clock)
        self.protocol.connection_made(self.line)

    def send(self, data: bytes) -> bytes:
        """What is answered at once."""
        del self.line.written[:]
        self.protocol.data_received(data)
        return bytes(self.line.written)

    async def send_and_wait(self, data: bytes) -> bytes:
        del self.line.written[:]
        self.protocol.data_received(data)
        await self.served.done(self.state)
        return bytes(self.line.written)

    def knows(self, data: bytes) -> bool:
        return self.served.lane.raw_requests.find(data) is not None


def play(scene: Callable[[Connection], Any]) -> None:
    """Run `scene` on a connection whose first request was answered twice by the lane."""

    async def whole() -> None:
        connection = Connection(Served())
        await connection.send_and_wait(request())
        for _ in range(2):
            assert connection.send(request()).startswith(b"HTTP/1.1 200")
        assert connection.knows(request())
        await scene(connection)

    asyncio.run(whole())


def test_a_known_packet_is_not_parsed_and_its_reply_is_the_same() -> None:
    async def scene(connection: Connection) -> None:
        parsed = connection.send(request("X: 1"))
        connection.protocol.parser = None  # type: ignore[assignment]
        known = connection.send(request())
        assert known.partition(b"\r\ncontent-type")[2] == parsed.partition(b"\r\ncontent-type")[2]
        ids = [reply.partition(b"x-request-id: ")[2].split()[0] for reply in (parsed, known)]
        assert ids[0] != ids[1]

    play(scene)


def test_a_known_packet_in_the_middle_of_a_head_is_part_of_it() -> None:
    async def scene(connection: Connection) -> None:
        assert connection.send(b"GET /img/width=8,format=webp/a HTTP/1.1\r\nX: ") == b""
        assert connection.send(request()) == b""
        assert b"width=8,format=webp" in await connection.send_and_wait(b"")

    play(scene)


def test_a_known_packet_in_a_body_is_part_of_it_though_the_reply_has_gone() -> None:
    async def scene(connection: Connection) -> None:
        head = request(f"Content-Length: {len(request())}")
        assert b"HTTP/1.1 200" in await connection.send_and_wait(head)
        assert await connection.send_and_wait(request()) == b""
        assert b"HTTP/1.1 200" in connection.send(request())

    play(scene)


def test_a_known_packet_behind_an_unfinished_request_waits_its_turn() -> None:
    async def scene(connection: Connection) -> None:
        assert connection.send(request(url="/img/width=8,format=webp/a")) == b""
        replies = await connection.send_and_wait(request())
        first, second = replies.split(b"HTTP/1.1 200 OK")[1:]
        assert first.endswith(b"width=8,format=webp")
        assert second.endswith(b"width=9,format=webp")

    play(scene)


def test_a_flush_counts_between_two_packets() -> None:
    async def scene(connection: Connection) -> None:
        connection.served.harness.flush(Flush(key="a"))
        assert connection.send(request()) == b""
        reply = await connection.send_and_wait(b"")
        assert b"fwd=uri-miss" in reply

    play(scene)


def test_a_known_packet_is_nothing_while_flushes_cannot_be_heard() -> None:
    async def scene(connection: Connection) -> None:
        connection.served.harness.coherence.distrust()
        assert b"detail=memory" not in await connection.send_and_wait(request())

    play(scene)


def test_a_reader_that_does_not_keep_up_is_left_to_the_ordinary_way() -> None:
    async def scene(connection: Connection) -> None:
        connection.protocol.pause_writing()
        assert connection.send(request()) == b""
        connection.protocol.resume_writing()
        assert b"detail=memory" in await connection.send_and_wait(b"")

    play(scene)


@pytest.mark.parametrize(
    "data",
    [
        request("X-Request-Id: mine"),
        request("Cookie: secret"),
        request("Authorization: Basic c2VjcmV0"),
        request("Connection: close"),
        request('If-None-Match: "x"'),
        request("Content-Length: 0"),
        request("Expect: 100-continue"),
        request("Connection: Upgrade", "Upgrade: websocket"),
        request("Transfer-Encoding: chunked") + b"0\r\n\r\n",
        request() + request(),
        request() + b"\0\r\n\r\n",
        request().replace(b"GET", b"HEAD"),
        request().replace(b"HTTP/1.1", b"HTTP/1.0"),
        request(url="/healthz"),
    ],
)
def test_what_is_no_repeatable_hit_is_not_remembered(data: bytes) -> None:
    async def scene(connection: Connection) -> None:
        for _ in range(4):
            another = Connection(connection.served)
            await another.send_and_wait(data)
        assert not connection.knows(data)

    play(scene)


def test_a_request_in_two_parts_is_not_remembered_by_its_end() -> None:
    async def scene(connection: Connection) -> None:
        whole = request("X: 1")
        for _ in range(4):
            for at in range(1, len(whole)):
                assert connection.send(whole[:at]) == b""
                assert connection.send(whole[at:]).startswith(b"HTTP/1.1 200")
                assert not connection.knows(whole[at:])
        for _ in range(4):
            connection.send(whole[:-9])
            assert connection.send(whole[-9:] + whole).count(b"HTTP/1.1 200") == 2
        assert not connection.knows(whole[-9:] + whole)

    play(scene)


def test_an_idle_connection_is_closed_after_its_last_hit_and_not_before() -> None:
    async def scene(connection: Connection) -> None:
        clock, seconds = connection.clock, connection.protocol.timeout_keep_alive
        clock.now = seconds / 2
        connection.send(request())
        connection.send(request("X: 1"))
        clock.go_to(seconds)
        assert not connection.line.closing
        clock.go_to(1.4 * seconds)
        assert not connection.line.closing
        clock.go_to(1.5 * seconds)
        assert connection.line.closing

    play(scene)


def test_many_hits_are_one_timer() -> None:
    async def scene(connection: Connection) -> None:
        before = len(connection.clock.timers)
        for number in range(50):
            connection.send(request())
            connection.send(request(f"X: {number}"))
        assert len(connection.clock.timers) == before

    play(scene)


@pytest.mark.parametrize("begun", [b"GET /", request(url="/img/width=7,format=webp/a")])
def test_a_request_that_was_begun_is_no_idle_connection(begun: bytes) -> None:
    async def scene(connection: Connection) -> None:
        assert len(connection.clock.waiting) == 1
        connection.send(begun)
        assert not connection.clock.waiting

    play(scene)


def test_a_url_that_expires_while_it_is_looked_up_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was good when it came, and what it asked for has been made."""

    async def scene(connection: Connection) -> None:
        soon = int(time.time()) + 60
        url = f"/img/width=9,format=webp,exp={soon}/a"
        await connection.send_and_wait(request(url=url))
        connection.served.harness.flush(Flush(key="a"))
        connection.served.harness.memory.clear()
        monkeypatch.setattr(images, "time", SimpleNamespace(time=lambda: soon + 1.0))
        reply = await connection.send_and_wait(request(url=url))
        assert reply.startswith(b"HTTP/1.1 200")
        assert b"fwd=uri-miss" in reply

    play(scene)
