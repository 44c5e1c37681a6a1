"""The tier inside one process: the variants used last, up to a number of bytes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from resizer.flush import Flush, Flushed
from resizer.image import Variant

OVERHEAD = 1024
"""Bytes counted for each variant besides its own: objects, keys and index."""
_LARGEST_SHARE = 8
"""A variant of more than one eighth of the budget would push out too many others."""


@dataclass(frozen=True, slots=True)
class _Entry:
    variant: Variant
    expires: float


class MemoryCache:
    """Least recently used goes first. Belongs to one event loop; nothing here waits or fails."""

    def __init__(self, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._fields: dict[str, set[str]] = {}
        self._suspended = False
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
        if entry.expires <= self._clock():
            self._remove(place)
            return None
        self._entries.move_to_end(place)
        return entry.variant

    async def get(self, key: str, field: str) -> Variant | None:
        return self.peek(key, field)

    async def put(self, key: str, field: str, variant: Variant, seconds: float) -> None:
        """Hold `variant` for `seconds`, unless it is too large or the tier stands aside."""
        place = (key, field)
        self._remove(place)
        cost = _cost(variant)
        if self._suspended or seconds <= 0 or cost > self._max_bytes // _LARGEST_SHARE:
            return
        self._entries[place] = _Entry(variant, self._clock() + seconds)
        self._fields.setdefault(key, set()).add(field)
        self.size += cost
        while self.size > self._max_bytes:
            self._remove(next(iter(self._entries)))

    async def flush(self, key: str, *, dry_run: bool = False) -> Flushed:
        """Forget every variant of one original."""
        return self._flush([key], dry_run)

    async def flush_prefix(self, prefix: str, *, dry_run: bool = False) -> Flushed:
        """Forget every original whose key starts with `prefix`; `""` is all of them."""
        return self._flush([key for key in self._fields if key.startswith(prefix)], dry_run)

    def forget(self, flush: Flush) -> None:
        """Do what was flushed elsewhere, at once."""
        if flush.key is not None:
            self._flush([flush.key], dry_run=False)
            return
        for place in [place for place in self._entries if flush.matches(*place)]:
            self._remove(place)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._fields.clear()
        self.size = 0

    @property
    def suspended(self) -> bool:
        """Whether it stands aside."""
        return self._suspended

    def suspend(self) -> None:
        """Stand aside: empty and taking nothing, while flushes may go unheard."""
        self._suspended = True
        self.clear()

    def resume(self) -> None:
        """Take variants again."""
        self._suspended = False

    async def check(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        self.clear()

    def _flush(self, keys: list[str], dry_run: bool) -> Flushed:
        places = [(key, field) for key in keys for field in self._fields.get(key, ())]
        flushed = Flushed(len({key for key, _ in places}), len(places))
        if not dry_run:
            for place in places:
                self._remove(place)
        return flushed

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
