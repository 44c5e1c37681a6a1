"""The whole gateway in a herd, under faults, in several processes and at its end."""

import asyncio
import os
import signal
import urllib.parse

import httpx

from tests.support.live import KEY, SECRET, Gateway
from tests.support.pictures import jpeg, size
from tests.support.processes import busy_workers
from tests.support.servers import RedisServer, S3Bucket

SOURCE_FAILED = "The source cannot deliver the original."


def test_a_thousand_at_once_for_one_cold_url_are_one_fetch_and_one_render(
    open_gateway: Gateway,
) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", open_gateway.port)
        writer.write(
            f"GET /img/width=77/{KEY} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        reply = await reader.read()
        writer.close()
        return reply

    async def herd() -> list[bytes]:
        return await asyncio.gather(*(ask() for _ in range(1000)))

    counted = ("resizer_fetch_seconds_count", 'resizer_renders_total{format="image/jpeg"}')
    before = [open_gateway.sample(name) for name in counted]
    replies = asyncio.run(herd())
    assert {reply.partition(b"\r\n")[0] for reply in replies} == {b"HTTP/1.1 200 OK"}
    assert len({reply.partition(b"\r\n\r\n")[2] for reply in replies}) == 1
    assert [open_gateway.sample(name) for name in counted] == [n + 1 for n in before]


def test_a_worker_killed_mid_render_costs_no_request(
    open_gateway: Gateway, bucket: S3Bucket
) -> None:
    bucket.put("large.jpg", jpeg(6000, 4500))

    async def scene() -> httpx.Response:
        async with httpx.AsyncClient(timeout=60) as client:
            url = f"{open_gateway.url}/img/width=3000,format=avif/large.jpg"
            request = asyncio.create_task(client.get(url))
            while not (busy := busy_workers(open_gateway.pid)):
                await asyncio.sleep(0.01)
            os.kill(busy[0], signal.SIGKILL)
            return await request

    reply = asyncio.run(scene())
    assert reply.status_code == 200
    assert size(reply.content) == (3000, 2250)
    assert open_gateway.sample('resizer_worker_deaths_total{reason="crash"}') == 1
    assert open_gateway.get(f"/img/width=31/{KEY}").status_code == 200


def test_a_source_that_is_away_is_a_502_and_unready(redis_server: RedisServer) -> None:
    environment = S3Bucket("http://127.0.0.1:9", None).environment()  # type: ignore[arg-type]
    with Gateway(environment, source="s3://anything", urls="open", fetch_seconds=5) as running:
        refused = running.get("/img/width=10/a.jpg")
        assert refused.status_code == 502
        assert "anything" not in refused.text
        assert "127.0.0.1" not in refused.text
        assert running.get("/readyz").status_code == 503
        assert running.get("/healthz").status_code == 200
        running.stop()
        (told,) = [e for e in running.entries() if e["event"] == SOURCE_FAILED]
        assert told["request_id"] == refused.headers["x-request-id"]
        assert told["reason"]


def test_several_processes_show_their_numbers_together(
    bucket: S3Bucket, redis_server: RedisServer
) -> None:
    with Gateway(
        source=bucket.url, cache=redis_server.url, urls="open", workers=2, renderers=1
    ) as running:
        for width in range(20, 40):
            assert running.get(f"/img/width={width}/{KEY}").status_code == 200
        assert running.sample("resizer_misses_total") == 20
        running.cli("flush", "--prefix", "photos/")
        assert running.get(f"/img/width=20/{KEY}").status_code == 200
        assert running.sample("resizer_misses_total") == 21
        assert running.stop() == 0


def test_sigterm_lets_requests_finish(bucket: S3Bucket) -> None:
    bucket.put("large.jpg", jpeg(6000, 4500))
    with Gateway(source=bucket.url, urls="open") as running:

        async def scene() -> httpx.Response:
            async with httpx.AsyncClient(timeout=60) as client:
                url = f"{running.url}/img/width=3000,format=avif/large.jpg"
                request = asyncio.create_task(client.get(url))
                while not busy_workers(running.pid):
                    await asyncio.sleep(0.01)
                os.kill(running.pid, signal.SIGTERM)
                return await request

        assert asyncio.run(scene()).status_code == 200
        assert running.stop() == 0


def test_every_request_is_one_line_of_json_without_its_signature(bucket: S3Bucket) -> None:
    with Gateway(source=bucket.url, signing_keys=SECRET) as running:
        url = running.signed(KEY, "width=100")
        ids = [running.get(url).headers["x-request-id"] for _ in range(3)]
        assert running.get(url, x_request_id="mine-1").headers["x-request-id"] == "mine-1"
        assert running.stop() == 0
    requests = {e["request_id"]: e for e in running.entries() if e["event"] == "request"}
    assert {*ids, "mine-1"} <= set(requests)
    assert requests[ids[0]]["status"] == 200
    assert requests[ids[1]]["cache"] == "resizer; hit; detail=memory"
    text = running.log.read_text()
    assert url.partition("sig=")[2].partition("/")[0] not in text
    assert SECRET not in text
    assert urllib.parse.quote(KEY) in text
