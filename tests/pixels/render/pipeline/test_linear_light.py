"""Shrinking in linear light against the same in float64."""

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resizer.model.geometry import Area, Size
from resizer.render.colour.icc import srgb_light
from resizer.render.pipeline import linear_light
from resizer.render.pipeline.linear_light import CURVE, shrunk
from resizer.render.read.salvage import take_warnings
from tests.pure.render.pipeline.test_lanczos import weights

Codes = NDArray[np.uint8]
SRGB = np.array([srgb_light(code / 255) for code in range(256)])
LEVELS = np.polynomial.Polynomial((0, *CURVE))(np.arange(256) / 255)


def image_of(pixels: Codes) -> pyvips.Image:
    bands = pixels.shape[2]
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    return image.copy(interpretation="b-w" if bands < 3 else "srgb")


def noise(height: int, width: int, bands: int, seed: int = 1) -> Codes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, bands), np.uint8)


def solid(height: int, width: int, bands: int) -> pyvips.Image:
    """Noise that is nowhere so clear that its colours would hang on the last bit."""
    pixels = noise(height, width, bands)
    if bands in (2, 4):
        pixels[..., -1] |= 64
    return image_of(pixels)


def expected(pixels: Codes, size: Size) -> Codes:
    """Colours weighed by alpha, where there is one, averaged as light."""
    height, width, bands = pixels.shape
    alpha = pixels[..., -1:] / 255 if bands in (2, 4) else np.ones((height, width, 1))
    colours = LEVELS[pixels[..., : bands - 1] if bands in (2, 4) else pixels]
    both = np.concatenate([colours * alpha, alpha], axis=2)
    down, across = weights(height, size.height), weights(width, size.width)
    both = np.einsum("yr,rcb,xc->yxb", down, both, across, optimize=True)
    visible = both[..., -1:] > 0.02
    clear = np.where(visible, both[..., :-1] / np.where(visible, both[..., -1:], 1), 0)
    codes = np.searchsorted((LEVELS[1:] + LEVELS[:-1]) / 2, clear).astype(np.uint8)
    if bands in (2, 4):
        opacity = np.rint(np.clip(both[..., -1:], 0, 1) * 255).astype(np.uint8)
        codes = np.concatenate([codes, opacity], axis=2)
    return codes


def test_no_level_is_further_from_the_curve_of_srgb_than_two_and_a_half_levels() -> None:
    assert (np.abs(LEVELS - SRGB) / np.gradient(SRGB)).max() < 2.5
    assert (np.diff(LEVELS) > 0).all()


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_every_level_comes_back_as_it_was(bands: int) -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8), 12).reshape(256, 12, 1)
    pixels = np.repeat(levels, bands, axis=2)
    if bands in (2, 4):
        pixels[..., -1] = 255
    assert (
        shrunk(image_of(pixels), Size(3, 256)).numpy().reshape(256, 3, -1) == pixels[:, :3]
    ).all()


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [Size(100, 80), Size(37, 23), Size(3, 90), Size(1, 1)], ids=str)
def test_samples_are_averaged_as_light(bands: int, size: Size) -> None:
    pixels = noise(90, 140, bands)
    found = shrunk(image_of(pixels), size).numpy().reshape(size.height, size.width, bands)
    wanted = expected(pixels, size)
    visible = wanted[..., -1:] > 25 if bands in (2, 4) else np.ones_like(wanted, dtype=bool)
    off = np.abs(found.astype(int) - wanted) * visible
    assert off.max() <= 1


def test_a_transparent_pixel_lends_no_colour() -> None:
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[..., 0] = 255
    pixels[20:40, 20:40] = (0, 200, 100, 255)
    small = shrunk(image_of(pixels), Size(17, 17)).numpy()
    seen = small[small[..., 3] > 10]
    assert seen[:, 0].max() == 0
    assert np.abs(seen[:, 1].astype(int) - 200).max() <= 1


sides = st.integers(1, 120)
shrinking = st.tuples(sides, sides).flatmap(
    lambda side: st.tuples(st.just(side), *(st.integers(1, one) for one in side))
)


@settings(max_examples=40, deadline=None)
@given(shrinking, st.sampled_from([1, 97, 1000, 2**20]), st.integers(1, 5), st.integers(1, 4))
def test_how_many_rows_are_taken_at_once_changes_nothing(
    sizes: tuple[tuple[int, int], int, int], chunk: int, batch: int, bands: int
) -> None:
    (width, height), narrow, low = sizes
    image, size = solid(height, width, bands), Size(narrow, low)
    usual = shrunk(image, size).numpy().astype(int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_light, "_CHUNK", chunk)
        patch.setattr(linear_light, "_PIECE", max(1, chunk // 3))
        patch.setattr(linear_light, "_BATCH", batch)
        patch.setattr(linear_light, "_MOST_SUMS", 40 * chunk)
        other = shrunk(image, size).numpy()
    assert np.abs(usual - other).max() <= 1


def test_rows_are_read_once_from_top_to_bottom() -> None:
    file = image_of(noise(700, 50, 3)).pngsave_buffer()
    streaming = pyvips.Image.pngload_buffer(file, access="sequential")
    held = pyvips.Image.pngload_buffer(file, access="random")
    size = Size(20, 33)
    assert (shrunk(streaming, size).numpy() == shrunk(held, size).numpy()).all()


def test_an_original_that_breaks_off_is_an_error() -> None:
    file = image_of(noise(700, 50, 3)).pngsave_buffer()[:-9000]
    broken = pyvips.Image.pngload_buffer(file, access="sequential", fail_on="error")
    with pytest.raises(pyvips.Error):
        shrunk(broken, Size(20, 33))


def test_what_an_original_tells_beside_its_pixels_stays() -> None:
    image = image_of(noise(40, 40, 3)).copy(xres=3.0)
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", b"profile")
    small = shrunk(image, Size(10, 10))
    assert (small.interpretation, small.xres) == ("srgb", 3.0)
    assert small.get("icc-profile-data") == b"profile"


def test_damage_that_the_decoder_only_warns_of_is_an_error_but_for_who_shows_what_there_is() -> (
    None
):
    whole = image_of(noise(300, 300, 3)).jpegsave_buffer()
    damaged = whole[:20_000] + whole[23_000:]
    with pytest.raises(pyvips.Error):
        shrunk(pyvips.Image.jpegload_buffer(damaged, access="sequential"), Size(40, 40))
    image = pyvips.Image.jpegload_buffer(damaged, access="sequential")
    assert shrunk(image, Size(40, 40), partial=True).width == 40
    take_warnings()


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_what_is_wanted_comes_out_as_if_all_were(data: st.DataObject, bands: int) -> None:
    left, top = data.draw(st.integers(0, 69)), data.draw(st.integers(0, 89))
    width, height = data.draw(st.integers(1, 70 - left)), data.draw(st.integers(1, 90 - top))
    image, size = solid(200, 150, bands), Size(70, 90)
    some = shrunk(image, size, Area(left, top, width, height))
    area = (left, top, width, height)
    assert (some.crop(*area) - shrunk(image, size).crop(*area)).abs().max() <= 1


def test_rows_below_what_is_wanted_are_not_read() -> None:
    whole = image_of(noise(900, 50, 3))
    file = whole.pngsave_buffer()[:-60_000]
    broken = pyvips.Image.pngload_buffer(file, access="sequential", fail_on="error")
    some = shrunk(broken, Size(20, 90), Area(0, 10, 20, 20)).crop(0, 10, 20, 20)
    assert (some - shrunk(whole, Size(20, 90)).crop(0, 10, 20, 20)).abs().max() <= 1
