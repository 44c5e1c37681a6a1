"""Pictures broken at random, through real workers: bytes flipped, parts doubled, lengths changed.

    python -m tests.support.mutations [--seconds 60] [--seed 1] [--keep DIRECTORY]

plays on for a while and keeps what ended in anything but a variant or a refusal, what crashed a
worker and what was slow. Each case is known by its seed and number: it is the same every time.
"""

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from random import Random

from resizer.errors import RenderTimeout, ResizerError, UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Fit, Transform
from resizer.render.host.pool import Pool
from tests.support.corpus import CORPUS
from tests.support.puppet_pool import original

LIMITS = Limits(svg_seconds=2)
TRANSFORMS = (
    Transform(width=200),
    Transform(width=64, height=64, fit=Fit.COVER, format=Format.WEBP),
    Transform(width=50, anim=False, format=Format.PNG),
    Transform(format=Format.JSON),
)
_LARGEST_SEED = 60_000
_HEAD = 600
"""Half of what is changed is changed this near to the start, where lengths and sizes stand."""
_TELLING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)

Mutation = Callable[[Random, bytearray], None]


def _place(random: Random, data: bytearray) -> int:
    end = len(data) if random.random() < 0.5 else min(len(data), _HEAD)
    return random.randrange(max(1, end))


def flip(random: Random, data: bytearray) -> None:
    for _ in range(random.choice((1, 1, 2, 8))):
        data[_place(random, data)] ^= 1 << random.randrange(8)


def scribble(random: Random, data: bytearray) -> None:
    at = _place(random, data)
    data[at : at + random.choice((1, 4, 64))] = random.randbytes(random.choice((1, 4, 64)))


def say_another_length(random: Random, data: bytearray) -> None:
    at, size = _place(random, data), random.choice((1, 2, 4))
    value = random.choice(_TELLING) & (256**size - 1)
    data[at : at + size] = value.to_bytes(size, random.choice(("big", "little")))


def double(random: Random, data: bytearray) -> None:
    at, size = _place(random, data), random.choice((1, 12, 200, 2000))
    data[at:at] = data[at : at + size] * random.choice((1, 1, 50))


def drop(random: Random, data: bytearray) -> None:
    at = _place(random, data)
    del data[at : at + random.choice((1, 4, 100))]


def cut(random: Random, data: bytearray) -> None:
    del data[_place(random, data) :]


def move(random: Random, data: bytearray) -> None:
    source, target = _place(random, data), _place(random, data)
    data[target : target + 100] = data[source : source + 100]


MUTATIONS: tuple[Mutation, ...] = (flip, scribble, say_another_length, double, drop, cut, move)


def mutated(random: Random, source: bytes) -> bytes:
    """Another file, broken in one to four ways; never empty."""
    data = bytearray(source)
    for _ in range(random.choice((1, 1, 2, 4))):
        random.choice(MUTATIONS)(random, data)
        data = data or bytearray(b"\0")
    return bytes(data)


def corpus_seeds() -> list[bytes]:
    """The smaller files of the corpus, in an order that is always the same."""
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    return [f.read_bytes() for f in files if 0 < f.stat().st_size <= _LARGEST_SEED]


@dataclass(frozen=True)
class Case:
    """One broken file, and what came of it."""

    name: str
    source: bytes
    outcome: Rendered | Exception
    seconds: float

    @property
    def verdict(self) -> str:
        """`variant` and `refused` are right; `slow` and `crash` are dear, all else is wrong."""
        if isinstance(self.outcome, Rendered):
            return "variant"
        if isinstance(self.outcome, RenderTimeout):
            return "slow"
        if not isinstance(self.outcome, UnprocessableSource):
            return "wrong"
        return "crash" if self.outcome.reason else "refused"


async def played(
    pool: Pool, seeds: list[bytes], seed: int, numbers: Iterator[int], at_once: int
) -> AsyncIterator[Case]:
    """Cases as they end, `at_once` of them under way."""

    async def case(number: int) -> Case:
        random = Random(f"{seed}/{number}")
        source = mutated(random, random.choice(seeds))
        start = time.perf_counter()
        outcome: Rendered | Exception
        with original(source) as given:
            try:
                outcome = await pool.render([given], random.choice(TRANSFORMS))
            except (ResizerError, AssertionError) as error:
                outcome = error
        return Case(f"{seed}-{number}", source, outcome, time.perf_counter() - start)

    under_way: set[asyncio.Task[Case]] = set()
    for number in numbers:
        under_way.add(asyncio.create_task(case(number)))
        if len(under_way) >= at_once:
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    for task in under_way:
        yield await task


async def _play(seconds: float, seed: int, keep: Path) -> None:
    end = time.monotonic() + seconds
    workers = os.cpu_count() or 1
    warnings: list[str] = []
    pool = Pool(workers, LIMITS, on_warning=warnings.append)
    await pool.start()
    tally: Counter[str] = Counter()
    numbers = takewhile(lambda _: time.monotonic() < end, count())
    try:
        async for case in played(pool, corpus_seeds(), seed, numbers, workers):
            tally[case.verdict] += 1
            if case.verdict not in ("variant", "refused") or warnings:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{case.name}-{case.verdict}").write_bytes(case.source)
                print(case.name, case.verdict, repr(case.outcome)[:200], *warnings, flush=True)
                warnings.clear()
    finally:
        await pool.close()
    print(dict(tally))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("mutations"))
    options = parser.parse_args()
    asyncio.run(_play(options.seconds, options.seed, options.keep))


if __name__ == "__main__":
    main()
