"""Reading many names and values from Redis in short steps (SCAN, pipelines): none blocks others."""

import re
from collections.abc import AsyncGenerator, Sequence

from resizer.cache.redis.connect import Client
from resizer.cache.redis.guard import raise_failure

BATCH = 100
"""Names looked at in one round trip: what Redis does without pause."""
_SCANNED = 500
"""Names that Redis walks past in one step of a SCAN."""

Command = tuple[str | bytes, ...]


async def together(client: Client, commands: Sequence[Command]) -> list[object]:
    """The answers to all, in one round trip; without a transaction, which a full server refuses.

    By their words: a cluster's pipeline knows other methods. Raises what redis-py raises, but not
    for a value of another type: that is its answer.
    """
    if not commands:
        return []
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[object] = await pipeline.execute(raise_on_error=False)
    raise_failure(answers)
    return answers


async def names_from(client: Client, start: str) -> AsyncGenerator[list[bytes], None]:
    """The names that begin with `start`, in batches, each once: SCAN may repeat itself."""
    pattern = re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*"
    seen: set[int] = set()
    batch: list[bytes] = []
    async for name in client.scan_iter(match=pattern, count=_SCANNED):
        if hash(name) in seen or not name.startswith(start.encode()):
            continue
        seen.add(hash(name))
        batch.append(name)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
