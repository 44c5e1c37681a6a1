"""From a Redis URL to the clients of redis-py, for one server, a cluster or TLS."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

Client = Redis | RedisCluster
Subscriber = Callable[[], Redis]
"""Makes a client for one subscription: to the server, or to any node of the cluster."""

_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")
_ACCEPTED = "must be memory:, redis://…, rediss://… or redis+cluster://…"


def connect(url: str, timeout: float) -> tuple[Client, Subscriber]:
    """Clients of `redis://[[user]:password@]host[:port][/database]` and its like.

    `rediss` is TLS, `…+cluster` a cluster of which `host` is any node. Options of redis-py may
    follow as a query (`?ssl_ca_certs=…`). Raises ValueError, which never quotes the URL.
    """
    options = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        **client_options(url),
        "decode_responses": False,
        "protocol": 2,
    }
    if url.partition("://")[0].endswith("+cluster"):
        return _cluster(options)
    return _server(options), lambda: _subscription(options)


def client_options(url: str) -> dict[str, Any]:
    """What `url` says, as options of redis-py. Raises ValueError, which never quotes the URL."""
    scheme, _, rest = url.partition("://")
    if scheme not in _SCHEMES:
        raise ValueError(_ACCEPTED)
    if not _has_good_port(url):
        raise ValueError("its host or port is wrong: a port is a number from 1 to 65535")
    try:
        options: dict[str, Any] = dict(parse_url(f"{scheme.removesuffix('+cluster')}://{rest}"))
        # redis-py looks at options when it connects, and an unknown one is a TypeError there.
        made_of = {name: value for name, value in options.items() if name != "connection_class"}
        kind = SSLConnection if scheme.startswith("rediss") else Connection
        kind(**made_of)
    except (ValueError, TypeError, RedisError):
        raise ValueError(_ACCEPTED) from None
    if scheme.endswith("+cluster") and not options.get("host"):
        raise ValueError("names no host of the cluster: redis+cluster://host[:port]")
    if (database := rest.partition("?")[0].partition("/")[2]) and not database.isdecimal():
        raise ValueError(f"{_ACCEPTED}, and a database is a number")
    return options


def _has_good_port(url: str) -> bool:
    """Whether it has a port or none. A host with one bracket is no good either."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _server(options: dict[str, Any]) -> Redis:
    """One server. A connection that it closed meanwhile is tried anew once; a timeout is not."""
    retry = Retry(NoBackoff(), 1, (RedisConnectionError,))
    return Redis.from_pool(ConnectionPool(retry=retry, **options))


def _cluster(options: dict[str, Any]) -> tuple[RedisCluster, Subscriber]:
    secure = options.get("connection_class") is SSLConnection
    plain = {name: value for name, value in options.items() if name != "connection_class"}
    cluster = RedisCluster(ssl=secure, retry=Retry(NoBackoff(), 2), **plain)

    def subscriber() -> Redis:
        nodes = cluster.get_nodes()
        if not nodes:
            return _subscription(options)
        node = random.choice(nodes)  # noqa: S311  (any node hears what is published on another)
        return _subscription({**options, "host": node.host, "port": node.port})

    return cluster, subscriber


def _subscription(options: dict[str, Any]) -> Redis:
    """Without retries: a connection made anew in silence would hide the flushes it missed."""
    return Redis.from_pool(ConnectionPool(retry=Retry(NoBackoff(), 0), **options))
