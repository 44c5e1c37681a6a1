"""What goes into which tier, for how long, and what a call may still do once it was flushed."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from resizer.cache.lease import Lease, PendingFill
from resizer.errors import CacheUnavailable, SourceUnavailable
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.image import Variant
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT
from tests.support.harness import Ending, Harness
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
TIMES = Freshness(fresh_for=60, serve_stale_for=100, stale_if_error=1000)
STALE, LATE = 61, 161


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


async def filled(age: float = 0.0, **options: bool) -> Harness:
    """A gateway whose one variant is of that age, and in no memory."""
    harness = Harness(freshness=TIMES, **options)  # type: ignore[arg-type]
    await harness.gateway.get("a", SMALL)
    await settle()
    harness.age(age)
    return harness


@dataclass
class Remembered:
    """What a gateway holds in memory from now on: the seconds that it is fresh, and then stale."""

    harness: Harness
    times: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.harness.tiers._memory.put = self.put  # type: ignore[method-assign, assignment]

    def put(self, _: str, __: str, variant: Variant, fresh: float, stale: float) -> bool:
        self.times.append((fresh, stale))
        return True


@dataclass
class Held:
    """Calls of one kind to the shared tier, which stop until the gate is open."""

    harness: Harness
    kind: str
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.harness.shared._call = self.call  # type: ignore[method-assign]

    async def call(self, name: str) -> None:
        if name == self.kind:
            self.begun.set()
            await self.gate.wait()
            if self.error:
                raise self.error


# Times


def test_what_is_remembered_is_as_old_there_as_it_is() -> None:
    async def test() -> None:
        harness = await filled(50)
        remembered = Remembered(harness)
        await harness.gateway.get("a", SMALL)
        ((fresh, stale),) = remembered.times
        assert fresh == pytest.approx(10, abs=5)
        assert stale == 100

    run(test())


def test_what_is_stale_is_remembered_for_what_is_left_of_that() -> None:
    async def test() -> None:
        harness = await filled(STALE)
        remembered = Remembered(harness)
        await harness.gateway.get("a", SMALL)
        fresh, stale = remembered.times[0]
        assert fresh == 0
        assert stale == pytest.approx(99, abs=5)

    run(test())


def test_what_is_late_is_not_remembered() -> None:
    async def test() -> None:
        harness = await filled(LATE)
        remembered = Remembered(harness)
        harness.source.error = SourceUnavailable("away")
        assert (await harness.gateway.get("a", SMALL)).stale
        assert remembered.times == []
        assert harness.count("stale_total") == 1

    run(test())


def test_a_result_is_kept_in_the_shared_tier_for_what_is_left_of_its_time() -> None:
    async def test() -> None:
        harness = await filled(with_results=True)
        for id_, variant in harness.results.variants.items():
            harness.results.variants[id_] = replace(variant, checked_at=variant.checked_at - 50)
        harness.shared.variants.clear()
        seconds: list[float] = []
        put = harness.shared.put

        async def told(key: str, field: str, variant: Variant, left: float, token: str) -> bool:
            seconds.append(left)
            return await put(key, field, variant, left, token)

        harness.shared.put = told  # type: ignore[method-assign, assignment]
        assert (await harness.gateway.get("a", SMALL)).tier == "results"
        assert seconds == [pytest.approx(TIMES.kept_for - 50, abs=5)]

    run(test())


# The results


def test_what_is_among_the_results_is_not_written_there_again() -> None:
    async def test() -> None:
        harness = await filled(with_results=True)
        harness.shared.variants.clear()
        harness.results.putting.clear()
        assert (await harness.gateway.get("a", SMALL)).tier == "results"
        await settle()
        assert not harness.results.putting.is_set()

    run(test())


def test_a_variant_of_an_unchanged_original_is_not_written_there_again() -> None:
    async def test() -> None:
        harness = await filled(LATE, with_results=True)
        harness.results.putting.clear()
        assert (await harness.gateway.get("a", SMALL)).unchanged
        await settle()
        assert not harness.results.putting.is_set()

    run(test())


def test_nothing_goes_to_the_results_that_the_shared_tier_did_not_take() -> None:
    """Nobody would hear of a flush, and nothing says that the lease still stood."""

    async def test() -> None:
        harness = Harness(with_results=True)
        harness.shared.error = CacheUnavailable("away")
        await harness.gateway.get("a", SMALL)
        await settle()
        assert not harness.results.putting.is_set()

    run(test())


def test_what_is_flushed_as_the_shared_tier_takes_it_does_not_go_to_the_results() -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        harness.shared.gate.clear()
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.shared.putting.wait()
        harness.hear(Flush(key="a"))
        harness.shared.gate.set()
        await filling
        await settle()
        assert not harness.results.putting.is_set()

    run(test())


def test_what_was_being_written_when_flushes_went_unheard_is_taken_back() -> None:
    async def test() -> None:
        harness = Harness(with_results=True)
        harness.results.gate.clear()
        await harness.gateway.get("a", SMALL)
        await harness.results.putting.wait()
        until = harness.coherence.trusted_until
        harness.coherence.on_disconnect("away")
        harness.coherence.trusted_until = until
        harness.results.gate.set()
        await settle()
        assert harness.results.variants == {}

    run(test())


# Leases


def test_a_fill_that_is_cancelled_ends_its_lease() -> None:
    async def test() -> None:
        harness = Harness(open_=False)
        filling = asyncio.create_task(harness.gateway.get("a", SMALL))
        await harness.renderer.begun.wait()
        assert harness.shared.leases
        await harness.gateway.drain(0)
        await asyncio.gather(filling, return_exceptions=True)
        assert not harness.shared.leases, "others wait for it"

    run(test())


def test_what_was_stored_between_look_up_and_lease_is_served_and_the_lease_ended() -> None:
    async def test() -> None:
        harness = await filled()

        async def nothing_yet(_: str, __: str) -> None: ...

        harness.shared.get = nothing_yet  # type: ignore[assignment]
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.tier, answer.coalesced) == ("redis", True)
        assert len(harness.renderer.renders) == 1
        assert not harness.shared.leases
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"

    run(test())


def test_who_waited_in_vain_and_finds_only_what_is_late_revalidates_it() -> None:
    async def test() -> None:
        harness = await filled(LATE)
        (id_,) = harness.shared.variants
        harness.shared.leases[id_] = "another's"
        asking = asyncio.create_task(harness.gateway.get("a", SMALL))
        await settle()
        harness.shared._end(id_, None)
        answer = await asking
        assert (answer.coalesced, answer.unchanged) == (False, True)
        assert harness.source.questions == ["a"]

    run(test())


def test_who_was_told_nothing_waits_again_and_fills_under_a_lease_in_the_end() -> None:
    """As on a line that fell silent: that is not the sign of a fill that brings nothing."""

    async def test() -> None:
        harness = Harness()
        acquire, waits = harness.shared.acquire_lease, 5

        async def later(key: str, field: str) -> Lease | PendingFill:
            nonlocal waits
            waits -= 1
            return Untold() if waits >= 0 else await acquire(key, field)

        harness.shared.acquire_lease = later  # type: ignore[method-assign]
        assert (await harness.gateway.get("a", SMALL)).stored
        assert harness.count("followed_total") == 5

    run(test())


class Untold(Ending):
    async def wait(self) -> None:
        await asyncio.sleep(0)


def test_who_looks_again_waits_no_longer_than_the_patience_that_is_left() -> None:
    async def test() -> None:
        harness = Harness(timeout=0.1)
        looks = 0

        async def slow_then(_: str, __: str) -> None:
            nonlocal looks
            looks += 1
            if looks == 2:
                await asyncio.sleep(MAX_WAIT)

        async def wait(_: str, __: str) -> PendingFill:
            return Untold()

        harness.shared.get = slow_then  # type: ignore[assignment]
        harness.shared.acquire_lease = wait  # type: ignore[method-assign, assignment]
        answer = await asyncio.wait_for(harness.gateway.get("a", SMALL), MAX_WAIT / 2)
        assert not answer.stored
        assert looks == 2

    run(test())


# Flushed on the way


def test_a_stale_variant_that_was_flushed_meanwhile_is_not_revalidated() -> None:
    async def test() -> None:
        harness = await filled(STALE)
        looking = Held(harness, "get")
        asking = asyncio.create_task(harness.gateway.get("a", SMALL))
        await looking.begun.wait()
        harness.hear(Flush(key="a"))
        looking.gate.set()
        assert (await asking).stale
        await settle()
        assert harness.source.questions == []

    run(test())


def test_what_was_flushed_before_a_lease_that_failed_is_not_called_unchanged() -> None:
    async def test() -> None:
        harness = await filled(LATE)
        leasing = Held(harness, "acquire_lease", error=CacheUnavailable("away"))
        asking = asyncio.create_task(harness.gateway.get("a", SMALL))
        await leasing.begun.wait()
        harness.hear(Flush(key="a"))
        leasing.gate.set()
        assert not (await asking).unchanged
        assert harness.source.fetches == ["a", "a"]

    run(test())


# What is counted and checked


def test_an_error_is_a_miss() -> None:
    async def test() -> None:
        harness = Harness()
        harness.source.error = SourceUnavailable("away")
        with pytest.raises(SourceUnavailable):
            await harness.gateway.get("a", SMALL)
        assert harness.count("misses_total") == 1

    run(test())


def test_a_shared_tier_whose_flushes_go_unheard_does_not_work() -> None:
    async def test() -> None:
        harness = Harness()
        check = harness.gateway.checks()["cache"]
        await check()
        harness.coherence.distrust()
        with pytest.raises(CacheUnavailable, match="cannot be heard"):
            await check()

    run(test())
