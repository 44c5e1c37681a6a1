"""Score, bytes and CPU of the default pipeline: `python -m bench.light [--quick] [PHOTO …]`.

Q1: its score at quality 80 and 500 px against that of the linear-light reference itself in the same
encoder. Q2: its bytes at the lowest quality that scores as libvips' own thumbnail (sharp, imgproxy)
does at 80. Q3: its CPU against that thumbnail and the same encode, cold and from kept pixels; one
thread. Each is told for each photo. `--resampling gamma` asks the same of the other way.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

os.environ["VIPS_CONCURRENCY"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's threads wait by spinning: CPU that is not ours

import numpy as np
import pyvips

from bench import score
from bench.originals import photos
from bench.row import Reach, Row
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Metadata, Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.pipeline import render
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.messages import Resampling
from resizer.render.write.encode import encode

WIDTH = 500
ASKED = Transform(width=WIDTH, format=Format.JPEG, quality=80, metadata=Metadata.NONE)
BELOW_MEAN, BELOW_WORST = Reach(2, at_most=True), Reach(5, at_most=True)
BYTES = Reach(0.70, at_most=True)
CPU, KEPT_CPU = Reach(2.5, at_most=True, unit="×"), Reach(1.2, at_most=True, unit="×")
_FEW = 4
"""Photos of a quick run."""
_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Seen:
    """One photo: scores, bytes and milliseconds of CPU."""

    name: str
    megapixels: float
    ceiling: float
    """Score of the reference in the same encoder."""
    ours: float
    theirs: float
    our_bytes: int
    their_bytes: int
    quality: int
    """Ours, that scores as theirs does at 80."""
    matched_bytes: int
    our_ms: float
    kept_ms: float
    """Ours from kept pixels."""
    their_ms: float

    def __str__(self) -> str:
        return (
            f"{self.name[:28]:28} {self.megapixels:4.1f} MP  ceiling {self.ceiling:5.1f}"
            f"  ours {self.ours:5.1f} ({self.ours - self.ceiling:+5.1f})"
            f" {self.our_bytes / 1000:5.1f} kB {self.our_ms:5.1f} ms"
            f"  libvips {self.theirs:5.1f} {self.their_bytes / 1000:5.1f} kB"
            f" {self.their_ms:5.1f} ms"
            f"  alike at q{self.quality}: bytes {self.matched_bytes / self.their_bytes:.2f}"
            f"  CPU {self.our_ms / self.their_ms:.2f}, kept {self.kept_ms / self.their_ms:.2f}"
        )


def main() -> None:
    """Judge the photos and print a line for each, then the rows."""
    options = _options()
    files = options.photos or photos(quick=options.quick)
    for row in rows(measure(files, options.resampling, options.rounds, tell=print)):
        print(f"{row.name}  {row.what}: {row.figure:.2f} ({row.reach}: {_said(row.reached)})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="*", help="else those of --photos, or drawn")
    parser.add_argument("--quick", action="store_true", help=f"{_FEW} photos")
    parser.add_argument("--rounds", type=int, default=5, help="of CPU time, for each photo")
    parser.add_argument("--resampling", type=Resampling, default=Resampling.LINEAR)
    return parser.parse_args()


def _said(reached: bool | None) -> str:
    return "reached" if reached else "not reached"


def measure(
    files: Sequence[Path],
    resampling: Resampling = Resampling.LINEAR,
    rounds: int = 5,
    tell: Callable[[Seen], object] = lambda seen: None,
) -> list[Seen]:
    """Every photo, judged; `tell` hears of each as it comes."""
    found = []
    for file in files:
        found.append(judge(file.name, file.read_bytes(), resampling, rounds))
        tell(found[-1])
    return found


def rows(found: Sequence[Seen]) -> list[Row]:
    below = [seen.ceiling - seen.ours for seen in found]
    lighter = [seen.matched_bytes / seen.their_bytes for seen in found]
    cold = [seen.our_ms / seen.their_ms for seen in found]
    kept = [seen.kept_ms / seen.their_ms for seen in found]
    spread = (min(below), max(below))
    return [
        Row("Q1", "points below the reference, mean", statistics.mean(below), BELOW_MEAN, spread),
        Row("Q1", "points below the reference, worst", max(below), BELOW_WORST),
        _of_photos("Q2", "bytes for the score of libvips' thumbnail at q80", lighter, BYTES),
        _of_photos("Q3", "CPU against libvips' thumbnail, cold", cold, CPU),
        _of_photos("Q3", "CPU against libvips' thumbnail, from kept pixels", kept, KEPT_CPU),
    ]


def _of_photos(name: str, what: str, ratios: Sequence[float], reach: Reach) -> Row:
    mean = math.exp(statistics.mean(map(math.log, ratios)))
    return Row(name, what, mean, reach, (min(ratios), max(ratios)), "geometric mean of the photos")


def judge(name: str, data: bytes, resampling: Resampling, rounds: int) -> Seen:
    """One photo by both ways and by the reference, all in one encoder."""
    original = score.decoded(data)

    @cache
    def wanted(width: int, height: int) -> score.Pixels:
        return score.reference(original, width, height)

    def judged(body: bytes) -> float:
        seen = score.decoded(body)
        return score.score(wanted(seen.shape[1], seen.shape[0]), seen)

    ours, theirs = ours_at(data, 80, resampling), thumbnail(data)
    height, width, _ = score.decoded(ours).shape
    goal = judged(theirs)
    quality = lowest_quality(lambda q: judged(ours_at(data, q, resampling)), goal)
    with decoded_pixels_of(data, resampling) as ready:
        our_ms, kept_ms, their_ms = cpu(
            lambda: ours_at(data, 80, resampling),
            lambda: ours_at(data, 80, resampling, Intermediates(ready)),
            lambda: thumbnail(data),
            rounds=rounds,
        )
    return Seen(
        name=name,
        megapixels=original.shape[0] * original.shape[1] / 1e6,
        ceiling=judged(encoded(wanted(width, height))),
        ours=judged(ours),
        theirs=goal,
        our_bytes=len(ours),
        their_bytes=len(theirs),
        quality=quality,
        matched_bytes=len(ours_at(data, quality, resampling)),
        our_ms=our_ms,
        kept_ms=kept_ms,
        their_ms=their_ms,
    )


def ours_at(
    data: bytes, quality: int, resampling: Resampling, intermediates: Intermediates | None = None
) -> bytes:
    """The default pipeline; its body."""
    asked = Transform(width=WIDTH, format=Format.JPEG, quality=quality, metadata=Metadata.NONE)
    return render([data], asked, _LIMITS, resampling, intermediates).body


@contextmanager
def decoded_pixels_of(
    data: bytes, resampling: Resampling
) -> Iterator[list[tuple[Intermediate, int]]]:
    """What the gateway keeps of an original once it was rendered."""
    file = os.memfd_create("decoded")
    intermediates = Intermediates(
        outputs={IntermediateKind.DECODED: file}, max_bytes=_LIMITS.max_source_pixels * 4
    )
    ours_at(data, 80, resampling, intermediates)
    yield [(intermediate, file) for intermediate in intermediates.written]
    os.close(file)


def thumbnail(data: bytes) -> bytes:
    """What sharp and imgproxy do: libvips' thumbnail, then our encoder.

    To sRGB only where a profile is embedded: without one libvips would take the whole picture
    through littlecms for nothing, four times the time.
    """
    profiled = pyvips.Image.new_from_buffer(data, "").get_typeof("icc-profile-data")
    to_srgb = {"output_profile": "srgb"} if profiled else {}
    small = pyvips.Image.thumbnail_buffer(data, WIDTH, height=10_000_000, size="down", **to_srgb)
    return encode(small.copy_memory(), Format.JPEG, ASKED)


def encoded(pixels: score.Pixels) -> bytes:
    """Pixels through our encoder."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    return encode(image.copy(interpretation="srgb"), Format.JPEG, ASKED)


def lowest_quality(scored: Callable[[int], float], goal: float) -> int:
    """By halving; scores rise with the quality but for a tenth of a point."""
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        if scored(middle) >= goal:
            high = middle
        else:
            low = middle + 1
    return low


def cpu(*ways: Callable[[], object], rounds: int) -> list[float]:
    """Least milliseconds of all threads of this process, in turn, so that all see one machine."""
    took = [[_spent(work) for work in ways] for _ in range(rounds)]
    return [min(times) for times in zip(*took, strict=True)]


def _spent(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000


if __name__ == "__main__":
    main()
