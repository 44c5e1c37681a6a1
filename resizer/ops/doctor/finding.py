"""One thing that doctor looked at, what came of it, and what to do."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

READING = "source"
"""What a finding on reading originals is about."""
NO_ORIGINAL = "has no original of that key: name one as URLs do, without the source's prefix."


class Verdict(StrEnum):
    """Green, yellow, red."""

    OK = "ok"
    WARN = "warn"
    """Works, and could be better; or could not be looked at."""
    FAIL = "fail"
    """Does not work, or is not safe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    verdict: Verdict
    says: str
    """One sentence: how it is, and unless it is well, what to do."""


def ok(what: str, says: str) -> Finding:
    return Finding(what, Verdict.OK, says)


def warn(what: str, says: str) -> Finding:
    return Finding(what, Verdict.WARN, says)


def fail(what: str, says: str) -> Finding:
    return Finding(what, Verdict.FAIL, says)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The verdict on all of them."""
    order = list(Verdict)
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.OK)


@dataclass(frozen=True, slots=True)
class Check:
    """One question, or several that belong together."""

    what: str
    """Stands in the report when it cannot be made."""
    make: Callable[[], Awaitable[list[Finding]]]


def known(finding: Finding) -> Check:
    """What need not be asked any more."""

    async def say() -> list[Finding]:
        return [finding]

    return Check(finding.what, say)
