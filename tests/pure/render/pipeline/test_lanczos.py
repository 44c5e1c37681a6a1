"""Lanczos as matrices against the sum that it is, sample by sample in float64."""

from math import ceil, floor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resizer.render.pipeline.lanczos import RESULTS, bands, interleaved

befores = st.one_of(st.integers(1, 90), st.integers(91, 4000))
sides = befores.flatmap(lambda before: st.tuples(st.just(before), st.integers(1, before)))


def weights(before: int, after: int) -> NDArray[np.float64]:
    """Results × samples, from the definition; what is outside counts for the outermost sample."""
    shrink = before / after
    matrix: NDArray[np.float64] = np.zeros((after, before))
    for result in range(after):
        middle = (result + 0.5) * shrink
        places = range(floor(middle - 3 * shrink), ceil(middle + 3 * shrink) + 1)
        for place in places:
            away = (place + 0.5 - middle) / shrink
            weight = np.sinc(away) * np.sinc(away / 3) if abs(away) < 3 else 0.0
            matrix[result, min(max(place, 0), before - 1)] += weight
    matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix


def whole(before: int, after: int) -> NDArray[np.float64]:
    matrix = np.zeros((after, before))
    for band in bands(before, after):
        matrix[band.result : band.result + len(band.weights), band.first : band.end] = band.weights
    return matrix


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_bands_hold_the_weights_of_the_definition(side: tuple[int, int]) -> None:
    assert np.abs(whole(*side) - weights(*side)).max() < 1e-6


@given(sides)
def test_each_result_is_in_one_band_and_is_a_mean_of_samples_there_are(
    side: tuple[int, int],
) -> None:
    before, after = side
    found = bands(before, after)
    assert [band.result for band in found] == list(range(0, after, RESULTS))
    assert sum(len(band.weights) for band in found) == after
    for band in found:
        assert 0 <= band.first < band.end <= before
        assert band.weights.shape[1] == band.end - band.first
        assert np.abs(band.weights.sum(axis=1) - 1).max() < 1e-5


@settings(max_examples=60, deadline=None)
@given(sides)
def test_a_band_is_over_before_the_next_but_one_begins(side: tuple[int, int]) -> None:
    found = bands(*side)
    for band, later in zip(found, found[2:], strict=False):
        assert band.first <= later.first
        assert band.end <= later.first


def test_a_side_that_stays_as_it_is_keeps_each_sample() -> None:
    assert np.abs(whole(50, 50) - np.eye(50)).max() < 1e-6


def test_interleaved_weights_shrink_each_colour_as_if_it_were_alone() -> None:
    pixels = np.random.default_rng(1).random((4, 300, 3), np.float32)
    for band in bands(300, 41):
        inside = pixels[:, band.first : band.end]
        together = inside.reshape(4, -1) @ interleaved(band, 3)
        for colour in range(3):
            alone = inside[..., colour] @ band.weights.T
            assert np.abs(together[:, colour::3] - alone).max() < 1e-6
