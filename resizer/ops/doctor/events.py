"""The queues of `resizer watch`: are they there, and does what nobody can read end somewhere?

Asked with the credentials at hand, which should be those of the watcher. No message is received.
"""

import asyncio

from botocore.config import Config

from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.ops.watch.queue import (
    QueueFacts,
    QueueMissing,
    QueueRefused,
    QueueUnavailable,
    open_queue,
)
from resizer.settings.rules import WATCHING
from resizer.settings.settings import Settings

EVENTS = "events"
DEAD_LETTERS = "dead letters"
_ONCE = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1}
)


async def check_events(settings: Settings) -> list[Finding]:
    # What WATCHING says of purges is said of the CDN.
    rules = [rule for rule in WATCHING if "cdn" not in rule.names]
    faults = [fault for rule in rules if (fault := rule.fault(settings))]
    answer = await asyncio.to_thread(_ask, settings.events)
    judged = judge_events(answer, elsewhere=bool(settings.dead_letters))
    return [*(fail(EVENTS, f"{fault}.") for fault in faults), judged]


async def check_dead_letters(url: str) -> list[Finding]:
    return [judge_dead_letters(await asyncio.to_thread(_ask, url))]


def _ask(url: str) -> QueueFacts | QueueUnavailable:
    """GetQueueAttributes."""
    try:
        return open_queue(url, _ONCE).facts()
    except QueueUnavailable as error:
        return error


def judge_events(answer: QueueFacts | QueueUnavailable, elsewhere: bool) -> Finding:
    """`elsewhere`: there is a queue of dead letters for the watcher to put them in."""
    if isinstance(answer, QueueMissing):
        return fail(EVENTS, "There is no such queue: check RESIZER_EVENTS.")
    if isinstance(answer, QueueRefused):
        says = (
            f"{answer}. Give `watch` its permissions; if it has other credentials, use them here."
        )
        return fail(EVENTS, says)
    if isinstance(answer, QueueUnavailable):
        return fail(EVENTS, f"{answer}: check RESIZER_EVENTS and the network.")
    if not answer.redrives and not elsewhere:
        says = "It has no redrive policy: what nobody can read ends in the log. Give it one."
        return warn(EVENTS, says)
    kept = "has a redrive policy" if answer.redrives else "has RESIZER_DEAD_LETTERS beside it"
    return ok(EVENTS, f"The queue answers, and {kept}.")


def judge_dead_letters(answer: QueueFacts | QueueUnavailable) -> Finding:
    """The watcher only has to send there: to be refused a look is no fault."""
    if isinstance(answer, QueueMissing):
        return fail(DEAD_LETTERS, "There is no such queue: check RESIZER_DEAD_LETTERS.")
    if isinstance(answer, QueueRefused):
        says = f"Whether it is there could not be told ({answer}): grant sqs:GetQueueAttributes."
        return warn(DEAD_LETTERS, says)
    if isinstance(answer, QueueUnavailable):
        return fail(DEAD_LETTERS, f"{answer}: check RESIZER_DEAD_LETTERS and the network.")
    return ok(DEAD_LETTERS, "The queue is there.")
