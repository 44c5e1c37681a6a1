"""Flusher: the order that lets nothing come back."""

import asyncio
from collections.abc import Sequence

import pytest

from resizer.cache.flusher import Flusher
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult

FLUSHES = [Flush(key="a"), Flush(key="b")]


class Tiers:
    """Both tiers; writes down what is asked of them."""

    def __init__(self, fails: str = "") -> None:
        self.asked: list[str] = []
        self.fails = fails
        self.overlays: list[Flush] = []

    async def showing(self, flushes: Sequence[Flush]) -> list[Flush]:
        return self.overlays

    async def remove(self, flushes: Sequence[Flush], *, dry_run: bool) -> FlushResult:
        self._ask("count in redis" if dry_run else "remove from redis")
        return FlushResult(originals=2, variants=5, paths=frozenset({"/img/w=1/a"}))

    async def announce(
        self, flushes: Sequence[Flush], extra_seconds: float, restarted_within: float
    ) -> FlushResult:
        self._ask("announce")
        return FlushResult(confirmed=2, unconfirmed=1)

    async def flush(self, flush: Flush, *, dry_run: bool) -> FlushResult:
        self._ask(f"{'count' if dry_run else 'remove'} results of {flush.key or flush.tag}")
        return FlushResult(originals=1, variants=3)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what == self.fails:
            raise CacheUnavailable("away")


def flush(tiers: Tiers, *, results: bool, dry_run: bool = False) -> FlushResult:
    flusher = Flusher(tiers, tiers if results else None)
    return asyncio.run(flusher.flush(FLUSHES, dry_run=dry_run))


def test_every_gateway_is_told_before_redis_is_emptied_and_after() -> None:
    tiers = Tiers()
    flushed = flush(tiers, results=False)
    assert tiers.asked == ["announce", "remove from redis", "announce"]
    assert flushed == FlushResult(
        2, 5, frozenset({"/img/w=1/a"}), results=0, confirmed=2, unconfirmed=1
    )


def test_with_results_every_gateway_is_told_before_they_are_removed_and_after() -> None:
    tiers = Tiers()
    flushed = flush(tiers, results=True)
    assert tiers.asked == [
        "announce",
        "remove results of a",
        "remove results of b",
        "remove from redis",
        "announce",
    ]
    assert (flushed.variants, flushed.results) == (5, 6)


def test_what_shows_a_flushed_original_over_another_is_flushed_with_it() -> None:
    tiers = Tiers()
    tiers.overlays = [Flush(tag="overlay:a")]
    flush(tiers, results=True)
    assert "remove results of overlay:a" in tiers.asked


def test_a_dry_run_counts_and_tells_nobody() -> None:
    tiers = Tiers()
    assert flush(tiers, results=True, dry_run=True).results == 6
    assert tiers.asked == ["count results of a", "count results of b", "count in redis"]


@pytest.mark.parametrize("step", ["announce", "remove results of b", "remove from redis"])
def test_a_flush_of_which_a_part_fails_fails(step: str) -> None:
    with pytest.raises(CacheUnavailable):
        flush(Tiers(fails=step), results=True)
