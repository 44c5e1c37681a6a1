"""The queue before the slow lane: in order of strikes, and bounded in length and in time."""

from collections.abc import Iterator

from resizer.render.host.quarantine import Quarantine
from resizer.render.host.render_request import RenderRequest

_GUEST_STRIKES = 1
"""Who was slow more often than once is no guest: one that comes again and again would have a worker
of the quick lane stopped, and started, for each who is in its way."""


class SlowQueue:
    """Who waits for the slow lane. Plain data; nothing here knows of workers."""

    def __init__(self, quarantine: Quarantine, max_waiting: int, seconds: float) -> None:
        """At most `max_waiting` wait, each for `seconds` at most."""
        self._quarantine = quarantine
        self._max_waiting = max_waiting
        self._seconds = seconds
        self._deadlines: dict[RenderRequest, float] = {}
        """In the order in which they came."""

    def __len__(self) -> int:
        return len(self._deadlines)

    def __iter__(self) -> Iterator[RenderRequest]:
        return iter(self._deadlines)

    def __contains__(self, request: object) -> bool:
        return request in self._deadlines

    @property
    def deadline(self) -> float | None:
        """When the next one has waited for too long."""
        return next(iter(self._deadlines.values()), None)

    def add(self, request: RenderRequest, now: float) -> None:
        self._deadlines[request] = now + self._seconds

    def discard(self, request: RenderRequest) -> None:
        self._deadlines.pop(request, None)

    def next(self) -> RenderRequest:
        """Who was slow least often."""
        return min(self._deadlines, key=self._strikes)

    def guests(self) -> list[RenderRequest]:
        """Who may be given an idle worker of the quick lane."""
        return [r for r in self if not r.alone and self._strikes(r) <= _GUEST_STRIKES]

    def take_surplus(self, now: float) -> Iterator[RenderRequest]:
        """Who has waited for too long; and where too many wait, who was slow most often."""
        late = [request for request, deadline in self._deadlines.items() if deadline <= now]
        for request in late:
            self.discard(request)
            yield request
        while len(self) > self._max_waiting:
            worst = max(reversed(self._deadlines), key=self._strikes)
            self.discard(worst)
            yield worst

    def _strikes(self, request: RenderRequest) -> int:
        return self._quarantine.strikes(request.originals)
