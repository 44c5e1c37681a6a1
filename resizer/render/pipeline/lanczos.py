"""Weights of Lanczos 3 along one side of a picture, as matrices of floats.

A matrix makes a few neighbouring results of all the samples that any of them is of. It is mostly
full, which is what a library for matrices is fast at.
"""

from dataclasses import dataclass
from math import ceil, pi

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LOBES = 3
RESULTS = 8
"""Of a matrix. More would be of more samples that most of them have no use for, fewer would make
more matrices: 8 takes two thirds of the time of 16 and half that of 64."""


@dataclass(frozen=True, slots=True)
class Band:
    """Some neighbouring results."""

    result: int
    """The first of them."""
    first: int
    end: int
    """The samples they are of: from the first up to, and without, the end."""
    weights: Floats
    """Results × samples."""


def bands(before: int, after: int) -> list[Band]:
    """All results of a side of `before` samples that is to have `after`, no more than before.

    Beyond its ends a side goes on as its outermost samples.
    """
    weights, firsts = _filters(before, after)
    taps = weights.shape[1]
    begins = firsts[::RESULTS]
    shifts = firsts - np.repeat(begins, RESULTS)[:after]
    wide = int(shifts.max()) + taps
    spread = np.zeros((after, wide), np.float32)
    spread[np.arange(after)[:, None], shifts[:, None] + np.arange(taps)] = weights
    return [
        _within(Band(result, begin, begin + wide, spread[result : result + RESULTS]), before)
        for result, begin in zip(range(0, after, RESULTS), begins.tolist(), strict=True)
    ]


def interleaved(band: Band, samples: int) -> Floats:
    """The weights for rows in which each pixel has so many samples: a column for each of a result.

    Most of them are nought, which costs less than to bring the samples of one colour together and
    back.
    """
    results, wide = band.weights.shape
    matrix = np.zeros((wide, samples, results, samples), np.float32)
    for sample in range(samples):
        matrix[:, sample, :, sample] = band.weights.T
    return matrix.reshape(wide * samples, results * samples)


def _filters(before: int, after: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The weights of each result, and the first sample that they are of, which may lie outside."""
    shrink = before / after
    middles = (np.arange(after) + 0.5) * shrink
    firsts = np.floor(middles - _LOBES * shrink).astype(np.intp)
    positions = (firsts - middles)[:, None] + np.arange(ceil(2 * _LOBES * shrink) + 1) + 0.5
    weights = _lanczos(positions * (pi / shrink))
    return weights / weights.sum(axis=1, keepdims=True), firsts


def _lanczos(turned: NDArray[np.float64]) -> NDArray[np.float64]:
    """sin x / x · sin (x/3) / (x/3), within three lobes.

    One sine for both: sin x = sin (x/3) · (3 − 4 sin² (x/3)).
    """
    turned = np.where(np.abs(turned) < 1e-6, 1e-6, turned)
    square = np.sin(turned / _LOBES) ** 2
    weights = _LOBES * square * (3 - 4 * square) / turned**2
    return np.where(np.abs(turned) < _LOBES * pi, weights, 0)


def _within(band: Band, before: int) -> Band:
    """What lies outside is what the outermost sample is."""
    weights, first, end = band.weights, max(band.first, 0), min(band.end, before)
    low, high = first - band.first, end - band.first
    inside = weights[:, low:high].copy()
    inside[:, 0] += weights[:, :low].sum(axis=1)
    inside[:, -1] += weights[:, high:].sum(axis=1)
    return Band(band.result, first, end, inside)
