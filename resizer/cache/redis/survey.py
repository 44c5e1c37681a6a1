"""How many variants and bytes Redis holds of each original of a source, read in short steps."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from resizer.cache.redis.connect import Client, connect
from resizer.cache.redis.guard import failures, is_foreign
from resizer.cache.redis.names import Names, is_variant
from resizer.cache.redis.reading import names_from, together

_SIZES = 1000
"""Variants whose sizes are asked for in one round trip."""


@dataclass(frozen=True, slots=True)
class CachedOriginal:
    """One original, and how much of it Redis holds."""

    key: str
    variants: int
    bytes: int
    """Of the stored variants, heads included. What Redis adds to them for itself is not."""


async def survey(url: str, namespace: str, timeout: float) -> AsyncIterator[CachedOriginal]:
    """Every original of which a variant is held, in no order, each once.

    Names come by SCAN and sizes by HSTRLEN, which reads no value. `timeout` is for each round
    trip, in seconds. Raises CacheUnavailable.
    """
    client, _ = connect(url, timeout)
    prefix = Names(namespace).prefix
    try:
        with failures():
            async with aclosing(names_from(client, prefix)) as batches:
                async for names in batches:
                    for held in await _held(client, names, len(prefix)):
                        yield held
    finally:
        await client.aclose()


async def _held(client: Client, names: list[bytes], prefix_length: int) -> list[CachedOriginal]:
    """What those hashes hold; one that holds only leases and paths holds nothing."""
    fields = await together(client, [("HKEYS", name) for name in names])
    variants = [
        (name, [field for field in found if is_variant(field)] if isinstance(found, list) else [])
        for name, found in zip(names, fields, strict=True)
    ]
    sizes = iter(await _sizes(client, variants))
    return [
        CachedOriginal(
            name[prefix_length:].decode(errors="replace"),
            len(held),
            sum(next(sizes) for _ in held),
        )
        for name, held in variants
        if held
    ]


async def _sizes(client: Client, variants: list[tuple[bytes, list[bytes]]]) -> list[int]:
    stored = [(name, field) for name, fields in variants for field in fields]
    sizes: list[int] = []
    for start in range(0, len(stored), _SIZES):
        commands = [("HSTRLEN", *variant) for variant in stored[start : start + _SIZES]]
        sizes += [
            0 if is_foreign(size) else int(str(size)) for size in await together(client, commands)
        ]
    return sizes
