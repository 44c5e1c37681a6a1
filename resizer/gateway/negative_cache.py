"""NegativeCache: what was refused a moment ago is refused again, with no bucket or worker asked."""

import time
from collections import OrderedDict
from collections.abc import Callable

from resizer.errors import ResizerError, SourceNotFound, UnprocessableSource

WHOLE_ORIGINAL = ""
"""In place of a field: the refusal holds for every variant of the original."""

_Place = tuple[str, str]
_Refusal = tuple[type[ResizerError], str, float]


class NegativeCache:
    """The latest refusals, each remembered for some seconds; the oldest goes when it is full."""

    def __init__(
        self, seconds: float, size: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._refusals: OrderedDict[_Place, _Refusal] = OrderedDict()

    def remember(self, key: str, field: str, error: ResizerError) -> None:
        """Keep `error`, if it speaks of the original rather than of the moment."""
        if not isinstance(error, SourceNotFound | UnprocessableSource):
            return
        if isinstance(error, SourceNotFound) or error.of_every_variant:
            field = WHOLE_ORIGINAL
        place = (key, field)
        self._refusals.pop(place, None)
        self._refusals[place] = (type(error), str(error), self._clock() + self._seconds)
        if len(self._refusals) > self._size:
            self._refusals.popitem(last=False)

    def recall(self, key: str, field: str) -> None:
        """Raise what is remembered of this variant, or of its original."""
        for place in ((key, WHOLE_ORIGINAL), (key, field)):
            if refusal := self._refusals.get(place):
                kind, message, until = refusal
                if self._clock() < until:
                    raise kind(message)
                del self._refusals[place]

    def knows(self, key: str, field: str) -> bool:
        """Whether `recall` may raise."""
        return (key, WHOLE_ORIGINAL) in self._refusals or (key, field) in self._refusals

    def forget(self, matches: Callable[[str], bool]) -> None:
        """Drop what is remembered of the keys that match."""
        for place in [place for place in self._refusals if matches(place[0])]:
            del self._refusals[place]
