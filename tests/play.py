"""Playing interleavings against gateways, and noting what they answered."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from resizer.errors import CacheUnavailable
from resizer.flush import Flush
from tests.fleet import Fleet
from tests.history import Asked, Became, Disturbed, Flushed, History
from tests.interleavings import (
    GATEWAYS,
    ORIGINALS,
    PRESET,
    Ask,
    Delete,
    Disturbance,
    FlushKey,
    FlushPrefix,
    Pause,
    Replace,
    Round,
    Script,
    Step,
    Trouble,
)
from tests.numbered import MOST, Originals, numbered, read_numbers
from tests.servers import RedisServer
from tests.wire import Lines, WireReply, lines

PATIENCE = 30.0
"""Seconds: a request that takes longer has no answer."""
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
        self.flushed: list[Flushed] = []
        self.disturbed: list[Disturbed] = []

    async def befall(self, disturbance: Disturbance) -> None:
        await asyncio.sleep(disturbance.at)
        began, number = time.monotonic(), disturbance.gateway
        match disturbance.trouble:
            case Trouble.FLUSH_ALL:
                self.flushed.append(await flushed(self._world, Flush(), "everything"))
                return
            case Trouble.FLUSH_TAG:
                tag = await flushed(self._world, Flush(tag=PRESET), f"preset {PRESET}", PRESET)
                self.flushed.append(tag)
                return
            case Trouble.KILL:
                self._world.fleet.kill(number)
                await asyncio.to_thread(self._world.fleet.restart, number)
            case Trouble.FREEZE:
                self._world.fleet.freeze(number)
                await asyncio.sleep(disturbance.seconds)
                self._world.fleet.thaw(number)
            case Trouble.RESTART_REDIS:
                await asyncio.to_thread(self._world.redis.stop)
                await asyncio.to_thread(self._world.redis.start)
            case Trouble.FREEZE_REDIS:
                self._world.redis.pause()
                await asyncio.sleep(min(1, disturbance.seconds))
                self._world.redis.resume()
        killed = number if disturbance.trouble is Trouble.KILL else None
        whom = "" if "Redis" in disturbance.trouble else f" (gateway {number})"
        now = time.monotonic()
        self.disturbed.append(Disturbed(began, now, f"{disturbance.trouble}{whom}", killed))


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
                look = Ask(number, options, tuple(range(GATEWAYS)), conditional=False, waits=True)
                await self._do(look)

    async def _do(self, step: Step) -> None:
        match step:
            case Ask():
                asking = asyncio.gather(*(self._ask(step, number) for number in step.gateways))
                self._under_way.append(asking)
                await (asking if step.waits else asyncio.sleep(0))
            case Replace(original=original, size=size):
                await self._become(original, size)
            case Delete(original=original):
                await self._become(original, None)
            case FlushKey(original=original):
                what = await flushed(self.world, Flush(key=self._key(original)), "the key")
                self.histories[original].flushed.append(what)
            case FlushPrefix():
                what = await flushed(self.world, Flush(prefix=self._prefix), "its prefix")
                for history in self.histories:
                    history.flushed.append(what)
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)

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
            reply = await asyncio.wait_for(self.lines.ask(port, url, **condition), PATIENCE)
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
