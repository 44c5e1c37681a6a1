"""Shrinking in linear light, in floats.

libvips has vector code for resizing 8 bits only: in the 16 that light needs it takes seven times as
long. A library for matrices has it for floats.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile

import numpy as np
import pyvips
from numpy.typing import NDArray

from resizer.model.geometry import Area, Size
from resizer.render.pipeline.lanczos import RESULTS, Band, Floats, bands, interleaved
from resizer.render.read.pixels import image_of
from resizer.render.read.salvage import check_warnings

Codes = NDArray[np.uint8]

CURVE = (0.0346412, 0.60617763, 0.35918117)
"""The light of a sample, both 0…1, as a polynomial: factors of its first, second and third power.

None of 256 levels is further from sRGB's curve than two and a half of its distances to the next.
With a fourth power it is one and a third, which scores 0.07 points of SSIMULACRA2 more and takes
4 % longer; a look-up in a table takes four times as long as either."""
_LINEAR, _SQUARE = (np.float32(CURVE[n] / CURVE[2] * 255 ** (2 - n)) for n in (0, 1))
_WHITE = 255**3 / CURVE[2]
"""The light of the sample 255, in the unit in which the third power has the factor 1."""
_STEPS = 2**16 - 1
"""Of light, where it becomes a sample again: nine to the least distance between two."""
_CHUNK = 2**19
"""Samples of the original that are shrunk at a time."""
_PIECE = 2**16
"""Samples of them that are made light at a time: what a core keeps near itself."""
_BATCH = 8
"""Bands of rows that are shrunk across at a time: matrices of few rows are slow."""
_MOST_SUMS = 2**23
"""Floats of a batch: of pictures wider than 130,000 samples it has fewer bands."""


def shrunk(
    image: pyvips.Image, size: Size, wanted: Area | None = None, *, partial: bool = False
) -> pyvips.Image:
    """A picture of 8 bits no larger on either side, its colours weighed by its alpha.

    Only what is `wanted` of the result is sure to be there, and no more than that is of is read.
    Raises pyvips.Error where that is broken, or damaged and not `partial`.
    """
    samples, area = image.bands, wanted or Area(0, 0, size.width, size.height)
    down = _meeting(bands(image.height, size.height), area.top, area.height)
    across = _meeting(bands(image.width, size.width), area.left, area.width)
    matrices = [(band, interleaved(band, samples)) for band in across]
    pixels = np.zeros((size.height, size.width * samples), np.uint8)
    light = np.zeros((min(RESULTS * _BATCH, size.height), pixels.shape[1]), np.float32)
    for top, rows in _shrunk_down(image, down):
        some = light[: len(rows)]
        for band, weights in matrices:
            column = band.result * samples
            of = rows[:, band.first * samples : band.end * samples]
            np.matmul(of, weights, out=some[:, column : column + weights.shape[1]])
        pixels[top : top + len(rows)] = _codes(some, samples, alpha=image.hasalpha())
    if not partial:
        check_warnings()  # before pyvips forgets them
    return image_of(pixels, size.width, size.height, samples, like=image)


def _meeting(all_: list[Band], first: int, count: int) -> list[Band]:
    """Those with a result among so many from the first."""
    ends = (band.result + len(band.weights) for band in all_)
    return [
        band
        for band, end in zip(all_, ends, strict=True)
        if band.result < first + count and end > first
    ]


def _shrunk_down(image: pyvips.Image, down: list[Band]) -> Iterator[tuple[int, Floats]]:
    """Rows of light, as wide as they were, in batches, each with the place of its first.

    Every chunk of rows is added to the results it is part of while it is near. No result needs
    rows of more than two batches.
    """
    width = image.width * image.bands
    batch = RESULTS * max(1, min(_BATCH, _MOST_SUMS // (RESULTS * width)))
    sums = np.zeros((2, batch, width), np.float32)
    todo = deque(down)
    for top, light in _rows_of_light(image, down[0].first, down[-1].end):
        bottom = top + len(light)
        for band in _begun(todo, bottom):
            first = band.result // batch * batch
            results = sums[first // batch % 2]
            end = band.result - first + len(band.weights)
            _add(band, top, light, results[band.result - first : end])
            if band.end > bottom:
                continue
            todo.popleft()
            if end == batch or not todo:
                yield first, results[:end]


def _begun(todo: Iterable[Band], bottom: int) -> list[Band]:
    """Those that some row above the bottom is part of."""
    return list(takewhile(lambda band: band.first < bottom, todo))


def _add(band: Band, top: int, light: Floats, results: Floats) -> None:
    """What these rows, of which the first is at `top`, are in the results of a band."""
    first, end = max(band.first, top), min(band.end, top + len(light))
    weights = band.weights[:, first - band.first : end - band.first]
    rows = light[first - top : end - top]
    if first == band.first:
        np.matmul(weights, rows, out=results)
    else:
        results += weights @ rows


def _rows_of_light(image: pyvips.Image, first: int, end: int) -> Iterator[tuple[int, Floats]]:
    """From the first row to the end, each once."""
    width, samples = image.width * image.bands, image.bands
    many, few = (max(1, some // width) for some in (_CHUNK, _PIECE))
    light, spare = np.empty((many, width), np.float32), np.empty((few, width), np.float32)
    region = pyvips.Region.new(image)
    for top in range(first, end, many):
        count = min(many, end - top)
        codes = np.frombuffer(region.fetch(0, top, image.width, count), np.uint8)
        rows = light[:count]
        rows[...] = codes.reshape(count, width)
        for row in range(0, count, few):
            piece = rows[row : row + few]
            _to_light(piece, spare[: len(piece)], samples, alpha=image.hasalpha())
        yield top, rows


def _to_light(codes: Floats, spare: Floats, samples: int, *, alpha: bool) -> None:
    """In place, by Horner's rule; colours times their alpha."""
    opacity = codes[:, samples - 1 :: samples] / np.float32(255) if alpha else None
    np.add(codes, _SQUARE, out=spare)
    spare *= codes
    spare += _LINEAR
    codes *= spare
    if opacity is None:
        return
    for sample in range(samples - 1):
        codes[:, sample::samples] *= opacity
    codes[:, samples - 1 :: samples] = opacity


def _codes(light: Floats, samples: int, *, alpha: bool) -> Codes:
    """The nearest samples, rounded; changes `light`."""
    if alpha:
        opacity = light[:, samples - 1 :: samples].copy()
        weight = np.where(opacity > 0, opacity, np.inf)
        for sample in range(samples - 1):
            light[:, sample::samples] /= weight
    light *= np.float32(_STEPS / _WHITE)
    light += np.float32(0.5)
    np.clip(light, 0, _STEPS, out=light)
    codes = _CODES[light.astype(np.uint16)]
    if alpha:
        codes[:, samples - 1 :: samples] = np.rint(np.clip(opacity, 0, 1) * 255)
    return codes


def _table() -> Codes:
    """The sample of each step of light."""
    between = np.arange(255) + 0.5
    light = sum(factor * (between / 255) ** power for power, factor in enumerate(CURVE, 1))
    return np.searchsorted(light, np.arange(_STEPS + 1) / _STEPS).astype(np.uint8)


_CODES = _table()

# The library maps 32 MiB at the first matrix that is not small, and ends the process where it
# cannot: better here, before a worker's memory is bounded, than in a render.
np.matmul(np.ones((64, 256), np.float32), np.ones((256, 256), np.float32))
