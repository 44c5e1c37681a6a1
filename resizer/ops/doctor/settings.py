"""The settings: what the server would warn of, and how strong its signing keys are."""

from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.ops.doctor.strength import bits
from resizer.settings.load import warnings
from resizer.settings.rules import MAKE_A_KEY
from resizer.settings.settings import Settings

_WEAK = 64
"""Bits that can be guessed offline: anybody has signed URLs to try guesses on."""
_STRONG = 96


async def check_settings(settings: Settings) -> list[Finding]:
    found = [warn("settings", f"{warning}.") for warning in warnings(settings)]
    keys = [judge_key(number, secret) for number, secret in enumerate(settings.secrets, 1)]
    return [*(found or [ok("settings", "There is nothing to warn of.")]), *keys]


def judge_key(number: int, secret: str) -> Finding:
    """The key of that number, which is all that is told of it."""
    what = f"signing key {number}"
    strength = bits(secret)
    if strength < _WEAK:
        return fail(what, f"It can be guessed (about {strength:.0f} bits): {MAKE_A_KEY}.")
    if strength < _STRONG:
        return warn(what, f"It is not strong (about {strength:.0f} bits): {MAKE_A_KEY}.")
    return ok(what, f"It is strong (about {strength:.0f} bits).")
