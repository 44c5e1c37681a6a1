"""FillNotices: waiting for a fill of another gateway without asking again and again."""

import asyncio
import json
from collections import defaultdict

from resizer.errors import ResizerError, shared_error

Place = tuple[str, str]


class FillNotices:
    """Who in this process waits for which variant."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Place, set[asyncio.Future[ResizerError | None]]] = defaultdict(
            set
        )

    def expect(self, place: Place) -> "Waiter":
        """Begin to listen: before asking who fills, for its end may come at once."""
        end: asyncio.Future[ResizerError | None] = asyncio.get_running_loop().create_future()
        self._waiting[place].add(end)
        return Waiter(self, place, end)

    def tell(self, message: bytes) -> None:
        """Somebody's fill has ended."""
        try:
            facts = json.loads(message)
            key, field, error = facts["key"], facts["field"], shared_error(facts["error"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return
        for end in self._waiting.get((str(key), str(field)), ()):
            _settle(end, error)

    def give_up(self) -> None:
        """Endings can no longer be heard: everybody looks for himself."""
        for ends in self._waiting.values():
            for end in ends:
                _settle(end, None)

    def forget(self, expected: "Waiter") -> None:
        ends = self._waiting[expected.place]
        ends.discard(expected.end)
        if not ends:
            del self._waiting[expected.place]


class Waiter:
    """The end of another gateway's fill."""

    def __init__(
        self, landings: FillNotices, place: Place, end: "asyncio.Future[ResizerError | None]"
    ) -> None:
        self._landings = landings
        self.place = place
        self.end = end
        self.seconds = 0.0
        """How long its lease still lasts."""
        self.told = False

    async def wait(self) -> ResizerError | None:
        """How it failed, or None: it is done, or its lease is over, or nobody knows."""
        try:
            async with asyncio.timeout(self.seconds):
                error = await self.end
                self.told = True
                return error
        except TimeoutError:
            return None
        finally:
            self.cancel()

    def cancel(self) -> None:
        self._landings.forget(self)


def landed(place: Place, error: ResizerError | None) -> str:
    """What `tell` understands."""
    kind = error and [type(error).__name__, str(error)]
    return json.dumps({"key": place[0], "field": place[1], "error": kind})


def _settle(end: "asyncio.Future[ResizerError | None]", error: ResizerError | None) -> None:
    if not end.done():
        end.set_result(error)
