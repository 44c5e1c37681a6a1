"""The whole gateway over a real socket: private S3 bucket, real Redis, sandboxed workers."""

import asyncio
import os
import signal
import time
import urllib.parse
from collections.abc import Iterator

import httpx
import pytest

from tests.live import Gateway, cache_status, problem
from tests.pictures import jpeg, png, size
from tests.servers import RedisServer, S3Bucket

KEY = "photos/cat.jpg"
SECRET = "k" * 40


@pytest.fixture
def bucket(s3: S3Bucket) -> S3Bucket:
    s3.put(KEY, jpeg(640, 480))
    return s3


@pytest.fixture(scope="module")
def _signed(_s3_server: S3Bucket, _redis_process: RedisServer) -> Iterator[Gateway]:
    with Gateway(
        _s3_server.environment(),
        source=_s3_server.url,
        s3_endpoint=_s3_server.endpoint,
        cache=_redis_process.url,
        signing_keys=SECRET,
        missing_ttl=0,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def _open(_s3_server: S3Bucket, _redis_process: RedisServer) -> Iterator[Gateway]:
    with Gateway(
        _s3_server.environment(), source=_s3_server.url, cache=_redis_process.url, urls="open"
    ) as running:
        yield running


@pytest.fixture
def gateway(_signed: Gateway, bucket: S3Bucket, redis_server: RedisServer) -> Gateway:
    """One that answers signed URLs, with nothing cached."""
    _signed.flush_everything()
    return _signed


@pytest.fixture
def open_gateway(_open: Gateway, bucket: S3Bucket, redis_server: RedisServer) -> Gateway:
    """One that answers any URL, with nothing cached."""
    _open.flush_everything()
    return _open


def test_the_bucket_denies_anonymous_reads(bucket: S3Bucket) -> None:
    assert httpx.get(f"{bucket.endpoint}/{bucket.name}/{KEY}").status_code == 403


def test_a_signed_avif_is_answered_from_each_tier_revalidated_and_forgotten(
    gateway: Gateway, bucket: S3Bucket
) -> None:
    url = gateway.signed(KEY, "width=200", "format=avif")
    first = gateway.get(url)
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/avif"
    assert size(first.content) == (200, 150)
    assert cache_status(first) == "resizer; fwd=uri-miss; fwd-status=200; stored"
    assert first.headers["server-timing"].startswith("fetch;dur=")

    again = gateway.get(url)
    assert cache_status(again) == "resizer; hit; detail=memory"
    assert again.content == first.content

    with Gateway(gateway.environment) as second:
        shared = second.get(url.replace(gateway.url, second.url))
        assert cache_status(shared) == "resizer; hit; detail=redis"
        assert shared.content == first.content
        assert shared.headers["etag"] == first.headers["etag"]

        kept = gateway.get(url, if_none_match=f'"x", W/{first.headers["etag"]}')
        assert kept.status_code == 304
        assert not kept.content
        assert kept.headers["cache-control"] == first.headers["cache-control"]

        bucket.put(KEY, jpeg(640, 480, (0, 0, 200)))
        dry = gateway.cli("flush", KEY, "--dry-run")
        assert dry.stdout == "would flush 1 variants of 1 images\n"
        assert cache_status(gateway.get(url)) == "resizer; hit; detail=memory"
        flushed = gateway.cli("flush", KEY)
        assert flushed.stdout == "flushed 1 variants of 1 images\n"
        for running in (gateway, second):
            fresh = running.get(url.replace(gateway.url, running.url))
            assert fresh.content != first.content


def test_head_is_get_without_a_body(open_gateway: Gateway) -> None:
    url = f"{open_gateway.url}/img/width=100/{KEY}"
    for _ in range(2):
        head, get = httpx.head(url), httpx.get(url)
        assert head.status_code == 200
        assert not head.content
        for name in ("content-length", "content-type", "etag", "cache-control", "last-modified"):
            assert head.headers[name] == get.headers[name]


def test_an_unmodified_image_is_not_sent_again(open_gateway: Gateway) -> None:
    url = f"/img/width=100/{KEY}"
    modified = open_gateway.get(url).headers["last-modified"]
    assert open_gateway.get(url, if_modified_since=modified).status_code == 304
    assert open_gateway.get(url, if_none_match="*").status_code == 304
    other = open_gateway.get(url, if_none_match='"other"', if_modified_since=modified)
    assert other.status_code == 200


def test_auto_is_one_variant_for_each_format(open_gateway: Gateway) -> None:
    url = f"/img/width=100,format=auto/{KEY}"
    browsers = [
        "image/avif,image/webp,image/apng,*/*;q=0.8",
        "image/avif, image/webp, */*",
        "image/webp,*/*",
        "image/webp",
        "*/*",
        "image/png,image/*;q=0.8,*/*;q=0.5",
    ]
    misses = open_gateway.sample("resizer_misses_total")
    replies = [open_gateway.get(url, accept=accept) for accept in browsers]
    types = [reply.headers["content-type"] for reply in replies]
    assert types == ["image/avif"] * 2 + ["image/webp"] * 2 + ["image/jpeg"] * 2
    assert all(reply.headers["vary"] == "Accept" for reply in replies)
    assert open_gateway.sample("resizer_misses_total") == misses + 3
    assert "vary" not in open_gateway.get(f"/img/width=100,format=webp/{KEY}").headers


def test_any_page_may_embed_an_image(open_gateway: Gateway) -> None:
    headers = open_gateway.get(f"/img/width=100/{KEY}").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-tag"] == headers["surrogate-key"] == KEY


AWKWARD = [
    "with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "%2e%2e.jpg",
    "hash#tag.jpg",
    "what?.jpg",
    "a,b=c.jpg",
    "Zoë & friends.jpg",
    "猫/写真.jpg",
    "🐈.jpg",
    "a//b.jpg",
    "/leading.jpg",
]


@pytest.mark.parametrize("key", AWKWARD)
def test_a_key_is_whatever_s3_takes(gateway: Gateway, bucket: S3Bucket, key: str) -> None:
    bucket.put(key, jpeg(50, 40))
    reply = gateway.get(gateway.signed(key, "width=25"))
    assert reply.status_code == 200, reply.text
    assert size(reply.content) == (25, 20)


def test_a_signature_survives_a_proxy_that_encodes_anew(gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("Zoë & friends.jpg", jpeg(50, 40))
    url = gateway.signed("Zoë & friends.jpg", "width=25", "background=rgb(1,2,3)")
    path = url.removeprefix(gateway.url)
    lower = path.replace("%C3%AB", "%c3%ab").replace("&", "%26")
    for form in (path, lower, path.replace("sig=", "%73ig=")):
        assert gateway.get(form).status_code == 200, form


def test_what_is_not_signed_is_refused(gateway: Gateway) -> None:
    url = gateway.signed(KEY, "width=100")
    assert gateway.get(f"/img/width=100/{KEY}").status_code == 403
    assert gateway.get(url.replace("width=100", "width=101")).status_code == 403
    assert gateway.get(url.replace("cat.jpg", "dog.jpg")).status_code == 403
    signature = url.partition("sig=")[2].partition("/")[0]
    assert gateway.get(url.replace(signature, "A" * 43)).status_code == 403
    refusal = problem(gateway.get(f"/img/width=100/{KEY}"))
    assert refusal["type"] == "urn:resizer:problem:signature-mismatch"


def test_an_expired_url_is_gone_even_when_cached(gateway: Gateway) -> None:
    url = gateway.signed(KEY, "width=100", f"exp={int(time.time()) + 3}")
    fresh = gateway.get(url)
    assert fresh.status_code == 200
    ages = [part.split("=") for part in fresh.headers["cache-control"].split(", ")[1:]]
    assert all(int(seconds) <= 3 for _, seconds in ages)
    expiry = int(url.partition("exp=")[2].partition(",")[0])
    time.sleep(max(0.0, expiry - time.time()) + 0.05)
    gone = gateway.get(url)
    assert gone.status_code == 410
    assert problem(gone)["title"] == "URL expired"


def test_an_old_key_is_accepted_while_keys_rotate(
    gateway: Gateway, bucket: S3Bucket, redis_server: RedisServer
) -> None:
    url = gateway.signed(KEY, "width=100").removeprefix(gateway.url)
    for keys, status in ((f"new,{SECRET}", 200), ("new", 403)):
        with Gateway(source=bucket.url, signing_keys=keys) as rotated:
            assert rotated.get(url).status_code == status


def test_presets_and_listed_widths_need_no_signature(bucket: S3Bucket) -> None:
    with Gateway(
        source=bucket.url,
        urls="presets",
        signing_keys=SECRET,
        presets="thumb:width=80,height=80,fit=cover",
        widths="320,640",
    ) as running:
        assert size(running.get(f"/img/thumb/{KEY}").content) == (80, 80)
        assert running.get(f"/img/preset=thumb/{KEY}").status_code == 200
        assert size(running.get(f"/img/width=320/{KEY}").content) == (320, 240)
        for options in ("width=321", "width=320,height=2", "thumb,q=3", "format=webp"):
            refused = running.get(f"/img/{options}/{KEY}")
            assert refused.status_code == 403, options
            assert "320, 640" in str(problem(refused)["detail"])
        assert running.get(running.signed(KEY, "width=321")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"/img/widht=3/{KEY}", 400, "widht"),
        (f"/img/width=0/{KEY}", 400, "width"),
        (f"/img/width=3,w=4/{KEY}", 400, "width"),
        (f"/img/fit=stretch/{KEY}", 400, "fit"),
        ("/img/width=3/../secret", 400, ".."),
        ("/img/width=3/a%00b", 400, "control"),
        ("/img/width=3/a%0Ab", 400, "control"),
        ("/img/width=3/%FF", 400, "UTF-8"),
        ("/img/width=3/", 404, ""),
        ("/img/width=3/photos/none.jpg", 404, ""),
        ("/elsewhere", 404, "/img/"),
    ],
)
def test_bad_input_is_a_problem_that_names_it(
    open_gateway: Gateway, path: str, status: int, said: str
) -> None:
    with httpx.Client() as client:
        target = {"target": path.encode()}
        reply = client.send(httpx.Request("GET", open_gateway.url, extensions=target))
    assert reply.status_code == status, reply.text
    members = problem(reply)
    assert said in str(members["detail"])
    assert "max-age=" in reply.headers["cache-control"]
    assert "test-originals" not in reply.text


def test_other_methods_are_refused(open_gateway: Gateway) -> None:
    refused = httpx.post(f"{open_gateway.url}/img/width=3/{KEY}")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    assert httpx.options(f"{open_gateway.url}/img/width=3/{KEY}").status_code == 204


def test_only_pictures_come_out(open_gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("secrets.env", b"PASSWORD=hush")
    bucket.put("page.html", b"<script>alert(1)</script>")
    for key in ("secrets.env", "page.html"):
        refused = open_gateway.get(f"/img/width=10/{key}")
        assert refused.status_code == 422
        assert "hush" not in refused.text
        assert "script" not in refused.text


def test_transparency_meets_its_background(open_gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("logo.png", png(64, 48))
    kept = open_gateway.get("/img/width=32,format=auto/logo.png", accept="*/*")
    assert kept.headers["content-type"] == "image/png"
    flat = open_gateway.get("/img/width=32,format=jpeg,background=red/logo.png")
    assert flat.headers["content-type"] == "image/jpeg"


def test_an_error_leads_to_the_fallback_where_the_url_says_so(bucket: S3Bucket) -> None:
    with Gateway(source=bucket.url, urls="open", fallback="https://cdn.test/none.png") as running:
        lost = running.get("/img/width=10,onerror=redirect/none.jpg")
        assert (lost.status_code, lost.headers["location"]) == (302, "https://cdn.test/none.png")
        assert running.get("/img/width=10/none.jpg").status_code == 404
        assert running.get("/img/widht=10,onerror=redirect/none.jpg").status_code == 400


def test_a_prefix_is_all_that_can_be_reached(bucket: S3Bucket) -> None:
    bucket.put("public/in.jpg", jpeg(20, 20))
    bucket.put("out.jpg", jpeg(20, 20))
    with Gateway(source=f"{bucket.url}/public", urls="open") as running:
        assert running.get("/img/width=10/in.jpg").status_code == 200
        for path in ("out.jpg", "..%2Fout.jpg", "/out.jpg", "%2Fout.jpg", "public/in.jpg"):
            assert running.get(f"/img/width=10/{path}").status_code in (400, 404), path


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


def busy_workers(gateway: int) -> list[int]:
    """The children of a gateway that are using a core at the moment."""
    before = {pid: cpu_ticks(pid) for pid in children(gateway)}
    time.sleep(0.05)
    return [pid for pid, ticks in before.items() if cpu_ticks(pid) > ticks + 1]


def children(parent: int) -> list[int]:
    with open(f"/proc/{parent}/task/{parent}/children") as listed:
        return [int(pid) for pid in listed.read().split()]


def cpu_ticks(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def test_redis_stopped_and_started_under_traffic_costs_no_request(
    open_gateway: Gateway, redis_server: RedisServer
) -> None:
    def ask(widths: range) -> set[int]:
        return {open_gateway.get(f"/img/width={w}/{KEY}").status_code for w in widths}

    assert ask(range(20, 25)) == {200}
    redis_server.stop()
    assert ask(range(20, 30)) == {200}
    ready = open_gateway.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert open_gateway.sample("resizer_redis_errors_total") > 0
    redis_server.start()
    deadline = time.monotonic() + 20
    while open_gateway.get("/readyz").json()["status"] != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ask(range(20, 25)) == {200}


def test_a_frozen_redis_costs_no_more_than_its_timeout(
    open_gateway: Gateway, redis_server: RedisServer
) -> None:
    open_gateway.get(f"/img/width=20/{KEY}")
    redis_server.pause()
    try:
        started = time.monotonic()
        assert open_gateway.get(f"/img/width=21/{KEY}").status_code == 200
        assert time.monotonic() - started < 3
    finally:
        redis_server.resume()


def test_a_source_that_is_away_is_a_502_and_unready(redis_server: RedisServer) -> None:
    environment = S3Bucket("http://127.0.0.1:9", None).environment()  # type: ignore[arg-type]
    with Gateway(environment, source="s3://anything", urls="open", fetch_seconds=5) as running:
        refused = running.get("/img/width=10/a.jpg")
        assert refused.status_code == 502
        assert "anything" not in refused.text
        assert "127.0.0.1" not in refused.text
        assert running.get("/readyz").status_code == 503
        assert running.get("/healthz").status_code == 200


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


def test_every_request_is_one_line_of_json_without_its_signature(gateway: Gateway) -> None:
    url = gateway.signed(KEY, "width=100")
    signature = url.partition("sig=")[2].partition("/")[0]
    ids = [gateway.get(url).headers["x-request-id"] for _ in range(3)]
    assert gateway.get(url, x_request_id="mine-1").headers["x-request-id"] == "mine-1"
    assert gateway.stop() == 0
    requests = {e["request_id"]: e for e in gateway.entries() if e["event"] == "request"}
    assert {*ids, "mine-1"} <= set(requests)
    assert requests[ids[0]]["status"] == 200
    assert requests[ids[1]]["cache"] == "resizer; hit; detail=memory"
    text = gateway.log.read_text()
    assert signature not in text
    assert SECRET not in text
    assert urllib.parse.quote(KEY) in text
