"""OverlayIndex on a real server: a flush of an original finds what shows it over another."""

import pytest

from resizer.cache.lease import Lease
from resizer.cache.redis import RedisCache, overlay_index
from resizer.model.field import Overlay, field_of
from resizer.model.flush import Flush, FlushResult
from resizer.model.transform import Transform
from tests.support.caches import ONE, fill, flush, run
from tests.support.servers import RedisCluster as ClusterServer
from tests.support.servers import RedisServer

pytestmark = pytest.mark.redis
LOGO = "logos/Zoë@2.png"
PLAIN = field_of("1", Transform(width=100), None)
SHOWING = field_of("1", Transform(width=100), "thumb", [Overlay(LOGO, "v1"), Overlay("b", "v1")])
OTHER = field_of("1", Transform(width=100), None, [Overlay("logos/other.png", "v1")])


async def filled(cache: RedisCache) -> None:
    for key in ("photos/cat.jpg", "photos/dog.jpg"):
        for field in (PLAIN, SHOWING, OTHER):
            await fill(cache, key, field, ONE, 60)


async def held(cache: RedisCache) -> list[bool]:
    return [
        await cache.get("photos/cat.jpg", field) is not None for field in (PLAIN, SHOWING, OTHER)
    ]


@pytest.mark.parametrize(
    ("flushed", "left"),
    [
        (Flush(key=LOGO), [True, False, True]),
        (Flush(key="b"), [True, False, True]),
        (Flush(prefix="logos/"), [True, False, False]),
        (Flush(key="logos/"), [True, True, True]),
        (Flush(key="photos/dog.jpg"), [True, True, True]),
        (Flush(), [False, False, False]),
    ],
)
def test_a_flush_of_an_overlay_removes_every_variant_that_shows_it(
    redis_server: RedisServer, flushed: Flush, left: list[bool]
) -> None:
    async def use(cache: RedisCache) -> None:
        await filled(cache)
        counted = await flush(cache, flushed, dry_run=True)
        assert await held(cache) == [True] * 3
        removed = await flush(cache, flushed)
        assert (removed.originals, removed.variants) == (counted.originals, counted.variants)
        assert await held(cache) == left

    run(use, redis_server.url)


def test_in_a_cluster_too(redis_cluster: ClusterServer) -> None:
    async def use(cache: RedisCache) -> None:
        await filled(cache)
        assert (await flush(cache, Flush(key=LOGO))).variants == 2
        assert await held(cache) == [True, False, True]

    run(use, redis_cluster.url)


def test_a_fill_under_way_that_shows_a_flushed_overlay_is_not_stored(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        lease = await cache.acquire_lease("photos/cat.jpg", SHOWING)
        assert isinstance(lease, Lease)
        assert lease.token is not None
        await flush(cache, Flush(key=LOGO))
        assert not await cache.put("photos/cat.jpg", SHOWING, ONE, 60, lease.token)

    run(use, redis_server.url)


def test_a_flush_of_an_original_that_is_no_overlay_walks_through_nothing(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        await filled(cache)
        assert await cache.showing([Flush(key="photos/cat.jpg"), Flush(tag="thumb")]) == []
        assert await flush(cache, Flush(key="photos/cat.jpg")) == FlushResult(1, 3)

    run(use, redis_server.url)


def test_no_more_are_noted_than_there_is_room_for(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_index, "_MOST", 2)

    async def use(cache: RedisCache) -> None:
        await filled(cache)
        assert len(await cache.showing([Flush(prefix="logos/"), Flush(key="b")])) == 2
        assert (await flush(cache, Flush(key="logos/other.png"))).variants == 0

    run(use, redis_server.url)
