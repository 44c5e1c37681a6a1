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
from tests.support.deadlines import PATIENCE
from tests.support.house import House
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
TIMES = Freshness(fresh_for=60, serve_stale_for=100, stale_if_error=1000)
STALE, LATE, OVER = 61, 161, 1061


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE))


async def aged(seconds: float) -> House:
    """A gateway whose one variant is of that age, in the shared tier alone."""
    house = House(freshness=TIMES)
    await house.gateway.get("a", SMALL)
    house.age(seconds)
    return house


def test_a_fresh_variant_is_served_without_a_question() -> None:
    async def test() -> None:
        house = await aged(59)
        assert not (await house.gateway.get("a", SMALL)).stale
        await settle()
        assert house.source.questions == []

    run(test())


def test_a_stale_variant_is_served_at_once_and_fresh_again_without_a_render() -> None:
    async def test() -> None:
        house = await aged(STALE)
        answer = await house.gateway.get("a", SMALL)
        assert (answer.stale, answer.tier) == (True, "redis")
        await settle()
        answer = await house.gateway.get("a", SMALL)
        assert (answer.stale, answer.tier) == (False, "memory")
        assert house.source.questions == ["a"]
        assert len(house.renderer.renders) == 1
        assert house.count("revalidations_total", outcome="unchanged") == 1
        assert house.count("stale_total") == 1

    run(test())


def test_a_replaced_original_is_rendered_behind_the_stale_reply() -> None:
    async def test() -> None:
        house = await aged(STALE)
        house.source.versions["a"] = 2
        house.renderer.gate.clear()
        assert b"v1" in (await house.gateway.get("a", SMALL)).variant.body
        await settle()
        assert b"v1" in (await house.gateway.get("a", SMALL)).variant.body
        house.renderer.gate.set()
        await settle()
        assert b"v2" in (await house.gateway.get("a", SMALL)).variant.body
        assert house.count("revalidations_total", outcome="changed") == 1

    run(test())


def test_many_who_meet_a_stale_variant_in_many_gateways_ask_the_source_once() -> None:
    async def test() -> None:
        house = await aged(STALE)
        houses = [house, *(House(freshness=TIMES, beside=house) for _ in range(3))]
        asking = [h.gateway.get("a", SMALL) for h in houses for _ in range(5)]
        assert all(answer.stale for answer in await asyncio.gather(*asking))
        await settle()
        assert house.source.questions == ["a"]
        assert not any([(await h.gateway.get("a", SMALL)).stale for h in houses])

    run(test())


def test_a_stale_variant_in_memory_is_served_and_revalidated_too() -> None:
    async def test() -> None:
        now = 0.0
        house = House(freshness=TIMES)
        house.memory._clock = lambda: now
        await house.gateway.get("a", SMALL)
        now = STALE
        house.age(0.0001)
        answer = await house.gateway.get("a", SMALL)
        assert answer.tier == "redis"
        now = 2 * STALE
        answer = await house.gateway.get("a", SMALL)
        assert (answer.tier, answer.stale) == ("memory", True)
        assert house.count("hits_total", tier="memory") == 1

    run(test())


def test_a_late_variant_is_revalidated_before_the_answer() -> None:
    async def test() -> None:
        house = await aged(LATE)
        answer = await house.gateway.get("a", SMALL)
        assert (answer.stale, answer.unchanged) == (False, True)
        assert len(house.renderer.renders) == 1
        house = await aged(LATE)
        house.source.versions["a"] = 2
        assert b"v2" in (await house.gateway.get("a", SMALL)).variant.body

    run(test())


@pytest.mark.parametrize("error", [SourceUnavailable("away"), SourceTimeout("slow")])
def test_a_late_variant_is_served_while_the_source_is_away(error: Exception) -> None:
    async def test() -> None:
        house = await aged(LATE)
        house.source.error = error
        answer = await house.gateway.get("a", SMALL)
        assert answer.stale
        assert house.count("revalidations_total", outcome="failed") == 1
        house.source.error = None
        assert not (await house.gateway.get("a", SMALL)).stale

    run(test())


def test_a_variant_that_is_over_is_not_served_while_the_source_is_away() -> None:
    async def test() -> None:
        house = await aged(OVER)
        house.source.error = SourceUnavailable("away")
        with pytest.raises(SourceUnavailable):
            await house.gateway.get("a", SMALL)
        house.source.error = None
        answer = await house.gateway.get("a", SMALL)
        assert answer.unchanged
        assert len(house.renderer.renders) == 1

    run(test())


def test_a_revalidation_that_failed_is_not_tried_again_at_once() -> None:
    async def test() -> None:
        house = await aged(STALE)
        house.source.error = SourceUnavailable("away")
        for _ in range(5):
            assert (await house.gateway.get("a", SMALL)).stale
            await settle()
        assert house.source.questions == ["a"]
        assert house.count("stale_total") == 5
        await house.gateway.drain(0)

    run(test())


@pytest.mark.parametrize("age", [STALE, LATE])
def test_a_deleted_original_is_missing_and_its_variants_are_flushed(age: float) -> None:
    async def test() -> None:
        house = await aged(age)
        house.source.versions["a"] = None
        if age == STALE:
            assert (await house.gateway.get("a", SMALL)).stale
            await settle()
        with pytest.raises(SourceNotFound):
            await house.gateway.get("a", SMALL)
        assert house.deleted == ["a"]
        assert not house.shared.variants
        await house.gateway.drain(0)

    run(test())


def test_a_replacement_that_cannot_be_rendered_is_told_once_stale_is_over() -> None:
    async def test() -> None:
        house = await aged(STALE)
        house.source.versions["a"] = 2
        house.renderer.error = UnprocessableSource("corrupt")
        assert (await house.gateway.get("a", SMALL)).stale
        await settle()
        assert (await house.gateway.get("a", SMALL)).stale
        house.age(LATE - STALE)
        with pytest.raises(UnprocessableSource):
            await house.gateway.get("a", SMALL)
        await house.gateway.drain(0)

    run(test())


def test_what_was_known_before_a_flush_is_not_called_unchanged_after_it() -> None:
    """The bytes themselves may be why somebody flushes."""

    async def test() -> None:
        house = await aged(STALE)
        variant_id = next(iter(house.shared.variants))
        known = house.shared.variants[variant_id]
        blocked = asyncio.create_task(house.shared.acquire_lease(*variant_id))
        await blocked
        assert (await house.gateway.get("a", SMALL)).stale
        await settle()
        house.flush(Flush(key="a"))
        house.shared.endings.pop(variant_id).end.set_result(None)
        await settle()
        renewed = house.shared.variants.get(variant_id)
        assert renewed is None or renewed.checked_at > known.checked_at + STALE
        assert len(house.renderer.renders) == 2, "it was called unchanged"
        await house.gateway.drain(0)

    run(test())


def test_an_original_that_cannot_be_rendered_is_let_go_of() -> None:
    async def test() -> None:
        house = House()
        house.renderer.error = UnprocessableSource("corrupt")
        with pytest.raises(UnprocessableSource):
            await house.gateway.get("a", SMALL)
        assert house.source.dropped == ["a"]

    run(test())
