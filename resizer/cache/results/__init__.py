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

from resizer.cache.results.tier import Results
from resizer.storage.address import read_address

__all__ = ["Results", "open_results"]


def open_results(
    url: str,
    namespace: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    seconds: float = 5.0,
) -> Results:
    """The results at `url`, in one of the forms that `read_address` knows.

    Sources that share the place are told apart by `namespace`. A call that takes longer than
    `seconds` has failed; a flush takes as long as it takes. Nothing is contacted yet. Raises
    ValueError on any other form.
    """
    return Results(read_address(url), namespace, endpoint=endpoint, region=region, seconds=seconds)
