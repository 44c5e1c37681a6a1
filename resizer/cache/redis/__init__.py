"""The tier that several gateways share: Redis, Valkey, or a cluster of either.

This package is the only one that imports redis.
"""

from resizer.cache.redis.cache import RedisCache
from resizer.cache.redis.connect import connect

__all__ = ["RedisCache", "open_cache"]


def open_cache(url: str, namespace: str, timeout: float, results_id: str = "") -> RedisCache:
    """The cache that `url` names, in the form that `connect` describes; nothing is sent yet.

    `namespace` keeps the originals of different sources apart on one server. `timeout` is the
    longest that a call may take, in seconds. `results_id` is one for all gateways with the same
    results: they may flush for each other. Raises ValueError on a URL of another form.
    """
    client, subscriber = connect(url, timeout)
    return RedisCache(client, subscriber, namespace, timeout, results_id=results_id)
