"""Random interleavings: what is done to some keys, and what befalls everybody meanwhile.

A Round is made from a seed alone. It holds many scripts, each with originals of its own, so that
they are played at once; what touches all of them is the round's own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import TypeVar

T = TypeVar("T")
GATEWAYS = 3
ORIGINALS = 2
"""Of one script, below one prefix."""
PRESET = "thumb"
OPTIONS = ("width=12,format=png", "width=20,format=png", PRESET)


@dataclass(frozen=True, slots=True)
class Ask:
    """Several requests at once, each to a gateway."""

    original: int
    options: str
    gateways: tuple[int, ...]
    conditional: bool
    """With the entity tag seen last."""
    waits: float | None = None
    """Seconds for which answers are waited for before the next step; None: until they are there."""


@dataclass(frozen=True, slots=True)
class Replace:
    original: int
    size: tuple[int, int]
    """Pixels: a larger one is longer under way."""


@dataclass(frozen=True, slots=True)
class Delete:
    original: int


@dataclass(frozen=True, slots=True)
class FlushKey:
    original: int


@dataclass(frozen=True, slots=True)
class FlushPrefix:
    """Of the script's originals."""


@dataclass(frozen=True, slots=True)
class FlushTag:
    """Of the preset: everybody's."""


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Step = Ask | Replace | Delete | FlushKey | FlushPrefix | FlushTag | Pause
Script = tuple[Step, ...]
_NEXT = {
    Ask: (6, 6, 1, 1, 1, 1, 2),
    Replace: (3, 1, 1, 4, 2, 1, 1),
    Delete: (3, 3, 0, 4, 2, 1, 1),
    Pause: (10, 3, 1, 1, 1, 1, 0),
}
"""How probable each kind of step is after another: what is asked for is often replaced next."""
_AFTER_A_FLUSH = (10, 2, 1, 0, 0, 0, 2)


class Trouble(StrEnum):
    """What befalls everybody."""

    FLUSH_ALL = "flush of everything"
    SLOW = "render workers frozen"
    FREEZE = "gateway frozen"
    KILL = "gateway killed"
    RESTART_REDIS = "Redis restarted empty"
    FREEZE_REDIS = "Redis frozen"


@dataclass(frozen=True, slots=True)
class Disturbance:
    trouble: Trouble
    at: float
    """Seconds after the round's beginning."""
    seconds: float
    """For which it lasts, where it does not end by itself."""
    gateway: int


@dataclass(frozen=True, slots=True)
class Round:
    scripts: tuple[Script, ...]
    disturbances: tuple[Disturbance, ...]


@dataclass(frozen=True, slots=True)
class Chances:
    """How rounds are made."""

    scripts: int
    sizes: tuple[tuple[int, int], ...]
    pauses: tuple[float, ...]
    """Seconds, one of them at a time."""
    span: float
    """Seconds within which troubles begin."""
    troubles: dict[Trouble, tuple[float, ...]]
    """Each with the seconds that it may last; named twice as often, twice as probable."""


def make_round(seed: str, chances: Chances) -> Round:
    random = Random(seed)
    scripts = tuple(make_script(random, chances) for _ in range(chances.scripts))
    disturbances = (_disturbance(random, chances) for _ in range(random.randint(3, 6)))
    return Round(scripts, tuple(disturbances))


def _disturbance(random: Random, chances: Chances) -> Disturbance:
    trouble, lasting = random.choice(
        [(t, s) for t, times in chances.troubles.items() for s in times]
    )
    return Disturbance(
        trouble, random.uniform(0, chances.span), lasting, random.randrange(GATEWAYS)
    )


def make_script(random: Random, chances: Chances) -> Script:
    """5 to 15 steps."""
    steps: list[Step] = []
    for _ in range(random.randint(5, 15)):
        steps.append(_step(random, chances, steps))
    return tuple(steps)


def _step(random: Random, chances: Chances, before: list[Step]) -> Step:
    original = random.choice((0, 0, 0, 0, 1))
    steps: list[Step] = [
        _ask(random, before),
        Replace(original, random.choice(chances.sizes)),
        Delete(original),
        FlushKey(original),
        FlushPrefix(),
        FlushTag(),
        Pause(random.choice(chances.pauses)),
    ]
    last = type(before[-1]) if before else Pause
    return random.choices(steps, _NEXT.get(last, _AFTER_A_FLUSH))[0]


def _ask(random: Random, before: list[Step]) -> Ask:
    """Often for what was asked for last: it may be cached, or under way."""
    last = next((step for step in reversed(before) if isinstance(step, Ask)), None)
    original, options = random.choice((0, 0, 0, 0, 1)), random.choice(OPTIONS)
    if last and random.random() < 0.6:
        original, options = last.original, last.options
    some = tuple(random.randrange(GATEWAYS) for _ in range(random.choice((1, 1, 2, 4))))
    return Ask(
        original,
        options,
        gateways=tuple(range(GATEWAYS)) if random.random() < 0.4 else some,
        conditional=random.random() < 0.2,
        waits=random.choice((None, None, 0, 0.02, 0.05)),
    )


async def shortest(round_: Round, fails: Callable[[Round], Awaitable[bool]]) -> Round:
    """A round of one script, which fails, without whatever it fails without.

    Chance has its part in each attempt, so what is left may not be the least possible.
    """
    for number in reversed(range(len(round_.disturbances))):
        fewer = replace(round_, disturbances=_without(round_.disturbances, number))
        round_ = fewer if await fails(fewer) else round_
    for number in reversed(range(len(round_.scripts[0]))):
        fewer = replace(round_, scripts=(_without(round_.scripts[0], number),))
        round_ = fewer if await fails(fewer) else round_
    return round_


def _without(items: tuple[T, ...], number: int) -> tuple[T, ...]:
    return items[:number] + items[number + 1 :]
