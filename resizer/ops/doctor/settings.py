"""The settings: what the server would warn of, and whether its signing keys are long enough."""

from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.settings.load import SHORTEST_KEY, warnings
from resizer.settings.rules import MAKE_A_KEY
from resizer.settings.settings import Settings


async def check_settings(settings: Settings) -> list[Finding]:
    found = [warn("settings", f"{warning}.") for warning in warnings(settings)]
    keys = [judge_key(number, secret) for number, secret in enumerate(settings.secrets, 1)]
    return [*(found or [ok("settings", "There is nothing to warn of.")]), *keys]


def judge_key(number: int, secret: str) -> Finding:
    """The key of that number, which is all that is told of it but its length.

    Anybody has signed URLs to try guesses on, offline; what is as long as a key that was made by
    chance is taken for one.
    """
    what, length = f"signing key {number}", len(secret)
    if length < SHORTEST_KEY:
        return fail(what, f"It has {length} of at least {SHORTEST_KEY} characters: {MAKE_A_KEY}.")
    return ok(what, f"It has {length} characters.")
