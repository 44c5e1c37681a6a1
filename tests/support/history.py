"""What happened to one key, and whether every answer may be: the invariant of the cache.

A request that begins after a flush returned shows nothing older than what was current when that
flush began; and nobody is shown what had ceased to be current longer ago than the staleness bound.
Times are seconds of one monotonic clock, taken by whoever acts: an event happened somewhere between
its beginning and its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SLACK = 1.0
"""Seconds that a machine may take between asking the source and looking at its clock."""
_ANSWERS = (200, 304, 404)


@dataclass(frozen=True, slots=True)
class Event:
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Became(Event):
    """The original was replaced, or deleted: then there is no version."""

    version: int | None


@dataclass(frozen=True, slots=True)
class Flushed(Event):
    what: str
    options: str | None = None
    """Of whose variants alone; None for all."""
    failure: str | None = None
    """Why it promises nothing."""


@dataclass(frozen=True, slots=True)
class Asked(Event):
    gateway: int
    options: str
    status: int | None
    """None when the connection broke."""
    key: int | None = None
    """The number that the picture shows for its key."""
    version: int | None = None
    how: str = ""
    """`Cache-Status`, or why there was no answer."""


@dataclass(frozen=True, slots=True)
class Disturbed(Event):
    """Something befell the gateways or Redis."""

    what: str
    killed: int | None = None
    """The gateway that was away between beginning and end."""


@dataclass(slots=True)
class History:
    """The events of one key. `became` is in order and begins with the first version."""

    key: int
    became: list[Became] = field(default_factory=list)
    flushed: list[Flushed] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    disturbed: Sequence[Disturbed] = ()

    def faults(self, staleness: float) -> dict[Asked, str]:
        """Every answer that may not be, and why; `staleness` in seconds."""
        told = ((asked, self._fault(asked, staleness)) for asked in self.asked)
        return {asked: fault for asked, fault in told if fault}

    def _fault(self, asked: Asked, staleness: float) -> str | None:
        if asked.status is None:
            return None if self._was_killed(asked) else "no answer from a gateway that was up"
        if asked.status not in _ANSWERS:
            return f"status {asked.status}"
        if asked.status != 404 and asked.key != self.key:
            return f"shows key {asked.key}"
        oldest = max(self._last_flush(asked), asked.began - staleness - SLACK)
        if asked.version in self._current(oldest, asked.ended):
            return None
        return f"only {_versions(self._current(oldest, asked.ended))} may be shown"

    def _was_killed(self, asked: Asked) -> bool:
        return any(
            one.killed == asked.gateway and one.began <= asked.ended and asked.began <= one.ended
            for one in self.disturbed
        )

    def _last_flush(self, asked: Asked) -> float:
        """When the last flush that promises something to this request began."""
        return max(
            (
                one.began
                for one in self.flushed
                if one.failure is None
                and one.ended <= asked.began
                and one.options in (None, asked.options)
            ),
            default=float("-inf"),
        )

    def _current(self, since: float, until: float) -> list[int | None]:
        """The versions that can have been current at some time between the two."""
        ends = [after.ended for _, after in pairwise(self.became)] + [float("inf")]
        return [
            one.version
            for one, end in zip(self.became, ends, strict=True)
            if one.began <= until and end >= since
        ]

    def told(self, staleness: float) -> str:
        """All events as lines, in the order in which they began, the faults marked."""
        faults = self.faults(staleness)
        start = self.became[0].began
        events: list[Event] = [*self.became, *self.flushed, *self.asked, *self.disturbed]
        return "\n".join(
            _line(event, start, faults.get(event, "") if isinstance(event, Asked) else "")
            for event in sorted(events, key=lambda event: event.began)
            if event.ended >= start
        )


def _line(event: Event, start: float, fault: str) -> str:
    times = f"{event.began - start:8.3f} … {event.ended - start:8.3f}  "
    return times + _what(event) + (f"   <<< {fault}" if fault else "")


def _what(event: Event) -> str:
    match event:
        case Became(version=version):
            return f"the original is {_name(version)}"
        case Flushed(what=what, failure=failure):
            return f"flush of {what}" + (f" failed: {failure}" if failure else "")
        case Disturbed(what=what):
            return what
        case Asked(gateway=gateway, options=options, status=status):
            shown = f"{status} {_name(event.version)}" if status else "no answer"
            return f"gateway {gateway}, {options}: {shown} ({event.how})"
    return ""


def _versions(versions: list[int | None]) -> str:
    return " or ".join(map(_name, versions))


def _name(version: int | None) -> str:
    return "nothing" if version is None else f"v{version}"
