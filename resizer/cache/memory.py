"""The tier inside one process: the variants used last, up to a number of bytes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from resizer.cache.coherence import Hearing
from resizer.model.flush import Flush
from resizer.model.image import Variant

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

    It holds and shows something only while the process is sure to hear of flushes.
    """

    def __init__(
        self,
        max_bytes: int,
        hears: Hearing | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_bytes = max_bytes
        self._hears = hears or Hearing(clock)
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._fields: dict[str, set[str]] = {}
        self.size = 0
        """Bytes held, overhead included."""

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, key: str, field: str) -> Variant | None:
        """The variant, if it is held and fresh. A few dictionary operations: for the hot path."""
        place = (key, field)
        entry = self._entries.get(place)
        if entry is None:
            return None
        now = self._clock()
        if entry.fresh_until <= now or self._hears.until <= now:
            return None
        self._entries.move_to_end(place)
        return entry.variant

    def peek_stale(self, key: str, field: str) -> Variant | None:
        """The variant, if it is held and may be served, fresh or not."""
        entry = self._entries.get((key, field))
        if entry is None or not self._hears.sure:
            return None
        if entry.stale_until <= self._clock():
            self._remove((key, field))
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
        place = (key, field)
        self._remove(place)
        cost = _cost(variant)
        left = fresh_seconds + stale_seconds
        if not self._hears.sure or left <= 0 or cost > self._max_bytes // _LARGEST_SHARE:
            return False
        now = self._clock()
        self._entries[place] = _Entry(variant, now + fresh_seconds, now + left)
        self._fields.setdefault(key, set()).add(field)
        self.size += cost
        while self.size > self._max_bytes:
            self._remove(next(iter(self._entries)))
        return True

    def forget(self, flush: Flush) -> None:
        """Do what was flushed, at once."""
        if flush.key is not None:
            places = [(flush.key, field) for field in self._fields.get(flush.key, ())]
        else:
            places = [place for place in self._entries if flush.matches(*place)]
        for place in places:
            self._remove(place)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._fields.clear()
        self.size = 0

    def _remove(self, place: tuple[str, str]) -> None:
        entry = self._entries.pop(place, None)
        if entry is None:
            return
        self.size -= _cost(entry.variant)
        key, field = place
        fields = self._fields[key]
        fields.remove(field)
        if not fields:
            del self._fields[key]


def _cost(variant: Variant) -> int:
    return variant.size + OVERHEAD
