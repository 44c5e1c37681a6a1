"""The results tier: within reach, apart from the originals, and as private as they are."""

import asyncio
import tempfile
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

from resizer.cache.results import Results
from resizer.errors import CacheUnavailable
from resizer.ops.doctor.aws.client import Doors
from resizer.ops.doctor.aws.privacy import check_anonymous
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.ops.doctor.source import Sample
from resizer.storage.address import PROBE, Bucket

WHAT = "results"


async def check_results(
    results: Results, place: Bucket | Path, source: Bucket | Path
) -> list[Finding]:
    try:
        if isinstance(place, Path):
            await asyncio.to_thread(_try_writing, place)
            if not place.exists():
                return [ok(WHAT, "The directory is not there yet: the first variant makes it.")]
        await results.check()
    except OSError as error:
        says = f"{place} cannot be made or written ({error.strerror}): check RESIZER_RESULTS."
        return [fail(WHAT, says)]
    except CacheUnavailable as error:
        return [fail(WHAT, f"{error} Check RESIZER_RESULTS and that it may be listed and written.")]
    finally:
        await results.close()
    return [judge_place(place, source)]


def _try_writing(place: Path) -> None:
    """Make a directory in `place`, or in what there is of the way to it, and remove it at once.

    Nothing else tells: by its mode root may write to /proc. Raises OSError.
    """
    nearest = next(path for path in (place, *place.absolute().parents) if path.exists())
    Path(tempfile.mkdtemp(prefix=PROBE, dir=nearest)).rmdir()


async def check_results_are_private(doors: Doors, sample: Awaitable[Sample]) -> list[Finding]:
    """A variant is its original, smaller: the public is to get neither past the gateway."""
    found = await check_anonymous(doors, sample)
    return [replace(finding, what=f"{WHAT} {finding.what}") for finding in found]


def judge_place(place: Bucket | Path, source: Bucket | Path) -> Finding:
    if _lies_within(place, source):
        return warn(
            WHAT,
            "They lie within the source, so they can be asked for and are listed as originals:"
            " give them a place beside it.",
        )
    return ok(WHAT, "They can be listed, which a flush needs.")


def _lies_within(place: Bucket | Path, source: Bucket | Path) -> bool:
    if isinstance(place, Path) and isinstance(source, Path):
        return place.resolve().is_relative_to(source.resolve())
    if isinstance(place, Bucket) and isinstance(source, Bucket):
        return place.name == source.name and place.below.startswith(source.below)
    return False
