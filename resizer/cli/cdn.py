"""Purging the CDN as part of a command."""

from collections.abc import Iterable, Sequence

from resizer.cdn.plan import PurgePolicy
from resizer.cli.terminal import err, out
from resizer.flush import Flush


async def purge_cdn(policy: PurgePolicy, flushes: Sequence[Flush], paths: Iterable[str]) -> bool:
    """Purge everything in front of the gateway, with a line for each; whether none failed."""
    from resizer.cdn.purge import purge

    outcomes = await purge(policy, flushes, paths)
    for outcome in outcomes:
        if outcome.failure:
            err.print(f"resizer: {outcome.target} is not purged: {outcome.failure}")
        elif outcome.warning:
            err.print(f"resizer: {outcome.target}: {outcome.warning}")
        else:
            out.print(f"purged {outcome.target}")
    return not any(outcome.failure for outcome in outcomes)
