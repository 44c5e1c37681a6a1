"""The cache of a whole fleet: real gateways, a real Redis, a bucket, and a tier behind Redis."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.live import KEY, Gateway, cache_status
from tests.support.pictures import jpeg, size
from tests.support.servers import RedisServer, S3Bucket
from tests.support.waiting import eventually

pytestmark = pytest.mark.redis
URL = f"/img/width=100/{KEY}"
PRESETS = "thumb:width=80,format=png hero:width=90"


@pytest.fixture(scope="module")
def _fleet(
    _s3_server: S3Bucket, _redis_process: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, Gateway]]:
    # Another source than that of the gateways beside, which keep no results.
    environment = _s3_server.environment()
    endpoint = _s3_server.endpoint.replace("127.0.0.1", "localhost")
    environment["AWS_ENDPOINT_URL_S3"] = endpoint
    settings: dict[str, object] = {
        "source": _s3_server.url,
        "cache": _redis_process.url,
        "urls": "open",
        "presets": PRESETS,
        "renderers": 1,
        "fresh_for": 1,
        "missing_ttl": 0,
        "results": tmp_path_factory.mktemp("results") / "variants",
    }
    with (
        Gateway(environment, **settings) as one,
        Gateway(environment, **settings) as other,
    ):
        yield one, other


@pytest.fixture
def fleet(
    _fleet: tuple[Gateway, Gateway], bucket: S3Bucket, redis_server: RedisServer
) -> tuple[Gateway, Gateway]:
    """Two gateways with nothing cached, for whom a variant is stale after one second."""
    _fleet[0].flush_everything()
    return _fleet


def test_a_flush_reaches_the_memory_of_every_gateway_before_it_returns(
    fleet: tuple[Gateway, Gateway], bucket: S3Bucket
) -> None:
    for width in range(200, 1000, 200):
        bucket.put(KEY, jpeg(width, width // 2))
        fleet[0].flush_everything()
        for gateway in fleet:
            assert size(gateway.get(f"/img/fit=contain/{KEY}").content) == (width, width // 2)


def test_a_tag_flushes_the_variants_of_a_preset_and_no_others(
    fleet: tuple[Gateway, Gateway],
) -> None:
    one, other = fleet
    for path in (f"/img/thumb/{KEY}", f"/img/hero/{KEY}", f"/img/width=80,format=png/{KEY}"):
        for gateway in fleet:
            assert gateway.get(path).status_code == 200
    done = one.cli("flush", "--tag", "thumb")
    assert (done.returncode, done.stdout) == (
        0,
        "flushed 1 variant of 1 original, and 1 among the results; confirmed by 2 gateways\n",
    )
    assert "fwd=uri-miss" in cache_status(other.get(f"/img/thumb/{KEY}"))
    for path in (f"/img/hero/{KEY}", f"/img/width=80,format=png/{KEY}"):
        assert "hit" in cache_status(other.get(path))


def test_a_replaced_original_is_shown_soon_after_its_freshness_without_a_flush(
    fleet: tuple[Gateway, Gateway], bucket: S3Bucket
) -> None:
    first = fleet[0].get(URL)
    bucket.put(KEY, jpeg(400, 400))
    time.sleep(1.1)
    stale = fleet[0].get(URL)
    assert stale.content == first.content
    assert "hit; ttl=-1" in cache_status(stale)
    assert "max-age=10, s-maxage=10" in stale.headers["cache-control"]
    eventually(lambda: size(fleet[0].get(URL).content) == (100, 100))
    assert size(fleet[1].get(URL).content) == (100, 100)


def test_an_unchanged_original_makes_a_variant_fresh_again_without_a_render(
    fleet: tuple[Gateway, Gateway],
) -> None:
    one, _ = fleet
    one.get(URL)
    unchanged = 'resizer_revalidations_total{outcome="unchanged"}'
    renders = one.sample('resizer_renders_total{format="image/jpeg"}')
    before = one.sample(unchanged)
    time.sleep(1.1)
    assert "ttl=-1" in cache_status(one.get(URL))
    eventually(lambda: one.sample(unchanged) == before + 1)
    assert cache_status(one.get(URL)) == "resizer; hit; detail=memory"
    assert one.sample('resizer_renders_total{format="image/jpeg"}') == renders


def test_a_deleted_original_is_404_and_its_variants_are_gone_from_every_tier(
    fleet: tuple[Gateway, Gateway], bucket: S3Bucket
) -> None:
    for gateway in fleet:
        gateway.get(URL)
    bucket.client.delete_object(Bucket=bucket.name, Key=KEY)
    time.sleep(1.1)
    assert fleet[0].get(URL).status_code == 200
    eventually(lambda: {gateway.get(URL).status_code for gateway in fleet} == {404})
    told = fleet[0].cli("flush", KEY, "--dry-run")
    assert told.stdout == "would flush 0 variants of 0 originals\n"


def test_what_redis_lost_comes_from_the_results(
    fleet: tuple[Gateway, Gateway], redis_server: RedisServer
) -> None:
    one, other = fleet
    first = one.get(URL)
    results = Path(one.environment["RESIZER_RESULTS"])
    eventually(lambda: any(path.is_file() for path in results.rglob("*")))
    redis_server.run("FLUSHALL")
    again = other.get(URL)
    assert "hit" in cache_status(again)
    assert "detail=results" in cache_status(again)
    assert again.content == first.content
    one.cli("flush", KEY)
    assert not any(path.is_file() for path in results.rglob("*"))
    assert "fwd=uri-miss" in cache_status(other.get(URL))


def test_a_source_that_is_away_is_served_stale(redis_server: RedisServer, tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    originals.mkdir()
    (originals / "cat.jpg").write_bytes(jpeg(64, 48))
    with Gateway(
        source=originals,
        cache=redis_server.url,
        urls="open",
        fresh_for=1,
        serve_stale_for=0,
        source_cache_mb=0,
        renderers=1,
    ) as gateway:
        fresh = gateway.get("/img/width=10/cat.jpg")
        originals.rename(tmp_path / "elsewhere")
        time.sleep(1.1)
        late = gateway.get("/img/width=10/cat.jpg")
        assert (late.status_code, late.content) == (200, fresh.content)
        assert "ttl=-1" in cache_status(late)
        assert gateway.get("/img/width=11/cat.jpg").status_code == 502
        (tmp_path / "elsewhere").rename(originals)
        assert "fwd=stale; fwd-status=304" in cache_status(gateway.get("/img/width=10/cat.jpg"))


def test_several_sizes_asked_together_fetch_their_original_once(
    fleet: tuple[Gateway, Gateway],
) -> None:
    one, _ = fleet

    async def ask() -> list[int]:
        async with httpx.AsyncClient(timeout=30) as client:
            paths = [f"{one.url}/img/width={width}/{KEY}" for width in range(100, 900, 100)]
            return [r.status_code for r in await asyncio.gather(*map(client.get, paths))]

    fetches = one.sample("resizer_fetch_seconds_count")
    assert asyncio.run(ask()) == [200] * 8
    assert one.sample("resizer_fetch_seconds_count") == fetches + 1
