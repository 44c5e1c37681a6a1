"""The tier behind Redis: read before rendering, written behind the reply, flushed like the rest."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from resizer.errors import CacheUnavailable
from resizer.gateway import write_behind
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT
from tests.support.harness import Harness
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


async def evicted(freshness: Freshness | None = None) -> Harness:
    """A gateway whose one variant is among the results alone."""
    times = freshness or Freshness(60, 100, 1000)
    harness = Harness(with_results=True, freshness=times)
    await harness.gateway.get("a", SMALL)
    await settle()
    harness.shared.variants.clear()
    harness.memory.clear()
    return harness


def test_a_miss_in_redis_is_looked_up_among_the_results_before_anything_is_rendered() -> None:
    async def test() -> None:
        harness = await evicted()
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.tier, answer.stale) == ("results", False)
        assert harness.source.fetches == ["a"]
        assert len(harness.renderer.renders) == 1
        assert harness.count("hits_total", tier="results") == 1
        assert harness.count("misses_total") == 1, "of the fill before"
        assert harness.shared.variants, "and Redis has it again"
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"

    run(test())


def test_a_stale_result_is_served_and_revalidated() -> None:
    async def test() -> None:
        harness = await evicted()
        for variant_id, variant in harness.results.variants.items():
            harness.results.variants[variant_id] = replace(
                variant, checked_at=variant.checked_at - 61
            )
        harness.source.versions["a"] = 2
        assert (await harness.gateway.get("a", SMALL)).stale
        await settle()
        assert b"v2" in (await harness.gateway.get("a", SMALL)).variant.body
        await settle()
        assert [b"v2" in v.body for v in harness.results.variants.values()] == [True]

    run(test())


def test_a_result_of_an_unchanged_original_saves_its_render_however_old() -> None:
    async def test() -> None:
        harness = await evicted()
        for variant_id, variant in harness.results.variants.items():
            harness.results.variants[variant_id] = replace(variant, checked_at=0)
        answer = await harness.gateway.get("a", SMALL)
        assert answer.unchanged
        assert len(harness.renderer.renders) == 1

    run(test())


def test_results_that_fail_are_a_miss() -> None:
    async def test() -> None:
        harness = await evicted()
        harness.results.error = CacheUnavailable("away")
        assert (await harness.gateway.get("a", SMALL)).stored
        await settle()
        assert harness.count("results_errors_total") == 2

    run(test())


def test_the_results_are_read_while_redis_is_away() -> None:
    async def test() -> None:
        harness = await evicted()
        harness.shared.error = CacheUnavailable("away")
        assert (await harness.gateway.get("a", SMALL)).tier == "results"

    run(test())


def test_nobody_waits_for_the_results_to_be_written() -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        harness.results.gate.clear()
        assert (await harness.gateway.get("a", SMALL)).stored
        await harness.results.putting.wait()
        assert not harness.results.variants
        harness.results.gate.set()
        await settle()
        assert harness.results.variants

    run(test())


def test_what_is_flushed_on_its_way_to_the_results_is_taken_back() -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        harness.results.gate.clear()
        await harness.gateway.get("a", SMALL)
        await harness.results.putting.wait()
        harness.flush(Flush(key="a"))
        settled = asyncio.ensure_future(harness.coherence.on_flush([Flush(key="a")]))
        other = asyncio.ensure_future(harness.coherence.on_flush([Flush(key="b")]))
        await settle()
        assert (settled.done(), other.done()) == (False, True)
        harness.results.gate.set()
        await settled
        assert not harness.results.variants

    run(test())


def test_a_fill_that_was_flushed_never_reaches_the_results() -> None:
    async def test() -> None:
        harness = Harness(with_results=True, open_=False)
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.flush(Flush(key="a"))
        harness.renderer.gate.set()
        await filling
        await settle()
        assert not harness.results.variants

    run(test())


def test_nothing_goes_to_the_results_while_flushes_may_go_unheard() -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        harness.coherence.distrust()
        assert (await harness.gateway.get("a", SMALL)).stored
        await settle()
        assert not harness.results.variants

    run(test())


def test_a_put_during_which_flushes_went_unheard_is_taken_back() -> None:
    """A process that was frozen in the middle of it, say."""

    async def test() -> None:
        harness = Harness(with_results=True)
        harness.results.gate.clear()
        await harness.gateway.get("a", SMALL)
        await harness.results.putting.wait()
        harness.coherence.distrust()
        harness.results.gate.set()
        await settle()
        assert not harness.results.variants

    run(test())


def test_a_put_that_failed_and_is_carried_out_later_is_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_behind, "_LATE_SECONDS", 0.05)

    async def test() -> None:
        harness = Harness(with_results=True)
        harness.results.error = CacheUnavailable("it took too long")
        answer = await harness.gateway.get("a", SMALL)
        await settle()
        harness.results.error = None
        harness.results.variants["a", harness.gateway.field(SMALL)] = answer.variant
        async with asyncio.timeout(MAX_WAIT):
            while harness.results.variants:
                await asyncio.sleep(0.01)

    run(test())
