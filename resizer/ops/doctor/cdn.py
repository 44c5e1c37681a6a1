"""CDN: has a purge all that it needs, and can the servers be reached? Nothing is purged."""

import asyncio
from urllib.parse import urlsplit

from resizer.cdn.target import Target
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.settings.rules import PURGING
from resizer.settings.settings import Settings

WHAT = "cdn"
_SECONDS = 5.0


async def check_cdn(settings: Settings) -> list[Finding]:
    """What a purge lacks is yellow: a server needs none of it."""
    faults = [fault for rule in PURGING if (fault := rule.fault(settings))]
    lacking = [
        warn(WHAT, f"{fault}: `flush --cdn` and `watch` refuse to begin.") for fault in faults
    ]
    complete = ok(WHAT, "All is set that a purge needs; whether it is let in, only a purge tells.")
    servers = [target for target in settings.purge_policy.targets if target.vendor.is_server]
    return [*(lacking or [complete]), *await asyncio.gather(*map(_reach, servers))]


async def _reach(target: Target) -> Finding:
    """By TCP alone: any request could mean something there."""
    what, parts = f"{WHAT} {target.vendor.name}", urlsplit(target.address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except OSError as error:
        cause = type(error).__name__
        return fail(what, f"{target.address} cannot be reached ({cause}): check RESIZER_CDN.")
    writer.close()
    return ok(what, f"{target.address} can be reached.")
