"""SingleFlight: who may join, and what a flush does to those under way."""

import asyncio
import math

from resizer.cache.coherence import Coherence
from resizer.gateway.singleflight import Call, SingleFlight
from resizer.model.flush import Flush
from resizer.model.image import VariantId
from tests.support.clock import Clock

FIELD = "1:width=1"


class Group:
    """Calls that end when told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.coherence = Coherence(clock=self.clock)
        self.calls: SingleFlight[VariantId, Call[VariantId, str]] = SingleFlight(
            self.coherence, lambda flush, id_: flush.matches(*id_)
        )
        self.done = asyncio.Event()

    def start(self, key: str = "a", field: str = FIELD) -> Call[VariantId, str]:
        return self.calls.start(Call((key, field)), self._work)

    async def _work(self, call: Call[VariantId, str]) -> str:
        await self.done.wait()
        return call.id[0]


def test_a_call_is_found_until_it_is_done() -> None:
    async def scene() -> None:
        group = Group()
        call = group.start()
        assert group.calls.find(("a", FIELD)) is call
        assert group.calls.find(("b", FIELD)) is None
        group.done.set()
        assert await call.wait() == "a"
        await asyncio.sleep(0)
        assert group.calls.find(("a", FIELD)) is None

    asyncio.run(scene())


def test_a_flush_detaches_those_it_means_and_a_new_one_takes_their_place() -> None:
    async def scene() -> None:
        group = Group()
        old, other = group.start("a"), group.start("b")
        group.calls.forget(Flush(key="a"))
        assert (old.flushed, other.flushed) == (True, False)
        assert group.calls.find(("a", FIELD)) is None
        new = group.start("a")
        group.done.set()
        await old.wait()
        assert not new.flushed
        assert await new.wait() == "a"

    asyncio.run(scene())


def test_a_tag_detaches_the_calls_of_its_preset() -> None:
    async def scene() -> None:
        group = Group()
        first = group.start("a", "1:w=1@thumb")
        told = []
        for tag in ("hero", "thumb"):
            group.calls.forget(Flush(tag=tag))
            told.append(first.flushed)
        assert told == [False, True]
        group.done.set()
        assert await first.wait() == "a"

    asyncio.run(scene())


def test_the_deaf_join_young_calls_only() -> None:
    """None at all would be a render for each request, when Redis is away."""

    async def scene() -> None:
        group = Group()
        call = group.start()
        group.clock.now += Coherence.TRUST_SECONDS
        assert group.calls.find(("a", FIELD)) is call
        group.coherence.trusted_until = -math.inf
        assert group.calls.find(("a", FIELD)) is None
        group.clock.now -= 0.01
        assert group.calls.find(("a", FIELD)) is call
        group.done.set()
        await call.wait()

    asyncio.run(scene())


def test_draining_waits_so_long_and_cancels_the_rest() -> None:
    async def scene() -> None:
        group = Group()
        call = group.start()
        await group.calls.drain(0.01)
        assert call.task is not None
        await asyncio.gather(call.task, return_exceptions=True)
        assert call.task.cancelled()

    asyncio.run(scene())
