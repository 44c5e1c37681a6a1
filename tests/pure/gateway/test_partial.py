"""What a gateway does with the picture of an original that is cut short or broken."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from resizer.errors import SourceTimeout
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.transform import Transform
from tests.support.deadlines import MAX_WAIT
from tests.support.harness import Harness
from tests.support.loop import settle

SMALL = Transform(width=100, format=Format.WEBP)
TIMES = Freshness(fresh_for=600, serve_stale_for=100, stale_if_error=1000, partial_for=60)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, MAX_WAIT))


async def aged(seconds: float) -> Harness:
    """A gateway whose one variant is partial, and of that age."""
    harness = Harness(freshness=TIMES, with_results=True)
    harness.renderer.partial = True
    assert (await harness.gateway.get("a", SMALL)).variant.partial
    harness.age(seconds)
    return harness


def test_it_is_served_without_a_question_for_a_short_time() -> None:
    async def test() -> None:
        harness = await aged(59)
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.tier, answer.stale, answer.variant.partial) == ("redis", False, True)
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"
        assert harness.source.questions == []
        assert harness.count("partial_total") == 1

    run(test())


def test_then_the_source_is_asked_first_and_what_replaced_it_is_shown_at_once() -> None:
    async def test() -> None:
        harness = await aged(61)
        harness.source.versions["a"] = 2
        harness.renderer.partial = False
        answer = await harness.gateway.get("a", SMALL)
        assert b"v2" in answer.variant.body
        assert not answer.variant.partial
        assert harness.count("partial_total") == 1

    run(test())


def test_an_unchanged_original_is_partial_for_as_long_again_and_rendered_no_second_time() -> None:
    async def test() -> None:
        harness = await aged(61)
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.unchanged, answer.variant.partial) == (True, True)
        assert (await harness.gateway.get("a", SMALL)).tier == "memory"
        assert harness.source.questions == ["a"]
        assert len(harness.renderer.renders) == 1

    run(test())


def test_it_is_better_than_nothing_while_the_source_is_away() -> None:
    async def test() -> None:
        harness = await aged(61)
        harness.source.error = SourceTimeout("away")
        answer = await harness.gateway.get("a", SMALL)
        assert (answer.stale, answer.variant.partial) == (True, True)

    run(test())


def test_it_is_not_put_among_the_results() -> None:
    async def test() -> None:
        harness = await aged(0)
        await settle()
        assert harness.results.variants == {}
        harness.renderer.partial = False
        await harness.gateway.get("b", SMALL)
        await settle()
        assert [key for key, _ in harness.results.variants] == ["b"]

    run(test())


def test_its_original_is_not_kept() -> None:
    async def test() -> None:
        harness = await aged(61)
        assert harness.source.dropped == ["a"]
        await harness.gateway.get("a", SMALL)
        assert harness.source.dropped == ["a", "a"], "nor is what others kept believed"

    run(test())
