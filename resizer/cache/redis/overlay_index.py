"""OverlayIndex: which originals are shown over others, so that a flush of one finds those."""

from collections.abc import Sequence

from resizer.cache.redis.connect import Client
from resizer.cache.redis.guard import Guard, failures
from resizer.cache.redis.names import Names
from resizer.cache.redis.reading import BATCH, Command, together
from resizer.cache.redis.scripts import NOTE_OVERLAY
from resizer.model.field import overlay_tag, overlays_in
from resizer.model.flush import Flush

_MOST = 10_000
"""Beyond it none are noted; a flush of such a one leaves what shows it until its version differs,
and then nobody asks for that any more."""

_SCANNED = 500
"""Keys that Redis walks past in one step of an SSCAN."""


class OverlayIndex:
    """A set of keys. Everything raises CacheUnavailable and nothing else."""

    def __init__(self, client: Client, names: Names, guard: Guard) -> None:
        self._client = client
        self._name = names.overlays
        self._guard = guard

    async def note(self, field: str) -> None:
        """Before a variant is filled that is called `field`, and what it shows is fetched."""
        for key in overlays_in(field):
            async with self._guard():
                noted = key.encode("utf-8", "surrogatepass")
                await NOTE_OVERLAY.run(self._client, self._name, noted, _MOST)

    async def showing(self, flushes: Sequence[Flush]) -> list[Flush]:
        """A flush of every variant that shows what is flushed over another original."""
        overlays = await self._among([flush.key for flush in flushes if flush.key is not None])
        prefixes = tuple(
            flush.prefix
            for flush in flushes
            if flush.prefix and flush.key is None and flush.tag is None
        )
        if prefixes:
            overlays |= await self._starting_with(prefixes)
        return [Flush(tag=overlay_tag(key)) for key in sorted(overlays)]

    async def _among(self, keys: Sequence[str]) -> set[str]:
        overlays: set[str] = set()
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            asked: list[Command] = [
                ("SISMEMBER", self._name, key.encode("utf-8", "surrogatepass")) for key in some
            ]
            async with self._guard():
                answers = await together(self._client, asked)
            overlays.update(key for key, is_one in zip(some, answers, strict=True) if is_one == 1)
        return overlays

    async def _starting_with(self, prefixes: tuple[str, ...]) -> set[str]:
        """In small steps, none of which keeps others waiting."""
        with failures():
            scan = self._client.sscan_iter(self._name, count=_SCANNED)
            keys = {key.decode("utf-8", "surrogatepass") async for key in scan}
        return {key for key in keys if key.startswith(prefixes)}
