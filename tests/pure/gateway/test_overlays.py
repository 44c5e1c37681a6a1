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
from tests.support.harness import Harness
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
LOGO = "logos/logo.png"


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


async def get(harness: Harness, key: str = "a") -> Answer:
    return await harness.gateway.get(key, SMALL, None, (LOGO,))


def age(harness: Harness, seconds: float) -> None:
    """Make all that is remembered of overlays so much older."""
    for known in harness.gateway._overlays._known.entries.values():
        known.checked_at -= seconds
        known.asked_at -= seconds


def test_every_original_is_rendered_in_order_and_the_next_time_it_is_a_hit() -> None:
    async def test() -> None:
        harness = Harness()
        first = await harness.gateway.get("a", SMALL, None, (LOGO, "b"))
        assert first.variant.body.startswith(f"a v1 {LOGO} v1 b v1 ".encode())
        assert first.stored
        harness.source.fetches.clear()
        assert (await harness.gateway.get("a", SMALL, None, (LOGO, "b"))).tier == "memory"
        assert (await harness.gateway.get("a", SMALL, None, ("b", LOGO))).tier is None
        assert (await harness.gateway.get("a", SMALL)).tier is None
        assert len(harness.memory) == 3

    run(test())


def test_a_changed_overlay_is_another_variant_once_it_was_asked_for_again() -> None:
    async def test() -> None:
        harness = Harness()
        before = await get(harness)
        harness.source.versions[LOGO] = 2
        assert (await get(harness)).variant is before.variant
        age(harness, 61)
        after = await get(harness)
        assert b"a v1 logos/logo.png v2" in after.variant.body
        assert after.variant.etag != before.variant.etag
        assert len({field for _, field in harness.shared.variants}) == 2

    run(test())


def test_an_unchanged_overlay_that_grew_old_costs_no_render() -> None:
    async def test() -> None:
        harness = Harness()
        await get(harness)
        age(harness, 61)
        assert (await get(harness)).tier == "memory"
        assert len(harness.renderer.renders) == 1
        assert harness.source.fetches.count(LOGO) == 3

    run(test())


def test_a_stale_overlay_is_asked_for_once_behind_the_reply() -> None:
    async def test() -> None:
        harness = Harness(freshness=Freshness(60, 60, 0))
        await get(harness)
        harness.source.versions[LOGO] = 2
        harness.source.fetches.clear()
        age(harness, 61)
        assert [(await get(harness)).tier for _ in range(3)] == ["memory"] * 3
        await settle()
        assert harness.source.fetches == [LOGO]
        assert b"logo.png v2" in (await get(harness)).variant.body

    run(test())


def test_while_the_source_is_away_the_last_version_is_shown() -> None:
    async def test() -> None:
        harness = Harness(freshness=Freshness(60, 0, 60))
        await get(harness)
        harness.source.error = SourceUnavailable("The bucket is away.")
        age(harness, 61)
        assert (await get(harness)).tier == "memory"
        age(harness, 61)
        with pytest.raises(SourceUnavailable):
            await get(harness)

    run(test())


@pytest.mark.parametrize("flush", [Flush(key=LOGO), Flush(prefix="logos/"), Flush()])
def test_a_flushed_overlay_is_flushed_with_all_that_shows_it(flush: Flush) -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        await get(harness)
        await harness.gateway.get("a", SMALL)
        await settle()
        assert sum(flush.matches(*one) for one in harness.results.variants) == 1 + (
            flush == Flush()
        )
        harness.results.variants.clear()
        harness.flush(flush)
        assert not any(flush.matches(*one) for one in harness.shared.variants)
        assert len(harness.memory) == (0 if flush == Flush() else 1)
        harness.renderer.renders.clear()
        assert (await get(harness)).tier is None
        assert len(harness.renderer.renders) == 1

    run(test())


def test_a_flush_of_an_overlay_during_a_render_keeps_nothing_of_it() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        before = asyncio.create_task(get(harness))
        await harness.renderer.begun.wait()
        harness.flush(Flush(key=LOGO))
        harness.source.versions[LOGO] = 2
        after = asyncio.create_task(get(harness))
        await settle()
        harness.renderer.gate.set()
        assert (await before).flushed
        assert b"logo.png v2" in (await after).variant.body
        assert len(harness.memory) == len(harness.shared.variants) == 1

    run(test())


def test_an_overlay_that_changes_between_its_version_and_its_bytes_is_kept_under_neither() -> None:
    async def test() -> None:
        harness = Harness()
        await get(harness)
        harness.source.versions[LOGO] = 2
        answer = await get(harness, "b")
        assert answer.flushed
        assert not answer.stored
        assert not harness.shared.leases
        assert {key for key, _ in harness.shared.variants} == {"a"}

    run(test())


def test_an_overlay_that_is_missing_is_named_and_not_asked_for_again_at_once() -> None:
    async def test() -> None:
        harness = Harness()
        harness.source.versions[LOGO] = None
        for key in "ab":
            with pytest.raises(OverlayNotFound, match=LOGO):
                await get(harness, key)
        assert harness.source.fetches == [LOGO]
        assert (await harness.gateway.get("a", SMALL)).stored, "the picture itself is there"

    run(test())


def test_a_deleted_overlay_takes_what_shows_it_along() -> None:
    async def test() -> None:
        harness = Harness()
        await get(harness)
        harness.source.versions[LOGO] = None
        age(harness, 61)
        with pytest.raises(OverlayNotFound):
            await get(harness)
        await settle()
        assert harness.deleted == [LOGO]
        assert not harness.shared.variants
        assert len(harness.memory) == 0

    run(test())


def test_a_render_that_fails_with_an_overlay_does_not_speak_of_the_picture_alone() -> None:
    async def test() -> None:
        harness = Harness()
        error = UnprocessableSource("corrupt")
        error.of_every_variant = True
        harness.renderer.error = error
        for _ in range(2):
            with pytest.raises(UnprocessableSource):
                await get(harness)
        assert len(harness.renderer.renders) == 1
        assert harness.source.dropped == ["a", LOGO]
        harness.renderer.error = None
        assert (await harness.gateway.get("a", SMALL)).stored

    run(test())


def test_who_asks_at_once_shares_the_question_for_a_version_and_the_render() -> None:
    async def test() -> None:
        harness = Harness()
        answers = await asyncio.gather(*(get(harness) for _ in range(5)))
        assert [answer.coalesced for answer in answers] == [False, *[True] * 4]
        assert len(harness.renderer.renders) == 1
        assert harness.source.fetches == [LOGO, "a", LOGO]

    run(test())


def test_no_version_is_used_while_flushes_may_go_unheard() -> None:
    async def test() -> None:
        harness = Harness()
        await get(harness)
        overlays: Overlays = harness.gateway._overlays
        assert overlays.peek([LOGO])
        harness.coherence.distrust()
        assert overlays.peek([LOGO]) is None
        harness.source.fetches.clear()
        await get(harness)
        assert LOGO in harness.source.fetches

    run(test())


def test_a_reply_can_be_purged_by_each_original_that_it_shows() -> None:
    async def test() -> None:
        head = dict(fields((await get(Harness(), "photos/cat.jpg")).variant.head))
        assert head[b"cache-tag"] == b"photos/cat.jpg,photos/,logos/logo.png,logos/,resizer"

    run(test())
