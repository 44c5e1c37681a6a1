"""The sources of one process: several may be open side by side."""

import asyncio
from collections.abc import Iterator, Mapping

from resizer.storage.address import Address, Source


class Sources(Mapping[str, Source]):
    """Open sources by name; the first is the default.

    A key names an original within its source only: whoever keeps originals or variants keeps those
    of each source apart, by `Address.namespace` where they share a store.
    """

    def __init__(
        self, addresses: Mapping[str, Address], *, max_bytes: int, fetch_seconds: float
    ) -> None:
        """Nothing is contacted yet. Originals have at most `max_bytes` and so long to arrive."""
        self._opened = {
            name: address.open_source(max_bytes=max_bytes, fetch_seconds=fetch_seconds)
            for name, address in addresses.items()
        }

    @property
    def default(self) -> Source:
        """What a request reads that names no source."""
        return next(iter(self._opened.values()))

    def __getitem__(self, name: str) -> Source:
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def __len__(self) -> int:
        return len(self._opened)

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._opened.values()))
