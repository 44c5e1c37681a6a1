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
    """Several requests at once, each to a gateway; waited for, or left under way."""

    original: int
    options: str
    gateways: tuple[int, ...]
    conditional: bool
    """With the entity tag seen last."""
    waits: bool


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
class Pause:
    seconds: float


Step = Ask | Replace | Delete | FlushKey | FlushPrefix | Pause
Script = tuple[Step, ...]


class Trouble(StrEnum):
    """What befalls everybody."""

    FLUSH_ALL = "flush of everything"
    FLUSH_TAG = "flush of a preset"
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
    """For which something is frozen."""
    gateway: int


@dataclass(frozen=True, slots=True)
class Round:
    scripts: tuple[Script, ...]
    disturbances: tuple[Disturbance, ...]


@dataclass(frozen=True, slots=True)
class Chances:
    """How rounds are made."""

    scripts: int
    pauses: tuple[float, ...]
    """Seconds, one of them at a time."""
    sizes: tuple[tuple[int, int], ...]
    troubles: dict[Trouble, float]
    """How probable each is in a round."""
    freezes: tuple[float, ...]
    """Seconds, one of them at a time."""


def make_round(seed: str, chances: Chances) -> Round:
    random = Random(seed)
    scripts = tuple(make_script(random, chances) for _ in range(chances.scripts))
    gateways = random.sample(range(GATEWAYS), GATEWAYS)  # each has one trouble at a time
    disturbances = tuple(
        Disturbance(
            trouble, random.uniform(0, 1), random.choice(chances.freezes), gateways[place % 3]
        )
        for place, (trouble, chance) in enumerate(chances.troubles.items())
        if random.random() < chance
    )
    return Round(scripts, disturbances)


def make_script(random: Random, chances: Chances) -> Script:
    """5 to 15 steps."""
    steps: list[Step] = []
    for _ in range(random.randint(5, 15)):
        steps.append(_step(random, chances, steps[-1] if steps else None))
    return tuple(steps)


def _step(random: Random, chances: Chances, before: Step | None) -> Step:
    """What was changed is often flushed next, as an operator would."""
    if isinstance(before, Replace | Delete) and random.random() < 0.5:
        return FlushKey(before.original) if random.random() < 0.5 else FlushPrefix()
    original = random.choice((0, 0, 0, 1))
    steps: list[Step] = [
        _ask(random, original),
        Replace(original, random.choice(chances.sizes)),
        Delete(original),
        FlushKey(original),
        FlushPrefix(),
        Pause(random.choice(chances.pauses)),
    ]
    return random.choices(steps, weights=(10, 3, 1, 2, 1, 2))[0]


def _ask(random: Random, original: int) -> Ask:
    count = random.choice((1, 1, 1, 2, 3, 6))
    return Ask(
        original,
        random.choice(OPTIONS),
        tuple(random.randrange(GATEWAYS) for _ in range(count)),
        conditional=random.random() < 0.2,
        waits=random.random() < 0.5,
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
