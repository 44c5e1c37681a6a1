"""Several gateways on one shared tier: who fills, who waits, and what the others are told."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from resizer.cache.lease import Lease
from resizer.errors import CacheUnavailable, Overloaded, SourceNotFound
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT
from tests.support.harness import Harness

SMALL = Transform(width=100, format=Format.WEBP)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


def fleet(count: int) -> list[Harness]:
    first = Harness(open_=False)
    return [first, *(Harness(open_=False, beside=first) for _ in range(count - 1))]


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_cold_variant_asked_of_four_gateways_is_rendered_once() -> None:
    async def test() -> None:
        harnesses = fleet(4)
        waiting = [
            asyncio.create_task(h.gateway.get("a", SMALL)) for h in harnesses for _ in range(9)
        ]
        await harnesses[0].renderer.begun.wait()
        await turns()
        harnesses[0].renderer.gate.set()
        answers = await asyncio.gather(*waiting)
        assert len(harnesses[0].source.fetches) == len(harnesses[0].renderer.renders) == 1
        assert len({answer.variant.body for answer in answers}) == 1
        assert sum(harness.count("followed_total") for harness in harnesses) == 3
        assert all(len(harness.memory) == 1 for harness in harnesses)

    run(test())


def test_an_error_of_the_original_is_told_to_those_who_wait_in_other_gateways() -> None:
    async def test() -> None:
        harnesses = fleet(3)
        harnesses[0].source.error = SourceNotFound("There is no such image.")
        waiting = [asyncio.create_task(harness.gateway.get("a", SMALL)) for harness in harnesses]
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in errors] == [SourceNotFound] * 3
        assert harnesses[0].source.fetches == ["a"]

    run(test())


def test_a_follower_leads_when_nothing_came_of_the_leader() -> None:
    async def test() -> None:
        leader, follower = fleet(2)
        field = leader.gateway.field(SMALL)
        lease = await leader.shared.acquire_lease("a", field)
        assert isinstance(lease, Lease)
        assert lease.token
        waiting = asyncio.create_task(follower.gateway.get("a", SMALL))
        await turns()
        await leader.shared.release("a", field, lease.token)
        follower.renderer.gate.set()
        assert (await waiting).stored
        assert follower.source.fetches == ["a"]

    run(test())


def test_who_is_told_again_and_again_that_nothing_came_fills_for_itself_alone() -> None:
    """Variants too large for the shared tier, say."""

    async def test() -> None:
        leader, follower = fleet(2)
        field = leader.gateway.field(SMALL)
        follower.renderer.gate.set()
        waiting = asyncio.create_task(follower.gateway.get("a", SMALL))
        lease = await leader.shared.acquire_lease("a", field)
        while not waiting.done():
            assert isinstance(lease, Lease)
            assert lease.token
            await turns()
            await leader.shared.release("a", field, lease.token)
            lease = await leader.shared.acquire_lease("a", field)
        assert not (await waiting).stored
        assert follower.count("followed_total") == 3

    run(test())


def test_a_request_after_a_flush_does_not_wait_for_a_fill_from_before_it() -> None:
    async def test() -> None:
        one, other = fleet(2)
        before = asyncio.create_task(one.gateway.get("a", SMALL))
        await one.renderer.begun.wait()
        one.source.versions["a"] = 2
        one.shared.flush(Flush(key="a"))
        for harness in (one, other):
            harness.hear(Flush(key="a"))
        after = asyncio.create_task(other.gateway.get("a", SMALL))
        await turns()
        one.renderer.gate.set()
        assert b"v1" in (await before).variant.body
        assert b"v2" in (await after).variant.body
        for harness in (one, other):
            assert b"v2" in (await harness.gateway.get("a", SMALL)).variant.body

    run(test())


def test_the_lease_is_taken_only_with_room_to_render() -> None:
    """Or an idle gateway would wait for one that is busy with something else."""

    async def test() -> None:
        busy = Harness(slots=1, open_=False)
        first = asyncio.create_task(busy.gateway.get("a", SMALL))
        await busy.renderer.begun.wait()
        second = asyncio.create_task(busy.gateway.get("b", SMALL))
        await turns()
        assert [key for key, _ in busy.shared.leases] == ["a"]
        idle = Harness(open_=False, beside=busy)
        elsewhere = asyncio.create_task(idle.gateway.get("b", SMALL))
        await turns()
        assert [key for key, _ in busy.shared.leases] == ["a", "b"]
        busy.renderer.gate.set()
        await asyncio.gather(first, second, elsewhere)
        assert sorted(busy.source.fetches) == ["a", "b"]

    run(test())


def test_a_call_that_began_long_ago_is_not_joined_while_flushes_may_go_unheard() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        harness.coherence.distrust()
        harness.shared.error = CacheUnavailable("away")
        first = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        joined = asyncio.create_task(harness.gateway.get("a", SMALL))
        await turns()
        assert len(harness.renderer.renders) == 1
        harness.coherence._clock = lambda: 1e9
        harness.renderer.begun.clear()
        alone = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.renderer.gate.set()
        answers = await asyncio.gather(first, joined, alone)
        assert [answer.coalesced for answer in answers] == [False, True, False]
        assert len(harness.memory) == 0, "it was kept by one who hears of no flush"

    run(test())


def test_a_full_queue_of_one_gateway_does_not_refuse_those_who_wait_for_another() -> None:
    async def test() -> None:
        leader = Harness(open_=False)
        waiting = asyncio.create_task(leader.gateway.get("a", SMALL))
        await leader.renderer.begun.wait()
        small = Harness(beside=leader, max_queue=1, open_=False)
        following = asyncio.create_task(small.gateway.get("a", SMALL))
        await turns()
        filling = asyncio.create_task(small.gateway.get("b", SMALL))
        await turns()
        with pytest.raises(Overloaded):
            await small.gateway.get("c", SMALL)
        leader.renderer.gate.set()
        await asyncio.gather(waiting, following, filling)

    run(test())


def test_a_herd_that_meets_a_silent_shared_tier_is_one_fill() -> None:
    """While it is being found out that it does not answer, too."""

    async def test() -> None:
        harness = Harness(max_queue=3)
        harness.coherence.distrust()

        async def silence(key: str, field: str) -> None:
            await asyncio.sleep(0.05)
            raise CacheUnavailable("It does not answer.")  # as `SharedCache.get` promises

        harness.shared.get = silence  # type: ignore[method-assign]
        asking = [harness.gateway.get("a", SMALL) for _ in range(100)]
        assert len({answer.variant.body for answer in await asyncio.gather(*asking)}) == 1
        assert len(harness.renderer.renders) == 1

    run(test())


def test_what_was_under_way_while_flushes_were_not_heard_is_not_remembered() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        harness.coherence.on_disconnect("ConnectionError")
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        harness.coherence.on_reconnect()
        harness.coherence.confirmed(time.monotonic())
        harness.renderer.gate.set()
        assert (await filling).stored, "its lease stood: nothing flushed it"
        assert len(harness.memory) == 0

    run(test())
