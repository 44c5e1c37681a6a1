"""MemoryCache: the variants that one process served last, up to a number of bytes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from resizer.aio.lru import Lru
from resizer.cache.coherence import Coherence
from resizer.model.field import overlays_in
from resizer.model.flush import Flush
from resizer.model.image import Variant, VariantId

OVERHEAD = 1024
"""Bytes counted for each variant besides its own: objects, keys and index."""
_LARGEST_SHARE = 8
"""A variant of more than one eighth of the budget would push out too many others."""


@dataclass(frozen=True, slots=True)
class _Entry:
    variant: Variant
    fresh_until: float
    stale_until: float


class MemoryCache:
    """Least recently used goes first. Belongs to one event loop; nothing here waits or fails.

    It holds and shows something only while the process is `trusted` to hear of flushes.
    """

    def __init__(
        self,
        max_bytes: int,
        coherence: Coherence | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._coherence = coherence or Coherence(clock=clock)
        self._coherence.subscribe(self.forget, self.clear)
        self._clock = clock
        self._held: Lru[VariantId, _Entry] = Lru(
            max_bytes=max_bytes, size_of=_cost, on_removed=self._removed
        )
        self._entry = self._held.entries.get
        self._showing: dict[str, set[VariantId]] = {}
        """By the key of an original, the variants that show it."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def size(self) -> int:
        """Bytes held, overhead included."""
        return self._held.size

    def peek(self, key: str, field: str) -> Variant | None:
        """The variant, if it is held and fresh. A few dictionary operations: for the hot path."""
        variant_id = (key, field)
        entry = self._entry(variant_id)
        if entry is None:
            return None
        now = self._clock()
        if entry.fresh_until <= now or self._coherence.trusted_until <= now:
            return None
        self._held.touch(variant_id)
        return entry.variant

    def peek_stale(self, key: str, field: str) -> Variant | None:
        """The variant, if it is held and may be served, fresh or not."""
        entry = self._entry((key, field))
        if entry is None or not self._coherence.trusted:
            return None
        if entry.stale_until <= self._clock():
            self._held.remove((key, field))
            return None
        return entry.variant

    def put(
        self,
        key: str,
        field: str,
        variant: Variant,
        fresh_seconds: float,
        stale_seconds: float = 0.0,
    ) -> bool:
        """Hold `variant`, fresh and then stale for so long; whether it is held.

        It is not when it is too large or the tier stands aside.
        """
        variant_id = (key, field)
        self._held.remove(variant_id)
        left = fresh_seconds + stale_seconds
        now = self._clock()
        entry = _Entry(variant, now + fresh_seconds, now + left)
        too_large = _cost(entry) > self._max_bytes // _LARGEST_SHARE
        if not self._coherence.trusted or left <= 0 or too_large:
            return False
        for shown in (key, *overlays_in(field)):
            self._showing.setdefault(shown, set()).add(variant_id)
        self._held.put(variant_id, entry)
        return True

    def forget(self, flush: Flush) -> None:
        """Drop what `flush` names, at once."""
        if flush.key is not None:
            variant_ids = list(self._showing.get(flush.key, ()))
        else:
            variant_ids = [variant_id for variant_id in self._held if flush.matches(*variant_id)]
        for variant_id in variant_ids:
            self._held.remove(variant_id)

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()

    def _removed(self, variant_id: VariantId, _: _Entry) -> None:
        key, field = variant_id
        for shown in {key, *overlays_in(field)}:
            variant_ids = self._showing[shown]
            variant_ids.remove(variant_id)
            if not variant_ids:
                del self._showing[shown]


def _cost(entry: _Entry) -> int:
    return entry.variant.size + OVERHEAD
