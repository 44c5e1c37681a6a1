"""Results: the third tier, variants in a bucket or a directory.

    await results.get(key, field)      the Variant, or None
    await results.put(key, field, variant)
    await results.forget(key, field)
    await results.flush(flush)         how much was removed
    await results.check()              raises when they cannot be read at the moment
    await results.close()

Every call raises CacheUnavailable and nothing else. What lies there is believed: whoever may write
to the place decides what is served.
"""

from resizer.cache.results.tier import ResultsTier

__all__ = ["ResultsTier"]
