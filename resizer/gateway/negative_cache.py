"""NegativeCache: a request refused a moment ago is refused again; no bucket or worker is asked."""

import time
from collections.abc import Callable

from resizer.aio.lru import Lru
from resizer.cache.coherence import Coherence
from resizer.errors import ResizerError, SourceNotFound, UnprocessableSource
from resizer.model.field import overlays_in
from resizer.model.flush import Flush
from resizer.model.image import VariantId

WHOLE_ORIGINAL = ""
"""In place of a field: the refusal holds for every variant of the original."""

_Refusal = tuple[type[ResizerError], str]


class NegativeCache:
    """The latest refusals, each remembered for some seconds; the oldest goes when it is full."""

    def __init__(
        self,
        seconds: float,
        coherence: Coherence,
        size: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refusals: Lru[VariantId, _Refusal] = Lru(
            max_entries=size, seconds=seconds, clock=clock
        )
        coherence.subscribe(self.forget)

    def remember(self, key: str, field: str, error: ResizerError) -> None:
        """Keep `error`, if it speaks of the original rather than of the moment."""
        if not isinstance(error, SourceNotFound | UnprocessableSource):
            return
        if isinstance(error, SourceNotFound) or (error.of_every_variant and not overlays_in(field)):
            field = WHOLE_ORIGINAL
        self._refusals.put((key, field), (type(error), str(error)))

    def raise_if_known(self, key: str, field: str) -> None:
        """Raise what is remembered of this variant, or of its original."""
        for variant_id in ((key, WHOLE_ORIGINAL), (key, field)):
            if refusal := self._refusals.get(variant_id):
                kind, message = refusal
                raise kind(message)

    def forget(self, flush: Flush) -> None:
        """Let what was flushed be asked for again."""
        for variant_id in self._refusals:
            if flush.touches(variant_id[0]):
                self._refusals.remove(variant_id)
