"""The checkup: every check at once, each with its own time, in the order of the report."""

import asyncio
from asyncio import shield
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from resizer.cache.redis.facts import read_facts
from resizer.ops.doctor import clock, source
from resizer.ops.doctor.aws import credentials, privacy
from resizer.ops.doctor.aws.client import open_doors
from resizer.ops.doctor.cdn import check_cdn
from resizer.ops.doctor.events import check_dead_letters, check_events
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.ops.doctor.machine import check_machine
from resizer.ops.doctor.redis import check_redis
from resizer.ops.doctor.renderer import check_libvips, check_renderer
from resizer.ops.doctor.results import check_results, check_results_are_private
from resizer.ops.doctor.settings import check_settings
from resizer.server.factories import open_results_of
from resizer.settings.settings import Settings
from resizer.storage.address import Bucket, read_address

_SECONDS = 20.0
_THREADS = 32
_SECONDS_OF_REDIS = 5.0
"""For each command: longer than a request would wait, to tell slow from away."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question, or several that belong together."""

    what: str
    """Stands in the report when it cannot be made."""
    make: Callable[[], Awaitable[list[Finding]]]


async def examine(
    settings: Settings,
    key: str | None = None,
    audit_profile: str | None = None,
    seconds: float = _SECONDS,
) -> AsyncIterator[Finding]:
    """Every finding, as soon as those before it are known.

    `key` is an original to try, `audit_profile` an AWS profile that may read how the bucket is set
    up, `seconds` the time of each check. Never raises: what cannot be looked at is a finding too.
    """
    # A server that is silent holds a thread for each question: nobody else is to wait for one.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    checks = [
        Check("settings", partial(check_settings, settings)),
        *await _of_source(settings, key, audit_profile),
        *_of_redis(settings),
        *await _of_results(settings),
        *_of_cdn(settings),
        *_of_events(settings),
        Check("renderer", partial(check_renderer, settings.limits)),
        Check("libvips", check_libvips),
        Check("machine", partial(check_machine, settings, settings.renderers_each)),
    ]
    tasks = [asyncio.create_task(made(check, seconds)) for check in checks]
    for task in tasks:
        for finding in await task:
            yield finding


async def made(check: Check, seconds: float) -> list[Finding]:
    """What `check` found, or that it could not be made."""
    try:
        async with asyncio.timeout(seconds):
            return await check.make()
    except TimeoutError:
        return [warn(check.what, f"Not checked: no answer within {seconds:g} s.")]
    except Exception as error:
        return [warn(check.what, f"Not checked: {type(error).__name__}.")]


async def _of_source(settings: Settings, key: str | None, audit_profile: str | None) -> list[Check]:
    place = read_address(settings.source)
    if isinstance(place, Path):
        return [Check("source", partial(source.check_directory, place, key))]
    try:
        return await _of_bucket(settings, place, key, audit_profile)
    except Exception as error:
        says = f"No client of S3 can be made ({type(error).__name__}): check the AWS settings."
        return [Check("source", _saying(fail("source", says)))]


async def _of_bucket(
    settings: Settings, place: Bucket, key: str | None, audit_profile: str | None
) -> list[Check]:
    doors = await asyncio.to_thread(
        open_doors, place, settings.s3_endpoint, settings.s3_region, audit_profile
    )
    sample = asyncio.create_task(source.find_sample(doors, key))
    return [
        Check("source", partial(source.check_bucket, doors, shield(sample))),
        Check("anonymous access", partial(privacy.check_anonymous, doors, shield(sample))),
        Check("bucket settings", partial(privacy.check_setup, doors)),
        Check("credentials", partial(credentials.check_credentials, doors)),
        Check("clock of the bucket", partial(clock.check_source_clock, shield(sample))),
    ]


def _of_redis(settings: Settings) -> list[Check]:
    url = settings.cache.get_secret_value()
    if url == "memory:":
        says = "None: each server process has a memory tier of its own, which no command reaches."
        return [Check("redis", _saying(ok("redis", says)))]
    facts = asyncio.create_task(read_facts(url, _SECONDS_OF_REDIS))
    return [
        Check("redis", partial(check_redis, shield(facts), settings.cache_timeout)),
        Check("clock of redis", partial(clock.check_redis_clock, shield(facts))),
    ]


async def _of_results(settings: Settings) -> list[Check]:
    results = open_results_of(settings)
    if settings.results is None or results is None:
        return []
    place, originals = read_address(settings.results), read_address(settings.source)
    checks = [Check("results", partial(check_results, results, place, originals))]
    if isinstance(place, Bucket):
        with suppress(Exception):  # said of the source, whose clients are made in the same way
            doors = await asyncio.to_thread(
                open_doors, place, settings.s3_endpoint, settings.s3_region, None
            )
            sample = asyncio.create_task(source.find_sample(doors, None))
            private = partial(check_results_are_private, doors, sample)
            checks.append(Check("results anonymous access", private))
    return checks


def _of_cdn(settings: Settings) -> list[Check]:
    return [Check("cdn", partial(check_cdn, settings))] if settings.cdn else []


def _of_events(settings: Settings) -> list[Check]:
    checks = []
    if settings.events:
        checks.append(Check("events", partial(check_events, settings)))
    if settings.dead_letters:
        checks.append(Check("dead letters", partial(check_dead_letters, settings.dead_letters)))
    return checks


def _saying(finding: Finding) -> Callable[[], Awaitable[list[Finding]]]:
    async def say() -> list[Finding]:
        return [finding]

    return say
