"""Removal: deletes from Redis what is flushed, with the leases of fills under way."""

from collections.abc import Iterable, Iterator, Sequence

from resizer.cache.redis.connect import Client
from resizer.cache.redis.guard import Guard, failures
from resizer.cache.redis.names import LEASE, PATH, Names, is_variant
from resizer.cache.redis.reading import BATCH, Command, names_from, together
from resizer.model.flush import Flush, FlushResult


class Removal:
    """Removes hashes, or the fields with a tag. Every fill under way there has lost its lease."""

    def __init__(self, client: Client, names: Names, guard: Guard) -> None:
        self._client = client
        self._names = names
        self._guard = guard

    async def remove(self, flushes: Sequence[Flush], dry_run: bool) -> FlushResult:
        """Raises CacheUnavailable."""
        flushed = FlushResult()
        keys = [self._names.of(flush.key).encode() for flush in flushes if flush.key is not None]
        for start in range(0, len(keys), BATCH):
            flushed += await self._remove(keys[start : start + BATCH], dry_run)
        for flush in flushes:
            if flush.key is None:
                flushed += await self._walk(flush, dry_run)
        return flushed

    async def _walk(self, flush: Flush, dry_run: bool) -> FlushResult:
        flushed = FlushResult()
        with failures():
            async for names in names_from(self._client, self._names.prefix + flush.prefix):
                if flush.tag is None:
                    flushed += await self._remove(names, dry_run)
                else:
                    flushed += await self._remove_tagged(names, flush, dry_run)
        return flushed

    async def _remove(self, names: list[bytes], dry_run: bool) -> FlushResult:
        last = "EXISTS" if dry_run else "UNLINK"
        answers = await self._ask([(word, name) for name in names for word in ("HKEYS", last)])
        found = zip(answers[::2], answers[1::2], strict=True)
        return _sum(_counted(fields) for fields, there in found if there)

    async def _remove_tagged(self, names: list[bytes], flush: Flush, dry_run: bool) -> FlushResult:
        """The variants with a tag, and the leases of those under way."""
        answers = await self._ask([("HKEYS", name) for name in names])
        tagged = [_tagged(fields, flush) for fields in answers]
        if not dry_run:
            hashes = zip(names, tagged, strict=True)
            await self._ask([("HDEL", name, *_both(fields)) for name, fields in hashes if fields])
        paths = frozenset(_paths(answers, tagged))
        return _sum(_counted(fields) for fields in tagged if fields) + FlushResult(paths=paths)

    async def _ask(self, commands: list[Command]) -> list[object]:
        async with self._guard():
            return await together(self._client, commands)


def _sum(flushed: Iterable[FlushResult]) -> FlushResult:
    return sum(flushed, FlushResult())


def _counted(fields: object) -> FlushResult:
    """What one hash held; another program's value, which has no fields, counts as an original."""
    if not isinstance(fields, list):
        return FlushResult(originals=1)
    variants = sum(map(is_variant, fields))
    return FlushResult(min(variants, 1), variants, frozenset(_noted(fields)))


def _noted(fields: list[bytes]) -> Iterator[str]:
    """The paths among the fields of one hash."""
    for field in fields:
        if field.startswith(PATH.encode()):
            yield field.removeprefix(PATH.encode()).decode(errors="replace")


def _paths(hashes: list[object], tagged: list[list[bytes]]) -> Iterator[str]:
    """All paths of the originals that had something tagged: which of them it was is not known."""
    for fields, some in zip(hashes, tagged, strict=True):
        if some and isinstance(fields, list):
            yield from _noted(fields)


def _both(fields: list[bytes]) -> set[bytes]:
    """Each variant and its lease: a fill may put the one in the other's place meanwhile."""
    variants = {field.removeprefix(LEASE.encode()) for field in fields}
    return variants | {LEASE.encode() + field for field in variants}


def _tagged(fields: object, flush: Flush) -> list[bytes]:
    """The variants that `flush` means, and their leases; not a path that happens to end alike."""
    if not isinstance(fields, list):
        return []
    return [
        field
        for field in fields
        if not field.startswith(PATH.encode()) and flush.matches("", field.decode(errors="replace"))
    ]
