"""All checks of `resizer doctor` at once, each with its own time, in the order of the report."""

import asyncio
from asyncio import shield
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from resizer.cache.redis.facts import read_facts
from resizer.ops.doctor import clock, source
from resizer.ops.doctor.cdn import check_cdn
from resizer.ops.doctor.events import check_dead_letters, check_events
from resizer.ops.doctor.finding import Check, Finding, known, ok, warn
from resizer.ops.doctor.machine import check_machine
from resizer.ops.doctor.redis import check_redis
from resizer.ops.doctor.renderer import check_libvips, check_renderer
from resizer.ops.doctor.results import check_results
from resizer.ops.doctor.settings import check_settings
from resizer.server.factories import open_results_of
from resizer.settings.settings import Settings

_SECONDS = 20.0
_THREADS = 32
_SECONDS_OF_REDIS = 5.0
"""For each command: longer than a request would wait, to tell slow from away."""


async def check_all(
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
    address = settings.source_address
    checks = [
        Check("settings", partial(check_settings, settings)),
        *await source.SOURCE_CHECKS[type(address)](address, key, audit_profile),
        *_of_redis(settings),
        *await _of_results(settings),
        *_of_cdn(settings),
        *_of_events(settings),
        Check("renderer", partial(check_renderer, settings.limits)),
        Check("libvips", check_libvips),
        Check("machine", partial(check_machine, settings, settings.renderers_each)),
    ]
    tasks = [asyncio.create_task(outcome_of(check, seconds)) for check in checks]
    for task in tasks:
        for finding in await task:
            yield finding


async def outcome_of(check: Check, seconds: float) -> list[Finding]:
    """What `check` found, or that it could not be made."""
    try:
        async with asyncio.timeout(seconds):
            return await check.make()
    except TimeoutError:
        return [warn(check.what, f"Not checked: no answer within {seconds:g} s.")]
    except Exception as error:
        return [warn(check.what, f"Not checked: {type(error).__name__}.")]


def _of_redis(settings: Settings) -> list[Check]:
    url = settings.cache.get_secret_value()
    if url == "memory:":
        says = "None: each server process has a memory tier of its own, which no command reaches."
        return [known(ok("redis", says))]
    facts = asyncio.create_task(read_facts(url, _SECONDS_OF_REDIS))
    return [
        Check("redis", partial(check_redis, shield(facts), settings.cache_timeout)),
        Check("clock of redis", partial(clock.check_redis_clock, shield(facts))),
    ]


async def _of_results(settings: Settings) -> list[Check]:
    results, address = open_results_of(settings), settings.results_address
    if results is None or address is None:
        return []
    usable = Check("results", partial(check_results, results, address, settings.source_address))
    of_kind = source.RESULTS_CHECKS.get(type(address))
    return [usable, *(await of_kind(address) if of_kind else ())]


def _of_cdn(settings: Settings) -> list[Check]:
    return [Check("cdn", partial(check_cdn, settings))] if settings.cdn else []


def _of_events(settings: Settings) -> list[Check]:
    checks = []
    if settings.events:
        checks.append(Check("events", partial(check_events, settings)))
    if settings.dead_letters:
        checks.append(Check("dead letters", partial(check_dead_letters, settings.dead_letters)))
    return checks
