"""What is brighter than paper (PQ, HLG) is brought down to it."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resizer.model.formats import Format
from resizer.render.colour.cicp import profile
from tests.support.colours import SRGB, Array
from tests.support.drawings import picture, rendered
from tests.support.pngs import chunked, png_of


def pq(nits: Array) -> Array:
    """SMPTE ST 2084."""
    y = np.float_power(nits / 10_000, 0.1593017578125)
    share = np.asarray((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y), float)
    return np.asarray(np.float_power(share, 78.84375), float)


def greys(samples: Array, primaries: int, transfer: int) -> Array:
    """What becomes of a row of greys, as 0…255, of 16 bits and these code points."""
    row = np.round(samples * 65535).astype(np.uint16).reshape(1, -1, 1).repeat(3, 2).repeat(4, 0)
    source = chunked(png_of(row), cICP=bytes((primaries, transfer, 0, 1)))
    body = rendered(source, format=Format.PNG).body
    found: Array = np.asarray(Image.open(io.BytesIO(body)).convert("L"), float)[1]
    return found


def test_pq_is_as_bright_as_paper_allows() -> None:
    nits = np.array([0.0, 1.0, 5.0, 20.0, 50.0, 80.0])
    expected = SRGB.sample(nits / 203) * 255
    assert np.abs(greys(pq(nits), 9, 16) - expected).max() <= 1, "below the knee all stays"
    bright = greys(
        pq(np.array([80.0, 150.0, 203.0, 400.0, 700.0, 1000.0, 4000.0, 10_000.0])), 9, 16
    )
    assert (np.diff(bright)[:4] > 0).all(), "what was brighter is brighter"
    assert bright[2] > 215, "paper is nearly white"
    assert (bright[5:] == 255).all()


def test_hlg_is_as_bright_as_paper_allows() -> None:
    scene = np.array([0.0, 0.01, 0.03, 1 / 12])
    expected = SRGB.sample(1000 * scene**1.2 / 203) * 255
    assert np.abs(greys(np.sqrt(3 * scene), 9, 18) - expected).max() <= 1
    bright = greys(np.array([0.5, 0.6, 0.75, 0.9, 1.0]), 9, 18)
    assert (np.diff(bright) > 0).all()
    assert bright[-1] == 255


def hlg(nits: Array) -> Array:
    """BT.2100, channel by channel, for a display of 1,000 nits."""
    scene = np.float_power(nits / 1000, 1 / 1.2)
    high = 0.17883277 * np.log(12 * np.maximum(scene, 1 / 12) - 0.28466892) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), high), float)


BRIGHT = np.array([(100, 300, 900), (900, 400, 100), (600, 600, 150), (250, 100, 1000)], float)
"""Nits of the primaries of Rec. 709."""


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(("transfer", "coded"), [(16, pq), (18, hlg)])
def test_bright_colours_keep_their_hue(
    kind: type, alpha: bool, transfer: int, coded: Callable[[Array], Array]
) -> None:
    samples = coded(BRIGHT)
    if alpha:
        samples = np.concatenate([samples, np.full((4, 1), 0.6)], 1)
    top = np.iinfo(kind).max
    row: np.ndarray[Any, Any] = (
        np.round(samples * top).astype(kind).repeat(16, 0)[None].repeat(16, 0)
    )
    source = chunked(png_of(row), cICP=bytes((1, transfer, 0, 1)))
    image = picture(source, format=Format.PNG).numpy()[8, 8::16]
    light = SRGB.light(image[:, :3] / 255)
    expected = BRIGHT / BRIGHT.max(1, keepdims=True)
    assert np.abs(light / light.max(1, keepdims=True) - expected).max() < 0.03
    assert not alpha or (image[:, 3] == 153).all()


def test_a_profile_that_says_its_code_points_is_read_by_them() -> None:
    row = np.round(pq(BRIGHT) * 65535).astype(np.uint16).repeat(16, 0)[None].repeat(16, 0)
    named = chunked(png_of(row), cICP=bytes((1, 16, 0, 1)))
    embedded = png_of(row, profile(1, 16))
    assert rendered(embedded, format=Format.PNG).body == rendered(named, format=Format.PNG).body
