"""Whatever happens in whatever order: never an older version than a flush or the bound allows.

Three gateways on a real Redis, each its own process, under random interleavings of requests,
flushes, replaced and deleted originals, killed and frozen gateways, and a Redis that restarts empty
or freezes. The usual run plays some dozens; `-m nightly` plays INTERLEAVINGS (10,000) of them.
A failure tells its seed: INTERLEAVING_SEED=… plays the same rounds again.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle

import pytest

from resizer.model.flush import Flush
from tests.support.deadlines import stretched
from tests.support.fleet import Fleet, flush
from tests.support.history import SLACK, History
from tests.support.interleavings import (
    GATEWAYS,
    OPTIONS,
    PRESET,
    Ask,
    Chances,
    Disturbance,
    FlushKey,
    Pause,
    Replace,
    Round,
    Trouble,
    make_round,
    shortest,
)
from tests.support.numbered import InBucket, InDirectory, Originals
from tests.support.play import World
from tests.support.servers import RedisServer, S3Bucket, need_redis

pytestmark = pytest.mark.redis
USUAL = 60
NIGHTLY = int(os.environ.get("INTERLEAVINGS", "10000"))
SEED = os.environ.get("INTERLEAVING_SEED") or secrets.token_hex(4)
COPIES = 30
"""Of a script that failed, played at once to see whether a shorter one fails too."""
FOR_EVER = float("inf")
SMALL, LARGE = (96, 64), (1600, 1200)
CALM = Chances(
    scripts=20,
    sizes=(SMALL, SMALL, SMALL, SMALL, LARGE),
    pauses=(0, 0.01, 0.05, 0.2),
    span=0.8,
    troubles={
        Trouble.FLUSH_ALL: (0.0,),
        Trouble.SLOW: (0.3, 0.3, 0.5, 0.5, 0.7, 0.7),
        Trouble.FREEZE: (0.2, 0.4, 0.4, 0.6),
        Trouble.FREEZE_REDIS: (0.3,),
    },
)
STORM = replace(
    CALM,
    scripts=60,
    span=2,
    troubles=CALM.troubles | {Trouble.KILL: (0.0,) * 4, Trouble.RESTART_REDIS: (0.0,) * 4},
)
"""What a flush waits for some seconds for; so more scripts are played meanwhile."""


@dataclass(frozen=True)
class Profile:
    """A fleet's settings, what they promise, and what is done to it."""

    share: float
    """Of all interleavings."""
    chances: tuple[Chances, ...]
    """Of one round after another, again and again."""
    staleness: float = FOR_EVER
    """Seconds for which what is no longer current may be shown."""
    settings: dict[str, object] = field(default_factory=dict)
    bucket: bool = False


LASTING = Profile(share=0.7, chances=(CALM, STORM, *(CALM,) * 4))
"""Only a flush forgets."""
FLEETING = Profile(
    share=0.2,
    chances=tuple(
        replace(chances, scripts=60, sizes=(SMALL,), pauses=(0, 0.05, 0.5, 1.2, 3.3), span=4)
        for chances in (CALM, STORM)
    ),
    staleness=2,
    settings={"fresh_for": 1, "serve_stale_for": 1, "stale_if_error": 0, "missing_ttl": 1},
)
BUCKET = Profile(share=0.1, chances=(replace(CALM, scripts=10, sizes=(SMALL,)),), bucket=True)
PROFILES = {"lasting": LASTING, "fleeting": FLEETING, "bucket": BUCKET}


@pytest.fixture(scope="module", params=PROFILES)
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


@pytest.fixture(scope="module")
def world(
    profile: Profile, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[World]:
    need_redis()
    home = tmp_path_factory.mktemp("interleavings")
    environment: dict[str, str] = {}
    originals: Originals = InDirectory(home)
    source = str(home)
    if profile.bucket:
        bucket: S3Bucket = request.getfixturevalue("_s3_server")
        environment, originals, source = bucket.environment(), InBucket(bucket), bucket.url
    settings = {
        "presets": f"{PRESET}:width=16,format=png",
        "max_queue": 1000,
        "renderers": 2,
        **profile.settings,
    }
    redis = RedisServer(home)
    fleet = Fleet(GATEWAYS, environment, source=source, cache=redis.url, **settings)
    # One keeps nothing in memory: it shows what Redis holds.
    fleet.gateways[-1].environment["RESIZER_MEMORY_CACHE_MB"] = "0"
    with redis, fleet:
        yield World(fleet, redis, originals, partial(flush, fleet.gateways[0]))


def test_no_answer_is_older_than_its_flush_or_its_bound(profile: Profile, world: World) -> None:
    hold(world, profile, USUAL)


@pytest.mark.nightly
def test_no_answer_of_very_many_is_older(profile: Profile, world: World) -> None:
    hold(world, profile, NIGHTLY)


def hold(world: World, profile: Profile, total: int) -> None:
    """Play rounds until their scripts are as many as asked. Fails at the first bad history."""
    played = 0
    for number, chances in enumerate(cycle(profile.chances)):
        if played >= total * profile.share:
            return
        round_ = make_round(f"{SEED}-{number}", chances)
        told = asyncio.run(world.play(round_))
        for script, histories in zip(round_.scripts, told, strict=True):
            if bad := faulty(histories, profile):
                fail(world, replace(round_, scripts=(script,)), bad, profile)
        played += chances.scripts


def fail(world: World, round_: Round, bad: History, profile: Profile) -> None:
    first = account(round_, bad, profile)
    again = asyncio.run(narrowed(world, round_, profile))
    pytest.fail(f"INTERLEAVING_SEED={SEED}, {first}\n\n{again}", pytrace=False)


def faulty(histories: list[History], profile: Profile) -> History | None:
    staleness = profile.staleness + stretched(SLACK) - SLACK
    return next((one for one in histories if one.faults(staleness)), None)


async def narrowed(world: World, round_: Round, profile: Profile) -> str:
    """The shortest script that still fails, and what it led to."""
    last = "Played again, it did not fail."

    async def fails(candidate: Round) -> bool:
        nonlocal last
        copies = replace(candidate, scripts=candidate.scripts * COPIES)
        played = [history for histories in await world.play(copies) for history in histories]
        bad = faulty(played, profile)
        last = account(candidate, bad, profile) if bad else last
        return bad is not None

    await shortest(round_, fails)
    return last


def account(round_: Round, bad: History, profile: Profile) -> str:
    steps = "\n".join(f"    {step}" for step in (*round_.scripts[0], *round_.disturbances))
    return f"these steps\n{steps}\nled to this history of one key:\n{bad.told(profile.staleness)}"


# That it can fail

ONE_REPLACED = (
    Ask(0, OPTIONS[0], tuple(range(GATEWAYS)), conditional=False),
    Replace(0, SMALL),
    FlushKey(0),
    Pause(1.2),
    Ask(0, OPTIONS[0], tuple(range(GATEWAYS)), conditional=False),
)


@pytest.mark.parametrize("profile", ["lasting"], indirect=True)
def test_a_flush_that_does_nothing_is_found_out(profile: Profile, world: World) -> None:
    async def nothing(_: Flush) -> None: ...

    past = asyncio.run(replace(world, flush=nothing).play(Round((ONE_REPLACED,), ())))[0][0]
    assert set(past.faults(FOR_EVER).values()) == {"only v2 may be shown"}
    past.flushed.clear()
    assert not past.faults(FOR_EVER)
    assert set(past.faults(0).values()) == {"only v2 may be shown"}, "older than a bound of 0 s"


def test_a_seed_makes_the_same_round_again() -> None:
    assert make_round("a", CALM) == make_round("a", CALM)
    assert make_round("a", CALM) != make_round("b", CALM)


def test_the_shortest_round_has_only_what_it_takes_to_fail() -> None:
    async def fails(round_: Round) -> bool:
        flush = round_.scripts[0].index(FlushKey(0)) if FlushKey(0) in round_.scripts[0] else None
        return flush is not None and Replace(0, SMALL) in round_.scripts[0][:flush]

    storm = Round((ONE_REPLACED,), (Disturbance(Trouble.KILL, 0, 0, 1),))
    shorter = asyncio.run(shortest(storm, fails))
    assert shorter == Round(((Replace(0, SMALL), FlushKey(0)),), ())
