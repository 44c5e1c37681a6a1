"""Lru: a mapping that stays within its bounds; the entry used least recently goes first."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _nothing(*_: object) -> int:
    return 0


class Lru(Generic[K, V]):
    """Bounded by entries, bytes and seconds, each if it is given. Belongs to one event loop.

    Only `put` and `touch` are uses: without `touch` the entry that was put first goes first.
    """

    def __init__(
        self,
        *,
        max_entries: float = math.inf,
        max_bytes: float = math.inf,
        seconds: float = math.inf,
        size_of: Callable[[V], int] = _nothing,
        on_removed: Callable[[K, V], object] = _nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds` count from `put`. `size_of` says the bytes of a value, the same each time.

        `on_removed` is called with every entry that goes, one whose key is put again included.
        """
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._size_of = size_of
        self._on_removed = on_removed
        self._clock = clock
        self._deadlines: dict[K, float] = {}
        self.entries: OrderedDict[K, V] = OrderedDict()
        """To be read only, where one call more is too much; those that are over are among them."""
        self.size = 0
        """Bytes of all values together."""
        self.touch = self.entries.move_to_end
        """Note a use of an entry. Raises KeyError if there is none of that key."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[K]:
        """The keys, those used least recently first, as they are now."""
        return iter(list(self.entries))

    def __contains__(self, key: K) -> bool:
        return key in self.entries and self._clock() < self._deadlines.get(key, math.inf)

    def get(self, key: K) -> V | None:
        """The value, or None. No use: see `touch`."""
        return self.entries[key] if key in self else None

    def put(self, key: K, value: V) -> None:
        """Keep `value`, and let go of what is too much then: of itself, if it alone is."""
        self.remove(key)
        self.entries[key] = value
        self.size += self._size_of(value)
        if self._seconds < math.inf:
            self._deadlines[key] = self._clock() + self._seconds
        while len(self.entries) > self._max_entries or self.size > self._max_bytes:
            self.remove(next(iter(self.entries)))

    def remove(self, key: K) -> None:
        """Let go of an entry, there or not."""
        if key not in self.entries:
            return
        value = self.entries.pop(key)
        self.size -= self._size_of(value)
        self._deadlines.pop(key, None)
        self._on_removed(key, value)

    def clear(self) -> None:
        """Let go of every entry."""
        for key in self:
            self.remove(key)
