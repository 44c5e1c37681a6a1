"""NegativeCache: a request refused a moment ago is refused again; no bucket or worker is asked."""

import time
from collections import OrderedDict
from collections.abc import Callable

from resizer.errors import ResizerError, SourceNotFound, UnprocessableSource
from resizer.model.image import VariantId

WHOLE_ORIGINAL = ""
"""In place of a field: the refusal holds for every variant of the original."""

_Refusal = tuple[type[ResizerError], str, float]


class NegativeCache:
    """The latest refusals, each remembered for some seconds; the oldest goes when it is full."""

    def __init__(
        self, seconds: float, size: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._refusals: OrderedDict[VariantId, _Refusal] = OrderedDict()

    def remember(self, key: str, field: str, error: ResizerError) -> None:
        """Keep `error`, if it speaks of the original rather than of the moment."""
        if not isinstance(error, SourceNotFound | UnprocessableSource):
            return
        if isinstance(error, SourceNotFound) or error.of_every_variant:
            field = WHOLE_ORIGINAL
        variant_id = (key, field)
        self._refusals.pop(variant_id, None)
        self._refusals[variant_id] = (type(error), str(error), self._clock() + self._seconds)
        if len(self._refusals) > self._size:
            self._refusals.popitem(last=False)

    def raise_if_known(self, key: str, field: str) -> None:
        """Raise what is remembered of this variant, or of its original."""
        for variant_id in ((key, WHOLE_ORIGINAL), (key, field)):
            if refusal := self._refusals.get(variant_id):
                kind, message, until = refusal
                if self._clock() < until:
                    raise kind(message)
                del self._refusals[variant_id]

    def contains(self, key: str, field: str) -> bool:
        """Whether `raise_if_known` may raise."""
        return (key, WHOLE_ORIGINAL) in self._refusals or (key, field) in self._refusals

    def forget(self, matches: Callable[[str], bool]) -> None:
        """Drop what is remembered of the keys that match."""
        for variant_id in [variant_id for variant_id in self._refusals if matches(variant_id[0])]:
            del self._refusals[variant_id]
