"""The source tier: what is kept, what is shared, and what the source is asked."""

import asyncio
import contextlib
import math
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.coherence import Coherence
from resizer.errors import Overloaded, SourceNotFound, SourceUnavailable
from resizer.gateway.original_cache import OVERHEAD, OriginalCache
from resizer.model.flush import Flush
from resizer.model.image import Original, Unchanged
from tests.support.clock import Clock
from tests.support.sources import content, memfds

T = TypeVar("T")
FRESH = 60.0
JOIN = Coherence.TRUST_SECONDS


@dataclass
class Numbered:
    """A source whose originals are versions of themselves, and which waits where it is told to."""

    clock: Clock
    versions: dict[str, int] = field(default_factory=dict)
    padding: int = 0
    tagged: bool = True
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def fetch(self, key: str) -> Original:
        self.asked.append(f"fetch {key}")
        return await self._found(key)

    async def refetch(self, key: str, etag: str) -> Original | Unchanged:
        self.asked.append(f"refetch {key} {etag}")
        found = await self._found(key)
        if not etag or found.etag != etag:
            return found
        found.close()
        return Unchanged(found.checked_at)

    async def check(self) -> None:
        self.asked.append("check")

    async def close(self) -> None: ...

    async def _found(self, key: str) -> Original:
        version, now = self.versions.get(key), self.clock.now
        self.begun.set()
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        if self.error:
            raise self.error
        if version is None:
            raise SourceNotFound("There is no such image.")
        body = f"{key} {version}".encode() + bytes(self.padding)
        fd = os.memfd_create("original")
        os.write(fd, body)
        etag = f"v{version}" if self.tagged else ""
        return Original(fd, len(body), etag, datetime(2026, 1, 1, tzinfo=UTC), now)


class Bench:
    """The tier under test over a counting source, with clocks turned by hand."""

    def __init__(self, max_bytes: int = 1_000_000, fresh_seconds: float = FRESH) -> None:
        self.clock, self.monotonic = Clock(), Clock()
        self.source = Numbered(self.clock, {"cat": 1})
        self.coherence = Coherence(clock=self.monotonic)
        self.hits = 0
        self.tier = OriginalCache(
            self.source,
            max_bytes,
            fresh_seconds,
            self.coherence,
            on_hit=self._hit,
            clock=self.clock,
            monotonic=self.monotonic,
        )

    def _hit(self) -> None:
        self.hits += 1

    def lose(self) -> None:
        """From now on flushes may go unheard."""
        self.coherence.distrust()
        self.tier.clear()

    def regain(self) -> None:
        self.coherence.trusted_until = math.inf

    async def read(self, key: str = "cat") -> str:
        with await self.tier.fetch(key) as original:
            return content(original).rstrip(b"\0").decode()

    async def tag(self, etag: str, key: str = "cat") -> str:
        """`unchanged`, or the tag of the original that came instead."""
        found = await self.tier.refetch(key, etag)
        if isinstance(found, Unchanged):
            return "unchanged"
        found.close()
        return found.etag

    async def begin(self, wait: Awaitable[T]) -> "asyncio.Task[T]":
        """A call that has reached the source, whose gate is closed."""
        self.source.gate = asyncio.Event()
        self.source.begun.clear()
        task = asyncio.ensure_future(wait)
        await self.source.begun.wait()
        return task

    def let_through(self) -> None:
        assert self.source.gate
        self.source.gate.set()
        self.source.gate = None


def run(steps: Callable[[Bench], Awaitable[None]], **options: float) -> None:
    """Run `steps` and close the tier: no descriptor may be left."""

    async def whole() -> None:
        bench = Bench(**options)  # type: ignore[arg-type]
        await steps(bench)
        await bench.tier.close()

    before = len(memfds())
    asyncio.run(whole())
    assert len(memfds()) == before, "a descriptor was left open"


async def turns() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_an_original_is_fetched_once_for_several_sizes() -> None:
    async def steps(bench: Bench) -> None:
        assert [await bench.read() for _ in range(3)] == ["cat 1"] * 3
        assert bench.source.asked == ["fetch cat"]
        assert bench.hits == 2

    run(steps)


def test_those_who_ask_at_once_wait_for_one_fetch() -> None:
    async def steps(bench: Bench) -> None:
        found = await asyncio.gather(*(bench.read() for _ in range(50)))
        assert found == ["cat 1"] * 50
        assert bench.source.asked == ["fetch cat"]

    run(steps, max_bytes=0)


def test_each_caller_closes_its_own_descriptor() -> None:
    async def steps(bench: Bench) -> None:
        first, second = await asyncio.gather(bench.tier.fetch("cat"), bench.tier.fetch("cat"))
        first.close()
        bench.coherence.forget(Flush())
        assert content(second) == b"cat 1"
        second.close()

    run(steps)


def test_nothing_is_kept_without_a_budget() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        await bench.read()
        assert bench.source.asked == ["fetch cat"] * 2
        assert (len(bench.tier), bench.tier.size) == (0, 0)

    run(steps, max_bytes=0)


def test_an_old_original_is_kept_without_moving_its_bytes() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH
        with await bench.tier.fetch("cat") as original:
            assert original.checked_at == bench.clock.now
        bench.clock.now += FRESH - 1
        assert await bench.read() == "cat 1"
        assert bench.source.asked == ["fetch cat", "refetch cat v1"]

    run(steps)


def test_an_old_original_that_changed_is_replaced() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.source.versions["cat"] = 2
        assert await bench.read() == "cat 1"
        bench.clock.now += FRESH
        assert [await bench.read() for _ in range(2)] == ["cat 2"] * 2
        assert bench.source.asked == ["fetch cat", "refetch cat v1"]

    run(steps)


def test_a_check_from_the_future_is_not_believed() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now -= 1
        await bench.read()
        assert bench.source.asked == ["fetch cat", "refetch cat v1"]

    run(steps)


def test_variants_that_grow_old_together_ask_once() -> None:
    async def steps(bench: Bench) -> None:
        assert await asyncio.gather(*(bench.tag("v1") for _ in range(9))) == ["unchanged"] * 9
        assert bench.source.asked == ["refetch cat v1"]
        assert len(bench.tier) == 0

    run(steps)


def test_a_kept_original_answers_whether_a_variant_is_current() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH / 2
        found = await bench.tier.refetch("cat", "v1")
        assert found == Unchanged(bench.clock.now - FRESH / 2), "as of the time of its check"
        assert await bench.tag("v0") == "v1"
        assert bench.source.asked == ["fetch cat"]

    run(steps)


def test_an_old_kept_original_does_not_answer_for_a_variant() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH
        assert await bench.tag("v1") == "unchanged"
        assert await bench.tag("v1") == "unchanged"
        assert bench.source.asked == ["fetch cat", "refetch cat v1"]

    run(steps)


def test_a_changed_original_is_kept_for_those_who_render_it() -> None:
    async def steps(bench: Bench) -> None:
        assert await bench.tag("v0") == "v1"
        assert await bench.read() == "cat 1"
        assert bench.source.asked == ["refetch cat v0"]

    run(steps)


def test_without_a_time_of_freshness_each_asks_and_no_bytes_move() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        assert await bench.read() == "cat 1"
        assert await bench.tag("v1") == "unchanged"
        assert bench.source.asked == ["fetch cat", "refetch cat v1", "refetch cat v1"]

    run(steps, fresh_seconds=0)


def test_a_question_about_a_tag_waits_for_a_fetch_under_way() -> None:
    async def steps(bench: Bench) -> None:
        reading = await bench.begin(bench.read())
        asking = [asyncio.create_task(bench.tag(tag)) for tag in ("v1", "v0", "")]
        await turns()
        bench.let_through()
        assert await asyncio.gather(*asking) == ["unchanged", "v1", "v1"]
        assert await reading == "cat 1"
        assert bench.source.asked == ["fetch cat"]

    run(steps)


@pytest.mark.parametrize("joins", ["fetch", "another tag"])
def test_a_fetch_joins_a_question_about_a_tag_and_has_the_bytes(joins: str) -> None:
    async def steps(bench: Bench) -> None:
        asking = await bench.begin(bench.tag("v1"))
        other = asyncio.create_task(bench.read() if joins == "fetch" else bench.tag("v0"))
        await turns()
        bench.let_through()
        assert await asking == "unchanged"
        assert await other == ("cat 1" if joins == "fetch" else "v1")
        assert bench.source.asked == ["refetch cat v1", "fetch cat"]

    run(steps)


def test_a_caller_that_leaves_disturbs_nobody() -> None:
    async def steps(bench: Bench) -> None:
        first = await bench.begin(bench.read())
        second = asyncio.create_task(bench.read())
        await turns()
        first.cancel()
        bench.let_through()
        assert await second == "cat 1"
        assert first.cancelled()

    run(steps)


@pytest.mark.parametrize("moment", range(8))
def test_callers_that_all_leave_leave_no_descriptor(moment: int) -> None:
    async def steps(bench: Bench) -> None:
        tasks = [asyncio.create_task(bench.tier.fetch("cat")) for _ in range(3)]
        for _ in range(moment):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                (await task).close()
        await turns()

    run(steps, max_bytes=0)
    run(steps)


def test_a_failure_reaches_everybody_and_is_not_kept() -> None:
    async def steps(bench: Bench) -> None:
        bench.source.error = SourceUnavailable("away")
        found = await asyncio.gather(bench.read(), bench.tag("v1"), return_exceptions=True)
        assert [type(error) for error in found] == [SourceUnavailable] * 2
        bench.source.error = None
        assert await bench.read() == "cat 1"

    run(steps)


def test_a_source_that_is_away_leaves_the_kept_original() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH
        bench.source.error = SourceUnavailable("away")
        with pytest.raises(SourceUnavailable):
            await bench.read()
        bench.source.error = None
        await bench.read()
        assert bench.source.asked[-1] == "refetch cat v1"

    run(steps)


def test_a_deleted_original_is_let_go() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH
        del bench.source.versions["cat"]
        with pytest.raises(SourceNotFound):
            await bench.read()
        assert (len(bench.tier), bench.tier.size) == (0, 0)

    run(steps)


def test_a_flushed_original_is_fetched_anew() -> None:
    async def steps(bench: Bench) -> None:
        bench.source.versions["dog"] = 1
        await bench.read()
        await bench.read("dog")
        bench.source.versions.update(cat=2, dog=2)
        bench.coherence.forget(Flush(key="cat"))
        assert (await bench.read(), await bench.read("dog")) == ("cat 2", "dog 1")

    run(steps)


def test_a_fetch_that_began_before_a_flush_is_neither_joined_nor_kept() -> None:
    async def steps(bench: Bench) -> None:
        before = await bench.begin(bench.read())
        bench.source.versions["cat"] = 2
        bench.coherence.forget(Flush())
        after = asyncio.create_task(bench.read())
        await turns()
        bench.let_through()
        assert (await before, await after, await bench.read()) == ("cat 1", "cat 2", "cat 2")
        assert bench.source.asked == ["fetch cat"] * 2

    run(steps)


def test_a_flushed_fetch_that_ends_last_does_not_replace_a_newer_one() -> None:
    async def steps(bench: Bench) -> None:
        before = await bench.begin(bench.read())
        gate, bench.source.gate = bench.source.gate, None
        bench.source.versions["cat"] = 2
        bench.coherence.forget(Flush())
        assert await bench.read() == "cat 2"
        assert gate
        gate.set()
        assert (await before, await bench.read()) == ("cat 1", "cat 2")

    run(steps)


def test_a_flushed_fetch_that_ends_does_not_end_the_joining_of_a_newer_one() -> None:
    async def steps(bench: Bench) -> None:
        before = await bench.begin(bench.read())
        gate = bench.source.gate
        bench.coherence.forget(Flush())
        after = await bench.begin(bench.read())
        assert gate
        gate.set()
        await before
        joins = asyncio.create_task(bench.read())
        await turns()
        bench.let_through()
        await asyncio.gather(after, joins)
        assert bench.source.asked == ["fetch cat"] * 2

    run(steps)


def test_an_original_may_go_while_it_is_asked_about() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.clock.now += FRESH
        reading = await bench.begin(bench.read())
        bench.coherence.forget(Flush())
        bench.let_through()
        assert await reading == "cat 1"
        assert len(bench.tier) == 0

    run(steps)


def test_an_original_without_a_tag_is_fetched_again_when_it_is_old() -> None:
    async def steps(bench: Bench) -> None:
        bench.source.tagged = False
        assert [await bench.read() for _ in range(2)] == ["cat 1"] * 2
        bench.clock.now += FRESH
        assert await bench.read() == "cat 1"
        assert bench.source.asked == ["fetch cat", "refetch cat "]

    run(steps)


def test_a_process_that_may_not_hear_of_flushes_keeps_nothing() -> None:
    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.lose()
        assert (len(bench.tier), bench.tier.size) == (0, 0)
        await bench.read()
        assert len(bench.tier) == 0
        bench.regain()
        await bench.read()
        assert len(bench.tier) == 1
        assert bench.source.asked == ["fetch cat"] * 3

    run(steps)


@pytest.mark.parametrize("began", ["before", "while"])
def test_what_may_have_missed_a_flush_is_not_kept_after_all(began: str) -> None:
    async def steps(bench: Bench) -> None:
        if began == "while":
            bench.lose()
        reading = await bench.begin(bench.read())
        bench.lose()
        bench.regain()
        bench.let_through()
        await reading
        assert len(bench.tier) == 0

    run(steps)


def test_what_is_kept_is_not_used_while_flushes_may_go_unheard() -> None:
    """They come late, but they come: the bytes may stay, to be asked about."""

    async def steps(bench: Bench) -> None:
        await bench.read()
        bench.coherence.trusted_until = bench.monotonic.now
        assert await bench.read() == "cat 1"
        bench.regain()
        assert await bench.read() == "cat 1"
        assert bench.source.asked == ["fetch cat", "refetch cat v1"]

    run(steps)


@pytest.mark.parametrize("regained", [False, True])
def test_what_may_have_missed_a_flush_is_joined_by_nobody(regained: bool) -> None:
    async def steps(bench: Bench) -> None:
        bench.lose()
        first = await bench.begin(bench.read())
        if regained:
            bench.regain()
        second = asyncio.create_task(bench.read())
        await turns()
        bench.let_through()
        await asyncio.gather(first, second)
        assert len(bench.source.asked) == 2

    run(steps)


def test_a_fetch_of_a_process_that_hears_is_joined_at_any_age() -> None:
    async def steps(bench: Bench) -> None:
        first = await bench.begin(bench.read())
        bench.monotonic.now += 10 * JOIN
        second = asyncio.create_task(bench.read())
        await turns()
        bench.let_through()
        await asyncio.gather(first, second)
        assert len(bench.source.asked) == 1

    run(steps)


def test_the_least_recently_used_goes_first() -> None:
    async def steps(bench: Bench) -> None:
        for key in ("a", "b", "c", "d", "a", "e"):
            bench.source.versions[key] = 1
            await bench.read(key)
        bench.source.asked.clear()
        for key in ("a", "c", "d", "e", "b"):
            await bench.read(key)
        assert bench.source.asked == ["fetch b"]

    run(steps, max_bytes=4 * (OVERHEAD + 3))


def test_an_original_of_more_than_a_quarter_is_not_kept() -> None:
    async def steps(bench: Bench) -> None:
        bench.source.padding = 10_000 - len("cat 1") - OVERHEAD
        await bench.read()
        assert bench.tier.size == 10_000
        bench.source.padding += 1
        bench.coherence.forget(Flush())
        await bench.read()
        assert bench.tier.size == 0

    run(steps, max_bytes=40_000)


def test_as_many_are_kept_as_there_are_descriptors_to_spare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resizer.gateway.original_cache.resource.getrlimit", lambda _: (12, 12))

    async def steps(bench: Bench) -> None:
        for number in range(5):
            bench.source.versions[str(number)] = 1
            await bench.read(str(number))
        assert len(bench.tier) == 3

    run(steps)


def test_a_process_without_descriptors_is_overloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(fd: int) -> int:
        raise OSError(24, "Too many open files")

    async def steps(bench: Bench) -> None:
        monkeypatch.setattr("resizer.gateway.original_cache.os.dup", no_more)
        with pytest.raises(Overloaded):
            await bench.read()
        monkeypatch.undo()

    run(steps)


def test_closing_ends_what_is_under_way() -> None:
    async def steps(bench: Bench) -> None:
        reading = await bench.begin(bench.read())
        await bench.tier.close()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(steps)


def test_a_check_asks_the_source() -> None:
    async def steps(bench: Bench) -> None:
        await bench.tier.check()
        assert bench.source.asked == ["check"]

    run(steps)


KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), KEYS),
        st.tuples(st.just("ask"), KEYS),
        st.tuples(st.just("leave"), KEYS),
        st.tuples(st.just("replace"), KEYS),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("forget"), KEYS),
        st.tuples(st.just("wait"), st.sampled_from([JOIN / 2, FRESH])),
        st.tuples(st.just("let through"), st.just("")),
        st.tuples(st.just("away"), st.booleans()),
    ),
    max_size=35,
)
BUDGET = 2 * 4 * (OVERHEAD + 3)


@given(steps=STEPS)
def test_no_order_of_events_gives_what_is_too_old_or_takes_too_much(
    steps: list[tuple[str, object]],
) -> None:
    """Never older than the last flush that was heard, nor than the time of freshness allows."""
    run(lambda bench: Story(bench).play(steps), max_bytes=BUDGET)


class Story:
    """Any number of callers at a source whose gate opens now and then."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.tasks: list[asyncio.Task[None]] = []
        self.replaced: dict[str, list[tuple[float, int]]] = {key: [] for key in "abc"}
        self.floors = dict.fromkeys("abc", 0)
        self.version = 0
        bench.source.gate = asyncio.Event()

    async def play(self, steps: list[tuple[str, object]]) -> None:
        for key in "abc":
            self._replace(key)
        for verb, noun in steps:
            if noun == FRESH:  # longer than a fetch may take
                await self._land_all()
            self._do(verb, noun)
            await turns()
            assert self.bench.tier.size <= BUDGET
        await self._land_all()
        for done in await asyncio.gather(*self.tasks, return_exceptions=True):
            assert isinstance(done, SourceNotFound | asyncio.CancelledError | None), done
        assert len(memfds()) == len(self.bench.tier)

    async def _land_all(self) -> None:
        self.bench.let_through()
        await turns()
        self.bench.source.gate = asyncio.Event()

    def _do(self, verb: str, noun: object) -> None:
        bench = self.bench
        if isinstance(noun, float):
            bench.clock.now += noun
            bench.monotonic.now += noun
        elif isinstance(noun, bool):
            bench.lose() if noun else bench.regain()
        elif verb == "let through":
            bench.let_through()
            bench.source.gate = asyncio.Event()
        elif isinstance(noun, str):
            self._touch(verb, noun)

    def _touch(self, verb: str, key: str) -> None:
        if verb == "replace":
            self._replace(key)
        elif verb == "delete":
            self.bench.source.versions.pop(key, None)
        elif verb == "forget":
            self.bench.coherence.forget(Flush(key=key))
            self.floors[key] = self.replaced[key][-1][1]
        elif verb == "leave" and self.tasks:
            self.tasks[0].cancel()
        elif verb in ("read", "ask"):
            self.tasks.append(asyncio.create_task(self._call(verb, key)))

    def _replace(self, key: str) -> None:
        self.version += 1
        self.replaced[key].append((self.bench.clock.now, self.version))
        self.bench.source.versions[key] = self.version

    async def _call(self, verb: str, key: str) -> None:
        floor = max(self.floors[key], self._current_at(key, self.bench.clock.now - FRESH))
        etag = f"v{self._current_at(key, self.bench.clock.now)}" if verb == "ask" else ""
        found = await self.bench.tier.refetch(key, etag)
        seen = etag if isinstance(found, Unchanged) else found.etag
        if isinstance(found, Original):
            with found:
                assert content(found).decode() == f"{key} {seen[1:]}"
        assert int(seen[1:]) >= floor
        assert int(seen[1:]) >= self._current_at(key, found.checked_at - 0.5)

    def _current_at(self, key: str, moment: float) -> int:
        """The newest version that had been put by then."""
        return max((version for at, version in self.replaced[key] if at <= moment), default=0)
