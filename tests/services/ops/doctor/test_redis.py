import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resizer.cache.redis.facts import RedisFacts, read_facts
from resizer.ops.doctor import redis
from resizer.ops.doctor.clock import judge_clock
from resizer.ops.doctor.finding import Finding, Verdict
from resizer.ops.doctor.redis import check_redis
from tests.support.servers import RedisCluster, RedisServer, free_port, need_redis

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
Started = Callable[..., RedisServer]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """A redis-server with options of its own."""
    need_redis()
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        server = RedisServer(tmp_path, *options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


def findings(url: str, timeout: float = 0.25) -> dict[str, Finding]:
    async def run() -> list[Finding]:
        return await check_redis(read_facts(url, 2), timeout)

    return {finding.what: finding for finding in asyncio.run(run())}


def verdicts(url: str) -> dict[str, Verdict]:
    return {what: finding.verdict for what, finding in findings(url).items()}


def test_a_redis_set_up_as_the_documentation_says_is_green(started: Started) -> None:
    server = started("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lfu")
    assert set(verdicts(server.url).values()) == {OK}


@pytest.mark.real_redis("tell how it is set up")
def test_a_redis_as_it_comes_is_yellow(redis_server: RedisServer) -> None:
    assert {w for w, v in verdicts(redis_server.url).items() if v is WARN} == {"redis eviction"}


def test_a_redis_that_refuses_when_full_is_red(started: Started) -> None:
    found = verdicts(started("--maxmemory", "64mb").url)
    assert found["redis eviction"] is FAIL


def test_a_redis_that_remembers_over_a_restart_is_yellow(started: Started) -> None:
    assert verdicts(started("--save", "3600", "1").url)["redis persistence"] is WARN
    assert verdicts(started("--appendonly", "yes").url)["redis persistence"] is WARN


def test_a_replica_is_red(started: Started, redis_server: RedisServer) -> None:
    replica = started("--replicaof", "127.0.0.1", str(redis_server.port))
    assert verdicts(replica.url)["redis role"] is FAIL


@pytest.mark.real_redis("hold an ACL")
def test_what_an_acl_denies_is_yellow_and_names_the_rule(redis_server: RedisServer) -> None:
    redis_server.run(
        *("ACL", "SETUSER", "app", "on", ">hush", "~resizer:*", "&resizer-*"),
        *("+@all", "-@dangerous"),
    )
    found = findings(redis_server.url.replace("//", "//app:hush@"))
    redis_server.run("ACL", "DELUSER", "app")
    assert {what for what, finding in found.items() if finding.verdict is OK} == {
        "redis",
        "redis publish",
        "redis scripts",
        "redis round trip",
    }
    assert "+info" in found["redis version"].says


@pytest.mark.real_redis("hold an ACL")
def test_a_user_without_channels_or_scripts_is_red(redis_server: RedisServer) -> None:
    redis_server.run(
        *("ACL", "SETUSER", "app", "on", ">hush", "~resizer:*", "resetchannels", "+@all"),
        "-@scripting",
    )
    found = verdicts(redis_server.url.replace("//", "//app:hush@"))
    redis_server.run("ACL", "DELUSER", "app")
    assert found["redis publish"] is found["redis scripts"] is FAIL


CHANNELS = ("&resizer-flush:*", "&resizer-flush-confirmed:*", "&resizer-landing:*")


@pytest.mark.parametrize("lacking", [None, *CHANNELS])
def test_every_kind_of_channel_is_needed(redis_server: RedisServer, lacking: str | None) -> None:
    channels = [channel for channel in CHANNELS if channel != lacking]
    redis_server.run("ACL", "SETUSER", "app", "on", ">hush", "~resizer:*", *channels, "+@all")
    found = verdicts(redis_server.url.replace("//", "//app:hush@"))
    redis_server.run("ACL", "DELUSER", "app")
    assert found["redis publish"] is (FAIL if lacking else OK)


def test_a_wrong_password_is_red_and_not_repeated(redis_server: RedisServer) -> None:
    found = findings(redis_server.url.replace("//", "//app:hush@"))
    assert found["redis"].verdict is FAIL
    assert "password" in found["redis"].says
    assert "hush" not in found["redis"].says


def test_a_redis_that_is_away_is_red() -> None:
    assert verdicts(f"redis://127.0.0.1:{free_port()}") == {"redis": FAIL}


def test_a_frozen_redis_is_red(started: Started) -> None:
    server = started()
    server.pause()
    assert verdicts(server.url) == {"redis": FAIL}


def test_nothing_is_written(redis_server: RedisServer) -> None:
    findings(redis_server.url)
    assert redis_server.run("DBSIZE") == ":0\r\n"


def test_a_cluster_is_judged_node_by_node(redis_cluster: RedisCluster) -> None:
    redis_cluster.nodes[1].run("CONFIG", "SET", "appendonly", "yes")
    found = findings(redis_cluster.url)
    redis_cluster.nodes[1].run("CONFIG", "SET", "appendonly", "no")
    assert found["redis"].says == "The cluster is whole, with 3 primaries."
    info = [what for what in found if what.startswith("redis persistence")]
    assert info == [f"redis persistence of 127.0.0.1:{redis_cluster.nodes[1].port}"]


def test_facts_are_of_every_primary(redis_cluster: RedisCluster) -> None:
    facts: RedisFacts = asyncio.run(read_facts(redis_cluster.url, 2))
    assert {node.role for node in facts.nodes} == {"master"}
    assert len(facts.nodes) == 3
    assert facts.cluster_state == "ok"
    assert facts.delivers
    assert all(abs(node.ahead_seconds or 9) < 1 for node in facts.nodes)


@pytest.mark.parametrize(
    ("policy", "max_bytes", "verdict"),
    [
        ("allkeys-lfu", 1, OK),
        ("allkeys-lru", 1, OK),
        ("noeviction", 1, FAIL),
        ("noeviction", 0, WARN),
        ("volatile-lru", 1, WARN),
        ("allkeys-random", 1, WARN),
        (None, None, WARN),
    ],
)
def test_eviction_is_judged(policy: str | None, max_bytes: int | None, verdict: Verdict) -> None:
    assert redis.judge_eviction(policy, max_bytes).verdict is verdict


@pytest.mark.parametrize(
    ("version", "verdict"), [("5.0.14", FAIL), ("6.0.0", OK), ("7.2.4", OK), (None, WARN)]
)
def test_versions_are_judged(version: str | None, verdict: Verdict) -> None:
    assert redis.judge_version(version).verdict is verdict


@pytest.mark.parametrize(("seconds", "verdict"), [(0.001, OK), (0.05, OK), (0.051, WARN)])
def test_a_round_trip_may_take_a_fifth_of_the_timeout(seconds: float, verdict: Verdict) -> None:
    assert redis.judge_round_trip(seconds, 0.25).verdict is verdict


def test_a_broken_cluster_is_red() -> None:
    assert redis.judge_cluster("fail", 3).verdict is FAIL


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(0.4, OK), (-1.9, OK), (2.1, WARN), (-899, WARN), (901, FAIL)]
)
def test_clocks_are_judged(ahead: float, verdict: Verdict) -> None:
    assert judge_clock("clock", ahead, 900).verdict is verdict


def test_no_clock_of_redis_is_red() -> None:
    assert judge_clock("clock", 9e9).verdict is WARN
