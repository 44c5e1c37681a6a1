"""Coherence: until when a process trusts what it remembers, and who forgets."""

import asyncio
from collections.abc import Awaitable, Sequence

from resizer.cache.coherence import Coherence
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush
from tests.support.clock import Clock
from tests.support.loop import settle


def test_where_nothing_is_shared_it_is_sure_for_ever() -> None:
    clock = Clock()
    coherence = Coherence(clock=clock)
    clock.now += 1e9
    assert coherence.trusted


def test_an_answer_is_good_for_some_seconds_from_its_question() -> None:
    clock = Clock()
    coherence = Coherence(clock=clock)
    asked = clock.now
    clock.now += 1
    coherence.confirmed(asked)
    forgotten = []
    for clock.now in (asked + Coherence.TRUST_SECONDS - 0.01, asked + Coherence.TRUST_SECONDS):
        forgotten.append(coherence.trusted)
    coherence.confirmed(clock.now)
    assert [*forgotten, coherence.trusted] == [True, False, True]


def test_a_lost_line_ends_it_at_once() -> None:
    coherence = Coherence(clock=Clock())
    coherence.distrust()
    assert not coherence.trusted


class Rememberer:
    """What it was told to forget."""

    def __init__(self, coherence: Coherence) -> None:
        self.forgotten: list[Flush | str] = []
        self.ends: list[asyncio.Future[None]] = []
        coherence.subscribe(self.forget, lambda: self.forgotten.append("everything"))

    def forget(self, flush: Flush) -> Awaitable[None]:
        self.forgotten.append(flush)
        self.ends.append(asyncio.get_running_loop().create_future())
        return self.ends[-1]


def test_who_subscribed_forgets_at_once_and_a_flush_ends_when_all_have() -> None:
    async def scene() -> None:
        coherence = Coherence()
        one, other = Rememberer(coherence), Rememberer(coherence)
        coherence.subscribe(lambda _: None)
        flushes = [Flush(key="a"), Flush(tag="thumb")]
        ended = asyncio.ensure_future(coherence.on_flush(flushes))
        assert one.forgotten == other.forgotten == flushes
        for end in (*one.ends, *other.ends):
            await settle()
            assert not ended.done()
            end.set_result(None)
        await ended

    asyncio.run(scene())


def test_a_lost_line_clears_and_a_new_one_forgets_what_began_meanwhile() -> None:
    async def scene() -> None:
        coherence = Coherence()
        one = Rememberer(coherence)
        coherence.on_disconnect("ConnectionError")
        assert not coherence.trusted
        coherence.on_reconnect()
        assert one.forgotten == ["everything", Flush()]

    asyncio.run(scene())


def test_deleted_originals_are_forgotten_here_at_once_and_by_the_fleet_in_few_flushes() -> None:
    async def scene() -> None:
        flushed: list[Sequence[Flush]] = []
        gate = asyncio.Event()

        async def flush_fleet(flushes: Sequence[Flush]) -> None:
            flushed.append(flushes)
            await gate.wait()
            if len(flushed) == 1:
                raise CacheUnavailable("The cache is away.")

        coherence = Coherence(flush_fleet)
        one = Rememberer(coherence)
        coherence.origin_deleted("a")
        await settle()
        for key in "bcb":
            coherence.origin_deleted(key)
        assert one.forgotten == [Flush(key=key) for key in "abcb"]
        gate.set()
        await coherence.drain(1)
        assert [sorted(str(flush.key) for flush in flushes) for flushes in flushed] == [
            ["a"],
            ["b", "c"],
        ]

    asyncio.run(scene())
