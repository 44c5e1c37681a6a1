"""Redis: is it there, and is it set up as a cache?"""

from collections.abc import Awaitable, Callable, Sequence

from resizer.cache.redis.facts import RedisFacts, RedisNode
from resizer.errors import CacheUnavailable
from resizer.ops.doctor.finding import Finding, Verdict, fail, ok, warn

_OLDEST = (6, 0)
_SHARE_OF_TIMEOUT = 5
"""A round trip may take this part of CACHE_TIMEOUT: then a busy moment is still no miss."""
_GOOD_POLICIES = ("allkeys-lfu", "allkeys-lru")
_ASK = "give this user +info and +config|get to have it looked at"


async def check_redis(facts: Awaitable[RedisFacts], timeout: float) -> list[Finding]:
    """`timeout` is the setting CACHE_TIMEOUT, in seconds."""
    try:
        return judge(await facts, timeout)
    except CacheUnavailable as error:
        remedy = "check RESIZER_CACHE and that Redis runs"
        if error.reason and "Auth" in error.reason:
            remedy = "check the user and password in RESIZER_CACHE"
        return [fail("redis", f"It cannot be asked ({error.reason}): {remedy}.")]


def judge(facts: RedisFacts, timeout: float) -> list[Finding]:
    findings = [ok("redis", "It answers.")]
    if facts.cluster_state is not None:
        findings = [judge_cluster(facts.cluster_state, len(facts.nodes))]
    findings.append(judge_delivery(facts.delivers))
    for judge_node in _JUDGES:
        findings += _of_all(facts.nodes, [judge_node(node, timeout) for node in facts.nodes])
    return findings


def _of_all(nodes: Sequence[RedisNode], findings: Sequence[Finding]) -> list[Finding]:
    """One line where the nodes agree; else one for each that is not well."""
    if len({finding.verdict for finding in findings}) == 1:
        return [findings[0]]
    return [
        Finding(f"{finding.what} of {node.name}", finding.verdict, finding.says)
        for node, finding in zip(nodes, findings, strict=True)
        if finding.verdict is not Verdict.OK
    ]


def judge_cluster(state: str, nodes: int) -> Finding:
    if state == "ok":
        return ok("redis", f"The cluster is whole, with {nodes} primaries.")
    return fail("redis", f"The cluster's state is {state}: `CLUSTER INFO` tells which slots lack.")


def judge_delivery(delivers: bool) -> Finding:
    if delivers:
        return ok("redis publish", "What is published is heard.")
    return fail(
        "redis publish",
        "Flushes would not be heard, so memory tiers stand aside: allow channels &resizer-*.",
    )


def judge_version(version: str | None) -> Finding:
    if version is None:
        return warn("redis version", f"It is not told: {_ASK}.")
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return fail("redis version", f"{version} is too old: run 6.0 or later.")
    return ok("redis version", f"{version}.")


def judge_role(role: str | None) -> Finding:
    if role == "slave":
        return fail("redis role", "A replica refuses writes: name the primary in RESIZER_CACHE.")
    if role is None:
        return warn("redis role", f"It is not told: {_ASK}.")
    return ok("redis role", "Primary.")


def judge_eviction(policy: str | None, max_bytes: int | None) -> Finding:
    what = "redis eviction"
    if policy is None or max_bytes is None:
        return warn(what, f"Its memory settings are not told: {_ASK}.")
    if not max_bytes:
        return warn(what, "maxmemory is not set, so it grows until the machine is full: set it.")
    if policy == "noeviction":
        return fail(what, "noeviction: once full it refuses fills; set allkeys-lfu.")
    if policy not in _GOOD_POLICIES:
        return warn(what, f"{policy}: allkeys-lfu keeps what is asked for most.")
    return ok(what, f"{policy}.")


def judge_persistence(snapshots: bool | None, append_only: bool | None) -> Finding:
    what = "redis persistence"
    if snapshots or append_only:
        name = "appendonly" if append_only else "save"
        return warn(
            what, f"{name} is on, and a restart may bring back what was flushed: switch it off."
        )
    if snapshots is None or append_only is None:
        return warn(what, f"It is not told: {_ASK}.")
    return ok(what, "Off.")


def judge_scripts(allowed: bool) -> Finding:
    if allowed:
        return ok("redis scripts", "Allowed.")
    return fail("redis scripts", "Fills need them: give this user +eval and +evalsha.")


def judge_round_trip(seconds: float, timeout: float) -> Finding:
    took = f"{1000 * seconds:.1f} ms"
    if seconds > timeout / _SHARE_OF_TIMEOUT:
        says = f"{took}, of a CACHE_TIMEOUT of {timeout:g} s: bring Redis nearer or allow more."
        return warn("redis round trip", says)
    return ok("redis round trip", f"{took}.")


def judge_room(used: int | None, max_bytes: int | None) -> Finding:
    """How full it is tells nothing bad of a cache: full is what it is for."""
    if used is None:
        return warn("redis memory", f"It is not told: {_ASK}.")
    of = f" of {max_bytes / 2**20:,.0f}" if max_bytes else ""
    return ok("redis memory", f"{used / 2**20:,.0f}{of} MiB used.")


_JUDGES: tuple[Callable[[RedisNode, float], Finding], ...] = (
    lambda node, _: judge_version(node.version),
    lambda node, _: judge_role(node.role),
    lambda node, _: judge_eviction(node.policy, node.max_bytes),
    lambda node, _: judge_persistence(node.snapshots, node.append_only),
    lambda node, _: judge_scripts(node.scripts),
    lambda node, timeout: judge_round_trip(node.round_trip_seconds, timeout),
    lambda node, _: judge_room(node.used_bytes, node.max_bytes),
)
