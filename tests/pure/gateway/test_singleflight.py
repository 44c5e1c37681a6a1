"""SingleFlight: who may join, and what a flush does to those under way."""

import asyncio
import math

from resizer.cache import coherence
from resizer.cache.coherence import Hearing
from resizer.gateway.singleflight import Call, SingleFlight
from resizer.model.flush import Flush
from resizer.model.transform import Transform
from tests.support.clock import Clock

FIELD = "1:width=1"


class Sky:
    """Calls that end when told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hears = Hearing(self.clock)
        self.flights: SingleFlight[str] = SingleFlight(self.hears)
        self.land = asyncio.Event()

    def start(self, key: str = "a", field: str = FIELD) -> Call[str]:
        return self.flights.start(Call(key, field, Transform()), self._work)

    async def _work(self, flight: Call[str]) -> str:
        await self.land.wait()
        return flight.key


def test_a_flight_is_found_until_it_lands() -> None:
    async def scene() -> None:
        sky = Sky()
        flight = sky.start()
        assert sky.flights.find("a", FIELD) is flight
        assert sky.flights.find("b", FIELD) is None
        sky.land.set()
        assert await flight.landing() == "a"
        await asyncio.sleep(0)
        assert sky.flights.find("a", FIELD) is None

    asyncio.run(scene())


def test_a_flush_parts_those_it_means_and_a_new_one_takes_their_place() -> None:
    async def scene() -> None:
        sky = Sky()
        old, other = sky.start("a"), sky.start("b")
        sky.flights.flush(Flush(key="a"))
        assert (old.flushed, other.flushed) == (True, False)
        assert sky.flights.find("a", FIELD) is None
        new = sky.start("a")
        sky.land.set()
        await old.landing()
        assert not new.flushed
        assert await new.landing() == "a"

    asyncio.run(scene())


def test_a_tag_parts_the_flights_of_its_preset() -> None:
    async def scene() -> None:
        sky = Sky()
        first = sky.start("a", "1:w=1@thumb")
        told = []
        for tag in ("hero", "thumb"):
            sky.flights.flush(Flush(tag=tag))
            told.append(first.flushed)
        assert told == [False, True]
        sky.land.set()
        assert await first.landing() == "a"

    asyncio.run(scene())


def test_the_deaf_join_young_flights_only() -> None:
    """None at all would be a render for each request, when Redis is away."""

    async def scene() -> None:
        sky = Sky()
        flight = sky.start()
        sky.clock.now += coherence.SECONDS
        assert sky.flights.find("a", FIELD) is flight
        sky.hears.until = -math.inf
        assert sky.flights.find("a", FIELD) is None
        sky.clock.now -= 0.01
        assert sky.flights.find("a", FIELD) is flight
        sky.land.set()
        await flight.landing()

    asyncio.run(scene())


def test_draining_waits_so_long_and_cancels_the_rest() -> None:
    async def scene() -> None:
        sky = Sky()
        flight = sky.start()
        await sky.flights.drain(0.01)
        assert flight.task is not None
        await asyncio.gather(flight.task, return_exceptions=True)
        assert flight.task.cancelled()

    asyncio.run(scene())
