"""What a Redis server reports of itself: version, role, memory, clock, round trips, pub/sub."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import ResponseError

from resizer.cache.redis.connect import Client, Subscriber, client_options, connect
from resizer.cache.redis.guard import FAILURES
from resizer.cache.redis.names import Names
from resizer.errors import CacheUnavailable

_PINGS = 21
_DELIVERY_SECONDS = 2.0
Execute = Callable[..., Awaitable[Any]]
"""Sends one command, by its words, to one server."""


@dataclass(frozen=True, slots=True)
class RedisNode:
    """The report of one server. None stands for what this user may not read, or nobody."""

    name: str
    """`host:port`."""
    round_trip_seconds: float
    """The median of several PINGs."""
    ahead_seconds: float | None
    """Its clock less ours."""
    version: str | None = None
    role: str | None = None
    policy: str | None = None
    max_bytes: int | None = None
    """0 is no bound."""
    used_bytes: int | None = None
    snapshots: bool | None = None
    append_only: bool | None = None
    scripts: bool = True
    """This user may run them: leases need it."""


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """The report of one server, or of all primaries of a cluster."""

    nodes: tuple[RedisNode, ...]
    delivers: bool
    """What is published reaches a subscriber."""
    cluster_state: str | None = None
    """None where there is no cluster."""


async def read_facts(url: str, timeout: float) -> RedisFacts:
    """Ask the Redis that `url` names; nothing is written. `timeout` seconds for each command.

    Raises CacheUnavailable, its reason the kind of error.
    """
    client, subscriber = connect(url, timeout)
    try:
        servers = await _servers(client, url)
        nodes = await asyncio.gather(*(_node(name, execute) for name, execute in servers))
        return RedisFacts(
            tuple(nodes), await _delivers(client, subscriber), await _cluster_state(client)
        )
    except FAILURES as error:
        reason = type(error).__name__
        raise CacheUnavailable("The cache cannot be asked.", reason=reason) from error
    finally:
        await client.aclose()


async def _servers(client: Client, url: str) -> list[tuple[str, Execute]]:
    if not isinstance(client, RedisCluster):
        options = client_options(url)
        name = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        return [(name, client.execute_command)]
    await client.initialize()
    return [(node.name, node.execute_command) for node in client.get_primaries()]


async def _node(name: str, execute: Execute) -> RedisNode:
    round_trip = await _round_trip(execute)
    info = await _info(execute)
    return RedisNode(
        name=name,
        round_trip_seconds=round_trip,
        ahead_seconds=await _ahead(execute),
        version=info.get("redis_version"),
        role=info.get("role"),
        policy=info.get("maxmemory_policy"),
        max_bytes=info.get("maxmemory"),
        used_bytes=info.get("used_memory"),
        snapshots=await _snapshots(execute),
        append_only=bool(info["aof_enabled"]) if "aof_enabled" in info else None,
        scripts=await _runs_scripts(execute),
    )


async def _round_trip(execute: Execute) -> float:
    took = []
    for _ in range(_PINGS):
        start = time.perf_counter()
        await execute("PING")
        took.append(time.perf_counter() - start)
    return statistics.median(took)


async def _ahead(execute: Execute) -> float | None:
    before = time.time()
    try:
        seconds, microseconds = await execute("TIME")
    except ResponseError:
        return None
    return float(seconds) + float(microseconds) / 1e6 - (before + time.time()) / 2


async def _info(execute: Execute) -> Mapping[str, Any]:
    """INFO is among the commands that ACLs call dangerous."""
    try:
        info: Mapping[str, Any] = await execute("INFO")
    except ResponseError:
        return {}
    return info


async def _snapshots(execute: Execute) -> bool | None:
    """Only CONFIG knows, which is dangerous too, and not offered by every service."""
    try:
        info = await execute("CONFIG GET", "save")
    except ResponseError:
        return None
    return bool(info.get("save")) if isinstance(info, Mapping) else None


async def _runs_scripts(execute: Execute) -> bool:
    try:
        await execute("EVAL", "return 1", 0)
    except ResponseError:
        return False
    return True


async def _delivers(client: Client, subscriber: Subscriber) -> bool:
    """Whether what is published arrives, on every kind of channel that gateways use.

    Of a source that nobody has: what comes on the channel of flushes is obeyed.
    """
    names = Names(f"doctor-{secrets.token_hex(8)}")
    silent = {names.flushes, names.fill_notices, names.confirmations("doctor")}
    listening = subscriber()
    try:
        async with asyncio.timeout(_DELIVERY_SECONDS), listening.pubsub() as pubsub:
            await pubsub.subscribe(*silent)
            while silent:
                message = await pubsub.get_message(timeout=_DELIVERY_SECONDS)
                if message is None:
                    return False
                if message["type"] == "subscribe":
                    await client.execute_command("PUBLISH", message["channel"], b"")
                else:
                    silent.discard(message["channel"].decode())
    except (ResponseError, TimeoutError):
        return False
    finally:
        await listening.aclose()
    return True


async def _cluster_state(client: Client) -> str | None:
    if not isinstance(client, RedisCluster):
        return None
    info = await client.get_primaries()[0].execute_command("CLUSTER INFO")
    return str(info.get("cluster_state")) if isinstance(info, Mapping) else None
