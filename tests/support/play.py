"""Playing interleavings against gateways, and noting what they answered."""

import asyncio
import itertools
import os
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush
from tests.support.deadlines import MAX_WAIT
from tests.support.fleet import Fleet
from tests.support.history import Asked, Became, Disturbed, Flushed, History
from tests.support.interleavings import (
    GATEWAYS,
    ORIGINALS,
    PRESET,
    Ask,
    Delete,
    Disturbance,
    FlushKey,
    FlushPrefix,
    FlushTag,
    Pause,
    Replace,
    Round,
    Script,
    Step,
    Trouble,
)
from tests.support.numbered import MOST, Originals, numbered, read_numbers
from tests.support.processes import children
from tests.support.servers import RedisServer
from tests.support.wire import Lines, WireReply, lines

_FIRST_SIZE = (96, 64)
_numbers = itertools.count()
"""No key is used twice, whichever fleet it was on."""


@dataclass
class World:
    """What a round is played on."""

    fleet: Fleet
    redis: RedisServer
    originals: Originals
    flush: Callable[[Flush], Awaitable[None]]
    """Raises CacheUnavailable."""

    async def play(self, round_: Round) -> list[list[History]]:
        """What happened to the originals of each script."""
        world = Weather(self)
        async with lines() as kept:
            players = [Player(self, kept) for _ in round_.scripts]
            playing = map(Player.play, players, round_.scripts)
            befalling = map(world.befall, round_.disturbances)
            await asyncio.gather(*playing, *befalling)
            await asyncio.gather(*(player.look_at_everything() for player in players))
        for history in itertools.chain.from_iterable(player.histories for player in players):
            history.disturbed = world.disturbed
            history.flushed += world.flushed
        return [player.histories for player in players]


class Weather:
    """What befalls all scripts of a round."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._turns: defaultdict[int | None, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One trouble at a time for each gateway, and for Redis (None)."""
        self.flushed: list[Flushed] = []
        self.disturbed: list[Disturbed] = []

    async def befall(self, disturbance: Disturbance) -> None:
        await asyncio.sleep(disturbance.at)
        match disturbance.trouble:
            case Trouble.FLUSH_ALL:
                self.flushed.append(await flushed(self._world, Flush(), "everything"))
            case Trouble.RESTART_REDIS | Trouble.FREEZE_REDIS:
                await self._disturb(disturbance, None)
            case Trouble.SLOW | Trouble.FREEZE | Trouble.KILL:
                await self._disturb(disturbance, disturbance.gateway)

    async def _disturb(self, disturbance: Disturbance, gateway: int | None) -> None:
        trouble, seconds = disturbance.trouble, disturbance.seconds
        async with self._turns[gateway]:
            began = time.monotonic()
            if gateway is None:
                await _disturb_redis(self._world.redis, trouble, seconds)
            else:
                await _disturb_gateway(self._world.fleet, gateway, trouble, seconds)
        what = trouble if gateway is None else f"{trouble} (gateway {gateway})"
        killed = gateway if trouble is Trouble.KILL else None
        self.disturbed.append(Disturbed(began, time.monotonic(), what, killed))


async def _disturb_redis(redis: RedisServer, trouble: Trouble, seconds: float) -> None:
    if trouble is Trouble.RESTART_REDIS:
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(redis.start)
        return
    redis.pause()
    await asyncio.sleep(seconds)
    redis.resume()


async def _disturb_gateway(fleet: Fleet, gateway: int, trouble: Trouble, seconds: float) -> None:
    if trouble is Trouble.KILL:
        fleet.kill(gateway)
        await asyncio.to_thread(fleet.restart, gateway)
        return
    pid = fleet.gateways[gateway].pid
    frozen = [pid] if trouble is Trouble.FREEZE else children(pid)
    for one in frozen:
        os.kill(one, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for one in frozen:
        with suppress(ProcessLookupError):  # a worker that was replaced meanwhile
            os.kill(one, signal.SIGCONT)


async def flushed(world: World, flush: Flush, what: str, options: str | None = None) -> Flushed:
    began, failure = time.monotonic(), None
    try:
        await world.flush(flush)
    except CacheUnavailable as error:
        failure = str(error)
    return Flushed(began, time.monotonic(), what, options, failure)


Shown = tuple[int | None, int | None]
"""The key and the version that a reply shows."""
_NOTHING: Shown = (None, None)


@dataclass(frozen=True, slots=True)
class Seen:
    etag: str
    shown: Shown


@dataclass
class Player:
    """One script and its originals."""

    world: World
    lines: Lines
    histories: list[History] = field(init=False)
    _under_way: list[Awaitable[object]] = field(default_factory=list)
    _seen: dict[str, Seen] = field(default_factory=dict)
    """By URL, what was answered last."""

    def __post_init__(self) -> None:
        number = next(_numbers)
        self._prefix = f"{number}/"
        first = number * ORIGINALS
        self.histories = [History((first + one) % MOST) for one in range(ORIGINALS)]

    async def play(self, script: Script) -> None:
        for original in range(ORIGINALS):
            await self._become(original, _FIRST_SIZE)
        for step in script:
            await self._do(step)
        await asyncio.gather(*self._under_way)

    async def look_at_everything(self) -> None:
        """Ask every gateway for whatever was asked: what should not have been kept shows now."""
        for number, history in enumerate(self.histories):
            for options in {asked.options for asked in history.asked}:
                look = Ask(number, options, tuple(range(GATEWAYS)), conditional=False)
                await self._do(look)

    async def _do(self, step: Step) -> None:
        match step:
            case Ask():
                asking = asyncio.gather(*(self._ask(step, number) for number in step.gateways))
                self._under_way.append(asking)
                await asyncio.wait([asking], timeout=step.waits)
            case Replace(original=original, size=size):
                await self._become(original, size)
            case Delete(original=original):
                await self._become(original, None)
            case FlushKey(original=original):
                what = await flushed(self.world, Flush(key=self._key(original)), "the key")
                self.histories[original].flushed.append(what)
            case FlushPrefix():
                self._both(await flushed(self.world, Flush(prefix=self._prefix), "its prefix"))
            case FlushTag():
                self._both(await flushed(self.world, Flush(tag=PRESET), PRESET, PRESET))
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)

    def _both(self, flush: Flushed) -> None:
        for history in self.histories:
            history.flushed.append(flush)

    async def _become(self, original: int, size: tuple[int, int] | None) -> None:
        """The next version, of that many pixels; None deletes the original."""
        history, key = self.histories[original], self._key(original)
        version, began = len(history.became) + 1, time.monotonic()
        if size is None:
            await self.world.originals.delete(key)
        else:
            await self.world.originals.put(key, numbered(history.key, version, *size))
        history.became.append(Became(began, time.monotonic(), version if size else None))

    async def _ask(self, step: Ask, gateway: int) -> None:
        url = f"/img/{step.options}/{self._key(step.original)}"
        seen = self._seen.get(url) if step.conditional else None
        condition = {"if_none_match": seen.etag} if seen else {}
        port = self.world.fleet.ports[gateway]
        began, status, shown = time.monotonic(), None, _NOTHING
        try:
            reply = await asyncio.wait_for(self.lines.ask(port, url, **condition), MAX_WAIT)
            status, shown, how = reply.status, _shown(reply, seen), reply.cache_status
            if status == 200:
                self._seen[url] = Seen(reply.headers["etag"], shown)
        except (OSError, EOFError) as error:  # TimeoutError is an OSError
            how = type(error).__name__
        asked = Asked(began, time.monotonic(), gateway, step.options, status, *shown, how)
        self.histories[step.original].asked.append(asked)

    def _key(self, original: int) -> str:
        return f"{self._prefix}{original}.png"


def _shown(reply: WireReply, seen: Seen | None) -> Shown:
    """A picture that says neither number is of key -1."""
    if reply.status == 304 and seen:
        return seen.shown
    if reply.status != 200:
        return _NOTHING
    try:
        return read_numbers(reply.body)
    except ValueError:
        return -1, None
