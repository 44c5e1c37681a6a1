"""Whatever happens in whatever order: never an older version than a flush or the bound allows.

Three gateways on a real Redis, each its own process, under random interleavings of requests,
flushes, replaced and deleted originals, killed and frozen gateways, and a Redis that restarts empty
or freezes. The usual run plays some hundreds; `-m nightly` plays INTERLEAVINGS (10,000) of them.
A failure tells its seed: INTERLEAVING_SEED=… plays the same rounds again.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from resizer.flush import Flush
from tests.fleet import Fleet, flush
from tests.history import History
from tests.interleavings import (
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
from tests.numbered import InBucket, InDirectory, Originals
from tests.play import World
from tests.servers import RedisServer, S3Bucket, need_redis

pytestmark = pytest.mark.redis
USUAL = 300
NIGHTLY = int(os.environ.get("INTERLEAVINGS", "10000"))
SEED = os.environ.get("INTERLEAVING_SEED") or secrets.token_hex(4)
COPIES = 30
"""Of a script that failed, played at once to see whether a shorter one fails too."""
FOR_EVER = float("inf")
SMALL, LARGE = (96, 64), (1600, 1200)
TROUBLES = {
    Trouble.FLUSH_ALL: 0.3,
    Trouble.FLUSH_TAG: 0.3,
    Trouble.FREEZE: 0.5,
    Trouble.KILL: 0.15,
    Trouble.RESTART_REDIS: 0.2,
    Trouble.FREEZE_REDIS: 0.15,
}


@dataclass(frozen=True)
class Profile:
    """A fleet's settings, what they promise, and what is done to it."""

    share: float
    """Of all interleavings."""
    chances: Chances
    staleness: float = FOR_EVER
    """Seconds for which what is no longer current may be shown."""
    settings: dict[str, object] = field(default_factory=dict)
    bucket: bool = False


LASTING = Profile(
    share=0.6,
    chances=Chances(
        scripts=60,
        pauses=(0, 0.01, 0.05, 0.2),
        sizes=(SMALL, SMALL, SMALL, SMALL, LARGE),
        troubles=TROUBLES,
        freezes=(0.1, 0.2, 0.3, 0.6, 0.6, 4.0),
    ),
)
"""Only a flush forgets: the longest of its freezes is longer than a gateway trusts its memory."""
FLEETING = Profile(
    share=0.3,
    chances=Chances(
        scripts=80,
        pauses=(0, 0.05, 0.5, 1.2, 3.3),
        sizes=(SMALL,),
        troubles=TROUBLES,
        freezes=(0.1, 0.3, 0.6),
    ),
    staleness=2,
    settings={"fresh_for": 1, "serve_stale_for": 1, "stale_if_error": 0, "missing_ttl": 1},
)
BUCKET = Profile(
    share=0.1,
    chances=replace(LASTING.chances, scripts=30, sizes=(SMALL,)),
    bucket=True,
)
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
    settings = {"presets": f"{PRESET}:width=16,format=png", "max_queue": 1000, **profile.settings}
    with (
        RedisServer(home) as redis,
        Fleet(GATEWAYS, environment, source=source, cache=redis.url, **settings) as fleet,
    ):
        yield World(fleet, redis, originals, partial(flush, fleet.gateways[0]))


def test_no_answer_is_older_than_its_flush_or_its_bound(profile: Profile, world: World) -> None:
    hold(world, profile, USUAL)


@pytest.mark.nightly
def test_no_answer_of_very_many_is_older(profile: Profile, world: World) -> None:
    hold(world, profile, NIGHTLY)


def hold(world: World, profile: Profile, total: int) -> None:
    """Play rounds until their scripts are as many as asked. Fails at the first bad history."""
    rounds = -(-int(total * profile.share) // profile.chances.scripts)
    for number in range(rounds):
        round_ = make_round(f"{SEED}-{number}", profile.chances)
        played = asyncio.run(world.play(round_))
        for script, histories in zip(round_.scripts, played, strict=True):
            if bad := faulty(histories, profile):
                first = told(replace(round_, scripts=(script,)), bad, profile)
                again = asyncio.run(narrowed(world, replace(round_, scripts=(script,)), profile))
                pytest.fail(f"INTERLEAVING_SEED={SEED}, {first}\n\n{again}", pytrace=False)


def faulty(histories: list[History], profile: Profile) -> History | None:
    return next((one for one in histories if one.faults(profile.staleness)), None)


async def narrowed(world: World, round_: Round, profile: Profile) -> str:
    """The shortest script that still fails, and what it led to."""
    last = "Played again, it did not fail."

    async def fails(candidate: Round) -> bool:
        nonlocal last
        copies = replace(candidate, scripts=candidate.scripts * COPIES)
        played = [history for histories in await world.play(copies) for history in histories]
        bad = faulty(played, profile)
        last = told(candidate, bad, profile) if bad else last
        return bad is not None

    await shortest(round_, fails)
    return last


def told(round_: Round, bad: History, profile: Profile) -> str:
    steps = "\n".join(f"    {step}" for step in (*round_.scripts[0], *round_.disturbances))
    return f"these steps\n{steps}\nled to this history of one key:\n{bad.told(profile.staleness)}"


# That it can fail

ONE_REPLACED = (
    Ask(0, OPTIONS[0], tuple(range(GATEWAYS)), conditional=False, waits=True),
    Replace(0, SMALL),
    FlushKey(0),
    Pause(1.2),
    Ask(0, OPTIONS[0], tuple(range(GATEWAYS)), conditional=False, waits=True),
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
    assert make_round("a", LASTING.chances) == make_round("a", LASTING.chances)
    assert make_round("a", LASTING.chances) != make_round("b", LASTING.chances)


def test_the_shortest_round_has_only_what_it_takes_to_fail() -> None:
    async def fails(round_: Round) -> bool:
        flush = round_.scripts[0].index(FlushKey(0)) if FlushKey(0) in round_.scripts[0] else None
        return flush is not None and Replace(0, SMALL) in round_.scripts[0][:flush]

    storm = Round((ONE_REPLACED,), (Disturbance(Trouble.KILL, 0, 0, 1),))
    shorter = asyncio.run(shortest(storm, fails))
    assert shorter == Round(((Replace(0, SMALL), FlushKey(0)),), ())
