"""Variants of several originals: named by the version of each, and flushed with each."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from resizer.errors import OverlayNotFound, SourceUnavailable, UnprocessableSource
from resizer.gateway.answer import Answer
from resizer.gateway.overlays import Overlays
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.response_head import fields
from resizer.model.transform import Transform
from tests.support.house import House
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
LOGO = "logos/logo.png"


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


async def get(house: House, key: str = "a") -> Answer:
    return await house.gateway.get(key, SMALL, None, (LOGO,))


def age(house: House, seconds: float) -> None:
    """Make all that is remembered of overlays so much older."""
    for known in house.gateway._overlays._known.entries.values():
        known.checked_at -= seconds
        known.asked_at -= seconds


def test_every_original_is_rendered_in_order_and_the_next_time_it_is_a_hit() -> None:
    async def test() -> None:
        house = House()
        first = await house.gateway.get("a", SMALL, None, (LOGO, "b"))
        assert first.variant.body.startswith(f"a v1 {LOGO} v1 b v1 ".encode())
        assert first.stored
        house.source.fetches.clear()
        assert (await house.gateway.get("a", SMALL, None, (LOGO, "b"))).tier == "memory"
        assert (await house.gateway.get("a", SMALL, None, ("b", LOGO))).tier is None
        assert (await house.gateway.get("a", SMALL)).tier is None
        assert len(house.memory) == 3

    run(test())


def test_a_changed_overlay_is_another_variant_once_it_was_asked_for_again() -> None:
    async def test() -> None:
        house = House()
        before = await get(house)
        house.source.versions[LOGO] = 2
        assert (await get(house)).variant is before.variant
        age(house, 61)
        after = await get(house)
        assert b"a v1 logos/logo.png v2" in after.variant.body
        assert after.variant.etag != before.variant.etag
        assert len({field for _, field in house.shared.variants}) == 2

    run(test())


def test_an_unchanged_overlay_that_grew_old_costs_no_render() -> None:
    async def test() -> None:
        house = House()
        await get(house)
        age(house, 61)
        assert (await get(house)).tier == "memory"
        assert len(house.renderer.renders) == 1
        assert house.source.fetches.count(LOGO) == 3

    run(test())


def test_a_stale_overlay_is_asked_for_once_behind_the_reply() -> None:
    async def test() -> None:
        house = House(freshness=Freshness(60, 60, 0))
        await get(house)
        house.source.versions[LOGO] = 2
        house.source.fetches.clear()
        age(house, 61)
        assert [(await get(house)).tier for _ in range(3)] == ["memory"] * 3
        await settle()
        assert house.source.fetches == [LOGO]
        assert b"logo.png v2" in (await get(house)).variant.body

    run(test())


def test_while_the_source_is_away_the_last_version_is_shown() -> None:
    async def test() -> None:
        house = House(freshness=Freshness(60, 0, 60))
        await get(house)
        house.source.error = SourceUnavailable("The bucket is away.")
        age(house, 61)
        assert (await get(house)).tier == "memory"
        age(house, 61)
        with pytest.raises(SourceUnavailable):
            await get(house)

    run(test())


@pytest.mark.parametrize("flush", [Flush(key=LOGO), Flush(prefix="logos/"), Flush()])
def test_a_flushed_overlay_is_flushed_with_all_that_shows_it(flush: Flush) -> None:
    async def test() -> None:
        house = House(with_results=True)
        await get(house)
        await house.gateway.get("a", SMALL)
        await settle()
        assert sum(flush.matches(*one) for one in house.results.variants) == 1 + (flush == Flush())
        house.results.variants.clear()
        house.flush(flush)
        assert not any(flush.matches(*one) for one in house.shared.variants)
        assert len(house.memory) == (0 if flush == Flush() else 1)
        house.renderer.renders.clear()
        assert (await get(house)).tier is None
        assert len(house.renderer.renders) == 1

    run(test())


def test_a_flush_of_an_overlay_during_a_render_keeps_nothing_of_it() -> None:
    async def test() -> None:
        house = House(open_=False)
        before = asyncio.create_task(get(house))
        await house.renderer.begun.wait()
        house.flush(Flush(key=LOGO))
        house.source.versions[LOGO] = 2
        after = asyncio.create_task(get(house))
        await settle()
        house.renderer.gate.set()
        assert (await before).flushed
        assert b"logo.png v2" in (await after).variant.body
        assert len(house.memory) == len(house.shared.variants) == 1

    run(test())


def test_an_overlay_that_changes_between_its_version_and_its_bytes_is_kept_under_neither() -> None:
    async def test() -> None:
        house = House()
        await get(house)
        house.source.versions[LOGO] = 2
        answer = await get(house, "b")
        assert answer.flushed
        assert not answer.stored
        assert not house.shared.leases
        assert {key for key, _ in house.shared.variants} == {"a"}

    run(test())


def test_an_overlay_that_is_missing_is_named_and_not_asked_for_again_at_once() -> None:
    async def test() -> None:
        house = House()
        house.source.versions[LOGO] = None
        for key in "ab":
            with pytest.raises(OverlayNotFound, match=LOGO):
                await get(house, key)
        assert house.source.fetches == [LOGO]
        assert (await house.gateway.get("a", SMALL)).stored, "the picture itself is there"

    run(test())


def test_a_deleted_overlay_takes_what_shows_it_along() -> None:
    async def test() -> None:
        house = House()
        await get(house)
        house.source.versions[LOGO] = None
        age(house, 61)
        with pytest.raises(OverlayNotFound):
            await get(house)
        await settle()
        assert house.deleted == [LOGO]
        assert not house.shared.variants
        assert len(house.memory) == 0

    run(test())


def test_a_render_that_fails_with_an_overlay_does_not_speak_of_the_picture_alone() -> None:
    async def test() -> None:
        house = House()
        error = UnprocessableSource("corrupt")
        error.of_every_variant = True
        house.renderer.error = error
        for _ in range(2):
            with pytest.raises(UnprocessableSource):
                await get(house)
        assert len(house.renderer.renders) == 1
        assert house.source.dropped == ["a", LOGO]
        house.renderer.error = None
        assert (await house.gateway.get("a", SMALL)).stored

    run(test())


def test_who_asks_at_once_shares_the_question_for_a_version_and_the_render() -> None:
    async def test() -> None:
        house = House()
        answers = await asyncio.gather(*(get(house) for _ in range(5)))
        assert [answer.coalesced for answer in answers] == [False, *[True] * 4]
        assert len(house.renderer.renders) == 1
        assert house.source.fetches == [LOGO, "a", LOGO]

    run(test())


def test_no_version_is_used_while_flushes_may_go_unheard() -> None:
    async def test() -> None:
        house = House()
        await get(house)
        overlays: Overlays = house.gateway._overlays
        assert overlays.peek([LOGO])
        house.coherence.distrust()
        assert overlays.peek([LOGO]) is None
        house.source.fetches.clear()
        await get(house)
        assert LOGO in house.source.fetches

    run(test())


def test_a_reply_can_be_purged_by_each_original_that_it_shows() -> None:
    async def test() -> None:
        head = dict(fields((await get(House(), "photos/cat.jpg")).variant.head))
        assert head[b"cache-tag"] == b"photos/cat.jpg,photos/,logos/logo.png,logos/,resizer"

    run(test())
