"""The clocks of the bucket and of Redis: signatures, expiry and freshness go by them."""

from collections.abc import Awaitable

from resizer.cache.redis.facts import RedisFacts
from resizer.errors import CacheUnavailable
from resizer.ops.doctor.aws.reading import Sample
from resizer.ops.doctor.finding import Finding, fail, ok, warn

_APART = 2.0
_S3_REFUSES = 15 * 60.0
"""Seconds: S3 API Reference, error RequestTimeTooSkewed."""


async def check_source_clock(sample: Awaitable[Sample]) -> list[Finding]:
    ahead = (await sample).listing.ahead_seconds
    return [] if ahead is None else [judge_clock("clock of the bucket", ahead, _S3_REFUSES)]


async def check_redis_clock(facts: Awaitable[RedisFacts]) -> list[Finding]:
    try:
        ahead_of_each = [node.ahead_seconds for node in (await facts).nodes]
    except CacheUnavailable:
        return []  # said where Redis is judged
    known = [ahead for ahead in ahead_of_each if ahead is not None]
    return [judge_clock("clock of redis", max(known, key=abs))] if known else []


def judge_clock(what: str, ahead: float, refused_from: float = float("inf")) -> Finding:
    """`ahead` is that clock less ours, in seconds."""
    apart = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > refused_from:
        return fail(what, f"It is {apart}, and requests are refused: set the clock, by NTP.")
    if abs(ahead) > _APART:
        return warn(what, f"It is {apart}: keep both by NTP.")
    return ok(what, "They agree.")
