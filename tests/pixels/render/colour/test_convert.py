"""Whatever an original's colours are coded in, they come out as the same colours in sRGB."""

import pytest
import pyvips

from resizer.model.formats import Format
from resizer.render.colour.convert import is_grey
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    Pixel,
    flat,
    jpeg,
    near,
    picture,
    png,
    rendered,
)

COLOURS = (RED, GREEN, BLUE, YELLOW)


def shown(source: bytes, **options: object) -> list[float]:
    pixel: list[float] = picture(source, format=Format.PNG, **options)(5, 5)
    return pixel


def test_no_profile_goes_out() -> None:
    wide = flat(40, 40, RED).icc_transform("p3", input_profile="srgb", depth=8)
    for format_ in (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF):
        image = picture(wide.pngsave_buffer(), format=format_)
        assert "icc-profile-data" not in image.get_fields(), format_


def test_a_profile_that_does_not_fit_its_picture_is_ignored() -> None:
    inks = flat(40, 40, RED).icc_transform("cmyk", input_profile="srgb")
    for profile in (inks.get("icc-profile-data"), b"no profile at all" * 20):
        image = flat(40, 40, GREEN).copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        assert near(shown(image.tiffsave_buffer()), GREEN, 3)


@pytest.mark.parametrize("colour", COLOURS)
def test_sixteen_bits_come_out_as_eight(colour: Pixel) -> None:
    deep = flat(40, 40, colour).colourspace("rgb16")
    for source in (png(deep), deep.tiffsave_buffer()):
        assert near(shown(source), colour, 1)
        assert near(shown(source, width=10), colour, 1)


def test_sixteen_bit_alpha_stays_what_it_is() -> None:
    deep = flat(40, 40, (*RED, 128)).colourspace("rgb16")
    assert near(shown(png(deep), width=10), (*RED, 128), 2)


@pytest.mark.parametrize("level", [0, 100, 255])
def test_grey_stays_grey_and_one_band(level: int) -> None:
    drawn = flat(40, 40, (level,))
    for source in (png(drawn), jpeg(drawn), png(drawn.colourspace("grey16"))):
        assert near(shown(source), (level,) * 3, 1)
        for format_ in (Format.PNG, Format.JPEG):
            body = rendered(source, format=format_).body
            assert pyvips.Image.new_from_buffer(body, "").bands == 1


@pytest.mark.parametrize("colour", [(101, 100, 100), (100, 101, 100), (100, 100, 101)])
@pytest.mark.parametrize("at", [(0, 0), (20, 20), (39, 39)])
def test_one_pixel_of_colour_is_not_grey(colour: Pixel, at: tuple[int, int]) -> None:
    grey = flat(40, 40, (100, 100, 100))
    assert is_grey(grey)
    assert not is_grey(grey.insert(flat(1, 1, colour), *at))


def test_grey_with_alpha_stays_both() -> None:
    assert near(shown(png(flat(40, 40, (100, 128)))), (100, 100, 100, 128), 1)


def test_bands_that_have_no_name_are_taken_for_colours() -> None:
    nameless = flat(40, 40, GREEN).bandjoin([9, 9, 9]).copy(interpretation="multiband")
    assert near(shown(nameless.tiffsave_buffer())[:3], GREEN, 2)


ADJUSTMENTS = [
    ({"brightness": 2.0}, (60, 20, 100), (120, 40, 200)),
    ({"brightness": 0.5}, (60, 20, 100), (30, 10, 50)),
    ({"brightness": 9.0}, (60, 20, 100), (255, 180, 255)),
    ({"contrast": 2.0}, (60, 128, 180), (0, 128, 232)),
    ({"contrast": 0.5}, (0, 128, 255), (64, 128, 191)),
    ({"gamma": 2.0}, (64, 64, 64), (128, 128, 128)),
    ({"gamma": 0.5}, (128, 128, 128), (64, 64, 64)),
    ({"saturation": 0.0}, (255, 0, 0), (54, 54, 54)),
    ({"saturation": 2.0}, (140, 120, 120), (156, 116, 116)),
    ({"saturation": 0.5}, (100, 100, 100), (100, 100, 100)),
    ({"brightness": 2.0, "contrast": 0.5}, (60, 20, 100), (124, 84, 164)),
]


@pytest.mark.parametrize(("options", "before", "after"), ADJUSTMENTS)
def test_an_adjustment_does_what_its_factor_says(
    options: dict[str, float], before: Pixel, after: Pixel
) -> None:
    assert near(shown(png(flat(20, 20, before)), **options), after, 1.5)


@pytest.mark.parametrize("options", [options for options, _, _ in ADJUSTMENTS])
def test_an_adjustment_leaves_alpha_alone(options: dict[str, float]) -> None:
    assert shown(png(flat(20, 20, (60, 20, 100, 77))), **options)[3] == 77
