"""Light and alpha while a picture becomes smaller or larger."""

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from resizer.model.formats import Format
from resizer.model.geometry import Size
from resizer.model.transform import Fit
from resizer.render.pipeline.resize import resize
from resizer.render.protocol.messages import Resampling
from tests.support.drawings import (
    BLUE,
    RED,
    YELLOW,
    checkerboard,
    flat,
    jpeg,
    near,
    picture,
    png,
    quarters,
)


def test_fine_detail_keeps_its_light() -> None:
    source = png(checkerboard(300, 300))
    assert near(picture(source, width=50)(25, 25), (180, 180, 180), 9), "linear light"
    gamma = picture(source, width=50, resampling=Resampling.GAMMA)
    assert near(gamma(25, 25), (128, 128, 128), 2), "gamma-coded values"


def test_light_is_kept_in_colour_and_under_alpha() -> None:
    board = checkerboard(300, 300)
    tinted = board.bandjoin([board * 0, board * 0]).cast("uchar").copy(interpretation="srgb")
    assert near(picture(png(tinted), width=50)(25, 25), (180, 0, 0), 9)
    veiled = tinted.bandjoin(128)
    assert near(picture(png(veiled), width=50)(25, 25), (180, 0, 0, 128), 9)


def test_shrinking_while_loading_leaves_enough_for_linear_light() -> None:
    # blocks of 8 pixels: what the JPEG decoder may average away is less than one of them
    board = checkerboard(200, 200).zoom(8, 8)
    image = picture(jpeg(board), width=50, format=Format.PNG)
    assert near(image(25, 25)[:1], (180,), 12)


@pytest.mark.parametrize("resampling", list(Resampling))
@pytest.mark.parametrize("width", [37, 111, 400])
def test_no_dark_or_bright_fringe_around_a_shape(resampling: Resampling, width: int) -> None:
    shape = flat(200, 200, (*RED, 0)).insert(flat(90, 90, (*YELLOW, 255)), 57, 49)
    image = picture(png(shape), width=width, fit=Fit.CONTAIN, resampling=resampling)
    solid = image.extract_band(3) > 24
    rings = 30 if resampling is Resampling.GAMMA and width < 200 else 12
    for band, level in enumerate(YELLOW):
        off = (image.extract_band(band) - level).abs()
        assert solid.ifthenelse(off, 0).max() <= rings, "a transparent pixel lent its colour"


@pytest.mark.parametrize("resampling", list(Resampling))
def test_flat_colours_stay_what_they_are(resampling: Resampling) -> None:
    for colour in (RED, BLUE, (0, 0, 0), (255, 255, 255), (3, 2, 1), (*RED, 128), (9, 9, 9, 3)):
        small = resize(flat(300, 200, colour), Size(31, 17), resampling)
        assert near(small(15, 8), colour, 14 if colour[3:] == (3,) else 2)


sides = st.integers(1, 300)


@settings(max_examples=60, deadline=None)
@given(st.builds(Size, sides, sides), st.builds(Size, sides, sides), st.sampled_from(Resampling))
def test_a_size_is_met_exactly(before: Size, after: Size, resampling: Resampling) -> None:
    for colour in (RED, (*RED, 200)):
        image = resize(flat(before.width, before.height, colour), after, resampling)
        assert (image.width, image.height) == (after.width, after.height)
        assert image.format == "uchar"


def test_enlarging_keeps_edges_where_they_were() -> None:
    image = picture(png(quarters(40, 40)), width=400, fit=Fit.CONTAIN, format=Format.PNG)
    assert near(image(180, 100), RED, 8)
    assert near(image(100, 220), BLUE, 8)


def test_a_picture_at_its_size_is_not_touched() -> None:
    noise = pyvips.Image.gaussnoise(64, 64, mean=128, sigma=60).cast("uchar")
    image = picture(png(noise.copy(interpretation="b-w")), width=64, format=Format.PNG)
    assert (image.extract_band(0) - noise).abs().max() == 0
