"""The way of a request with parts that count: what is asked of whom, and how often."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import pytest

from resizer.cache.lease import Lease, PendingFill
from resizer.errors import CacheUnavailable, Overloaded, SourceNotFound, UnprocessableSource
from resizer.gateway import shared_tier
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT, stretched
from tests.support.harness import Harness

SMALL = Transform(width=100, format=Format.WEBP)
LARGE = Transform(width=900, format=Format.WEBP)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


def test_a_miss_is_fetched_rendered_and_kept_in_both_tiers() -> None:
    async def test() -> None:
        harness = Harness()
        first = await harness.gateway.get("a", SMALL)
        assert (first.tier, first.stored) == (None, True)
        assert first.variant.body == f"a v1 {SMALL}".encode()
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"
        harness.memory.clear()
        assert (await harness.gateway.get("a", SMALL)).tier == "redis"
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"
        assert harness.source.fetches == ["a"]
        assert harness.count("hits_total", tier="memory") == 2
        assert harness.count("hits_total", tier="redis") == 1
        assert harness.count("misses_total") == 1

    run(test())


def test_a_thousand_for_one_cold_variant_are_one_fetch_and_one_render() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        waiting = [asyncio.create_task(harness.gateway.get("a", SMALL)) for _ in range(1000)]
        await harness.renderer.begun.wait()
        harness.renderer.gate.set()
        answers = await asyncio.gather(*waiting)
        assert len(harness.source.fetches) == len(harness.renderer.renders) == 1
        assert sum(answer.coalesced for answer in answers) == 999
        assert len({answer.variant.body for answer in answers}) == 1
        assert harness.count("coalesced_total") == 999

    run(test())


def test_two_sizes_of_one_original_are_two_variants() -> None:
    async def test() -> None:
        harness = Harness()
        small, large = await asyncio.gather(
            harness.gateway.get("a", SMALL), harness.gateway.get("a", LARGE)
        )
        assert small.variant.body != large.variant.body
        assert sorted(harness.renderer.renders) == sorted([str(SMALL), str(LARGE)])

    run(test())


def test_a_waiter_that_leaves_cancels_nobody() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        leader = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        follower = asyncio.create_task(harness.gateway.get("a", SMALL))
        await asyncio.sleep(0)
        leader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leader
        harness.renderer.gate.set()
        assert (await follower).variant.body
        assert len(harness.renderer.renders) == 1

    run(test())


def test_a_fill_that_everybody_left_is_still_kept() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        only = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        only.cancel()
        harness.renderer.gate.set()
        await harness.gateway.drain(10)
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"

    run(test())


def test_one_fill_more_than_the_queue_holds_is_refused_at_once() -> None:
    async def test() -> None:
        harness = Harness(max_queue=2, open_=False)
        waiting = [asyncio.create_task(harness.gateway.get(key, SMALL)) for key in "ab"]
        await harness.renderer.begun.wait()
        with pytest.raises(Overloaded):
            await harness.gateway.get("c", SMALL)
        assert harness.count("queue") == 2
        harness.renderer.gate.set()
        await asyncio.gather(*waiting)
        assert (await harness.gateway.get("c", SMALL)).stored
        assert harness.count("queue") == 0

    run(test())


def test_a_slow_render_holds_up_no_other_fill() -> None:
    async def test() -> None:
        harness = Harness(slots=1, open_=False)
        filling = [asyncio.create_task(harness.gateway.get(key, SMALL)) for key in "ab"]
        await harness.renderer.begun.wait()
        assert harness.source.fetches == ["a"]
        harness.renderer.begun.clear()
        harness.fills.on_slow(1)
        await harness.renderer.begun.wait()
        assert harness.source.fetches == ["a", "b"]
        harness.fills.on_slow(-1)
        harness.renderer.gate.set()
        await asyncio.gather(*filling)

    run(test())


def test_an_original_that_fails_whatever_is_asked_of_it_is_not_fetched_for_another_size() -> None:
    async def test() -> None:
        harness = Harness()
        harness.renderer.error = error = UnprocessableSource("It crashed twice.")
        error.of_every_variant = True
        for transform in (SMALL, LARGE):
            with pytest.raises(UnprocessableSource, match="crashed twice"):
                await harness.gateway.get("a", transform)
        assert harness.source.fetches == ["a"]
        harness.flush(Flush(key="a"))
        harness.renderer.error = None
        assert (await harness.gateway.get("a", LARGE)).stored

    run(test())


def test_a_full_queue_still_serves_what_is_cached() -> None:
    async def test() -> None:
        harness = Harness(max_queue=1)
        await harness.gateway.get("cached", SMALL)
        harness.memory.clear()
        harness.renderer.gate.clear()
        harness.renderer.begun.clear()
        waiting = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        assert (await harness.gateway.get("cached", SMALL)).tier == "redis"
        harness.renderer.gate.set()
        await waiting

    run(test())


def test_a_cache_that_fails_is_a_miss() -> None:
    async def test() -> None:
        harness = Harness()
        harness.shared.error = CacheUnavailable("away")
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.tier, answer.stored) == (None, False)
        assert harness.count("redis_errors_total") == 1
        assert harness.shared.calls == ["get"], "a dead server was waited for again"
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"

    run(test())


def test_without_a_shared_cache_stored_speaks_of_memory() -> None:
    async def test() -> None:
        harness = Harness(with_shared=False)
        assert (await harness.gateway.get("a", SMALL)).stored
        harness.coherence.distrust()
        assert not (await harness.gateway.get("b", SMALL)).stored

    run(test())


def test_a_missing_original_is_not_asked_for_again_at_once() -> None:
    async def test() -> None:
        harness = Harness()
        harness.source.error = SourceNotFound("There is no such image.")
        for transform in (SMALL, LARGE):
            with pytest.raises(SourceNotFound):
                await harness.gateway.get("a", transform)
        assert harness.source.fetches == ["a"]

    run(test())


def test_everybody_who_waits_for_a_failure_is_told_it() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        harness.renderer.error = UnprocessableSource("corrupt")
        waiting = [asyncio.create_task(harness.gateway.get("a", SMALL)) for _ in range(5)]
        await harness.renderer.begun.wait()
        harness.renderer.gate.set()
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(error, UnprocessableSource) for error in errors)
        assert len(harness.renderer.renders) == 1

    run(test())


def test_a_fill_that_was_flushed_meanwhile_answers_and_is_not_kept() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        before = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.flush(Flush(key="a"))
        harness.renderer.begun.clear()
        after = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.renderer.gate.set()
        told = await asyncio.gather(before, after)
        assert [answer.stored for answer in told] == [False, True]
        assert harness.source.fetches == ["a", "a"]

    run(test())


def test_what_was_flushed_while_it_was_made_is_not_remembered_where_nothing_is_shared() -> None:
    async def test() -> None:
        harness = Harness(open_=False, with_shared=False)
        before = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.hear(Flush(key="a"))
        harness.renderer.gate.set()
        await before
        assert len(harness.memory) == 0

    run(test())


def test_a_refusal_that_was_flushed_meanwhile_is_not_remembered() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        harness.renderer.error = UnprocessableSource("broken")
        before = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.flush(Flush(key="a"))
        harness.renderer.gate.set()
        with pytest.raises(UnprocessableSource):
            await before
        harness.renderer.error = None
        assert (await harness.gateway.get("a", SMALL)).variant.body

    run(test())


def test_what_is_too_large_to_share_is_remembered_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_tier, "LARGEST_SHARED", 10)

    async def test() -> None:
        harness = Harness()
        await harness.gateway.get("a", SMALL)
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"
        assert not harness.shared.variants
        assert not harness.shared.leases, "others wait for a fill that is over"

    run(test())


def test_a_put_that_was_under_way_during_a_flush_is_refused() -> None:
    async def test() -> None:
        harness = Harness()
        harness.shared.gate.clear()
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.shared.putting.wait()
        harness.flush(Flush(key="a"))
        harness.shared.gate.set()
        assert not (await filling).stored
        assert not harness.shared.variants
        assert len(harness.memory) == 0

    run(test())


def test_a_put_whose_lease_is_gone_is_not_remembered_either() -> None:
    """The flush was done in Redis, and this process has not heard of it yet."""

    async def test() -> None:
        harness = Harness()
        harness.shared.gate.clear()
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.shared.putting.wait()
        harness.shared.flush(Flush(key="a"))
        harness.shared.gate.set()
        assert not (await filling).stored
        assert len(harness.memory) == 0

    run(test())


def test_draining_waits_for_flushed_fills_and_no_longer_than_told() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.flush(Flush())
        draining = asyncio.create_task(harness.gateway.drain(10))
        await asyncio.sleep(0)
        assert not draining.done()
        harness.renderer.gate.set()
        await draining
        assert filling.done() or (await filling)

        harness.renderer.gate.clear()
        stuck = asyncio.create_task(harness.gateway.get("b", SMALL))
        await asyncio.sleep(0)
        await harness.gateway.drain(0.01)
        with pytest.raises(asyncio.CancelledError):
            await stuck

    run(test())


def test_originals_are_closed_whatever_happens() -> None:
    async def test() -> None:
        harness = Harness()
        harness.renderer.error = UnprocessableSource("corrupt")
        before = len(os.listdir("/proc/self/fd"))
        for key in "abcdef":
            with pytest.raises(UnprocessableSource):
                await harness.gateway.get(key, SMALL)
        assert len(os.listdir("/proc/self/fd")) == before

    run(test())


def test_golden_fields() -> None:
    """A change of the cache's keys is always on purpose."""
    gateway = Harness().gateway
    assert gateway.field(Transform()) == "1:"
    assert gateway.field(SMALL) == "1:width=100,format=webp"
    assert gateway.field(SMALL, "thumb") == "1:width=100,format=webp@thumb"


def test_who_asked_before_a_flush_is_answered_for_once_only() -> None:
    """What is in front of the gateway must not keep it."""

    async def test() -> None:
        harness = Harness(open_=False)
        before = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.flush(Flush(key="a"))
        harness.renderer.gate.set()
        assert (await before).flushed
        assert not (await harness.gateway.get("a", SMALL)).flushed

    run(test())


def test_a_slow_shared_tier_costs_one_patience_and_not_one_a_question() -> None:
    async def test() -> None:
        harness = Harness(timeout=0.05)
        take = harness.shared.acquire_lease

        async def slowly(key: str, field: str) -> Lease | PendingFill:
            await asyncio.sleep(60)
            return await take(key, field)

        harness.shared.acquire_lease = slowly  # type: ignore[method-assign]
        answer = await asyncio.wait_for(harness.gateway.get("a", SMALL), stretched(5))
        assert not answer.stored
        assert harness.shared.calls == ["get"]

    run(test())


def test_a_call_waits_for_the_shared_tier_no_longer_than_its_patience_in_all() -> None:
    """Two questions of 0.13 s are more than 0.2 s, though neither is."""

    async def test() -> None:
        harness = Harness(timeout=0.2)
        asked = []

        async def slowly(name: str) -> None:
            asked.append(name)
            await asyncio.sleep(0.13)

        harness.shared._call = slowly  # type: ignore[method-assign]
        await harness.gateway.get("a", SMALL)
        assert harness.count("redis_errors_total") == 1
        assert asked == ["get", "acquire_lease"]

    run(test())
