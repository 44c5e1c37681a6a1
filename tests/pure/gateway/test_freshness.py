"""What happens as a variant grows old: fresh, stale, late, over; unchanged, changed, deleted."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from resizer.errors import SourceNotFound, SourceTimeout, SourceUnavailable, UnprocessableSource
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT
from tests.support.harness import Harness
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
TIMES = Freshness(fresh_for=60, serve_stale_for=100, stale_if_error=1000)
STALE, LATE, OVER = 61, 161, 1061


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


async def aged(seconds: float) -> Harness:
    """A gateway whose one variant is of that age, in the shared tier alone."""
    harness = Harness(freshness=TIMES)
    await harness.gateway.get("a", SMALL)
    harness.age(seconds)
    return harness


def test_a_fresh_variant_is_served_without_a_question() -> None:
    async def test() -> None:
        harness = await aged(59)
        assert not (await harness.gateway.get("a", SMALL)).stale
        await settle()
        assert harness.source.questions == []

    run(test())


def test_a_stale_variant_is_served_at_once_and_fresh_again_without_a_render() -> None:
    async def test() -> None:
        harness = await aged(STALE)
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.stale, answer.tier) == (True, "redis")
        await settle()
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.stale, answer.tier) == (False, "memory")
        assert harness.source.questions == ["a"]
        assert len(harness.renderer.renders) == 1
        assert harness.count("revalidations_total", outcome="unchanged") == 1
        assert harness.count("stale_total") == 1

    run(test())


def test_a_replaced_original_is_rendered_behind_the_stale_reply() -> None:
    async def test() -> None:
        harness = await aged(STALE)
        harness.source.versions["a"] = 2
        harness.renderer.gate.clear()
        assert b"v1" in (await harness.gateway.get("a", SMALL)).variant.body
        await settle()
        assert b"v1" in (await harness.gateway.get("a", SMALL)).variant.body
        harness.renderer.gate.set()
        await settle()
        assert b"v2" in (await harness.gateway.get("a", SMALL)).variant.body
        assert harness.count("revalidations_total", outcome="changed") == 1

    run(test())


def test_many_who_meet_a_stale_variant_in_many_gateways_ask_the_source_once() -> None:
    async def test() -> None:
        harness = await aged(STALE)
        harnesses = [harness, *(Harness(freshness=TIMES, beside=harness) for _ in range(3))]
        asking = [h.gateway.get("a", SMALL) for h in harnesses for _ in range(5)]
        assert all(answer.stale for answer in await asyncio.gather(*asking))
        await settle()
        assert harness.source.questions == ["a"]
        assert not any([(await h.gateway.get("a", SMALL)).stale for h in harnesses])

    run(test())


def test_a_stale_variant_in_memory_is_served_and_revalidated_too() -> None:
    async def test() -> None:
        now = 0.0
        harness = Harness(freshness=TIMES)
        harness.memory._clock = lambda: now
        await harness.gateway.get("a", SMALL)
        now = STALE
        harness.age(0.0001)
        answer = await harness.gateway.get("a", SMALL)
        assert answer.tier == "redis"
        now = 2 * STALE
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.tier, answer.stale) == ("memory", True)
        assert harness.count("hits_total", tier="memory") == 1

    run(test())


def test_a_late_variant_is_revalidated_before_the_answer() -> None:
    async def test() -> None:
        harness = await aged(LATE)
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.stale, answer.unchanged) == (False, True)
        assert len(harness.renderer.renders) == 1
        harness = await aged(LATE)
        harness.source.versions["a"] = 2
        assert b"v2" in (await harness.gateway.get("a", SMALL)).variant.body

    run(test())


@pytest.mark.parametrize("error", [SourceUnavailable("away"), SourceTimeout("slow")])
def test_a_late_variant_is_served_while_the_source_is_away(error: Exception) -> None:
    async def test() -> None:
        harness = await aged(LATE)
        harness.source.error = error
        answer = await harness.gateway.get("a", SMALL)
        assert answer.stale
        assert harness.count("revalidations_total", outcome="failed") == 1
        harness.source.error = None
        assert not (await harness.gateway.get("a", SMALL)).stale

    run(test())


def test_a_variant_that_is_over_is_not_served_while_the_source_is_away() -> None:
    async def test() -> None:
        harness = await aged(OVER)
        harness.source.error = SourceUnavailable("away")
        with pytest.raises(SourceUnavailable):
            await harness.gateway.get("a", SMALL)
        harness.source.error = None
        answer = await harness.gateway.get("a", SMALL)
        assert answer.unchanged
        assert len(harness.renderer.renders) == 1

    run(test())


def test_a_revalidation_that_failed_is_not_tried_again_at_once() -> None:
    async def test() -> None:
        harness = await aged(STALE)
        harness.source.error = SourceUnavailable("away")
        for _ in range(5):
            assert (await harness.gateway.get("a", SMALL)).stale
            await settle()
        assert harness.source.questions == ["a"]
        assert harness.count("stale_total") == 5
        await harness.gateway.drain(0)

    run(test())


@pytest.mark.parametrize("age", [STALE, LATE])
def test_a_deleted_original_is_missing_and_its_variants_are_flushed(age: float) -> None:
    async def test() -> None:
        harness = await aged(age)
        harness.source.versions["a"] = None
        if age == STALE:
            assert (await harness.gateway.get("a", SMALL)).stale
            await settle()
        with pytest.raises(SourceNotFound):
            await harness.gateway.get("a", SMALL)
        assert harness.deleted == ["a"]
        assert not harness.shared.variants
        await harness.gateway.drain(0)

    run(test())


def test_a_replacement_that_cannot_be_rendered_is_told_once_stale_is_over() -> None:
    async def test() -> None:
        harness = await aged(STALE)
        harness.source.versions["a"] = 2
        harness.renderer.error = UnprocessableSource("corrupt")
        assert (await harness.gateway.get("a", SMALL)).stale
        await settle()
        assert (await harness.gateway.get("a", SMALL)).stale
        harness.age(LATE - STALE)
        with pytest.raises(UnprocessableSource):
            await harness.gateway.get("a", SMALL)
        await harness.gateway.drain(0)

    run(test())


def test_what_was_known_before_a_flush_is_not_called_unchanged_after_it() -> None:
    """The bytes themselves may be why somebody flushes."""

    async def test() -> None:
        harness = await aged(STALE)
        variant_id = next(iter(harness.shared.variants))
        known = harness.shared.variants[variant_id]
        blocked = asyncio.create_task(harness.shared.acquire_lease(*variant_id))
        await blocked
        assert (await harness.gateway.get("a", SMALL)).stale
        await settle()
        harness.flush(Flush(key="a"))
        harness.shared.endings.pop(variant_id).end.set_result(None)
        await settle()
        renewed = harness.shared.variants.get(variant_id)
        assert renewed is None or renewed.checked_at > known.checked_at + STALE
        assert len(harness.renderer.renders) == 2, "it was called unchanged"
        await harness.gateway.drain(0)

    run(test())


def test_an_original_that_cannot_be_rendered_is_let_go_of() -> None:
    async def test() -> None:
        harness = Harness()
        harness.renderer.error = UnprocessableSource("corrupt")
        with pytest.raises(UnprocessableSource):
            await harness.gateway.get("a", SMALL)
        assert harness.source.dropped == ["a"]

    run(test())
