"""The results tier: within reach, apart from the originals, and as private as they are."""

import asyncio

from resizer.cache.results import ResultsTier
from resizer.errors import CacheUnavailable
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.storage.address import Address

WHAT = "results"


async def check_results(results: ResultsTier, address: Address, source: Address) -> list[Finding]:
    try:
        if not await asyncio.to_thread(address.try_writing):
            return [ok(WHAT, "The directory is not there yet: the first variant makes it.")]
        await results.check()
    except OSError as error:
        says = (
            f"{address.path} cannot be made or written ({error.strerror}): check RESIZER_RESULTS."
        )
        return [fail(WHAT, says)]
    except CacheUnavailable as error:
        return [fail(WHAT, f"{error} Check RESIZER_RESULTS and that it may be listed and written.")]
    finally:
        await results.close()
    return [judge_place(address, source)]


def judge_place(address: Address, source: Address) -> Finding:
    if source.contains(address):
        return warn(
            WHAT,
            "They lie within the source, so they can be asked for and are listed as originals:"
            " give them a place beside it.",
        )
    return ok(WHAT, "They can be listed, which a flush needs.")
