"""blur and sharpen."""

import numpy as np
import pytest
import pyvips

from resizer.model.formats import Format
from tests.support.colours import delta_e, lab
from tests.support.drawings import RED, Pixel, checkerboard, flat, near, picture, png, quarters


def edge_width(image: pyvips.Image) -> int:
    """Pixels along which black turns to white."""
    row = [image(x, image.height // 2)[0] for x in range(image.width)]
    return sum(10 < level < 245 for level in row)


def edge(width: int = 200) -> bytes:
    black = flat(width // 2, 40, (0, 0, 0))
    return png(black.join(flat(width // 2, 40, (255, 255, 255)), "horizontal"))


def test_a_larger_radius_blurs_more() -> None:
    radii = (1.0, 3.0, 8.0, 20.0, 60.0)
    widths = [edge_width(picture(edge(), blur=radius)) for radius in radii]
    assert widths == sorted(set(widths)), dict(zip(radii, widths, strict=True))
    assert widths[0] >= 2


@pytest.mark.parametrize("radius", [15.9, 16.1, 40.0, 250.0])
def test_a_blur_has_the_spread_its_radius_says(radius: float) -> None:
    # a Gaussian of deviation radius / 2 rises from 16 % to 84 % within one radius
    image = picture(edge(1200), blur=radius)
    row = [image(x, 20)[0] / 255 for x in range(1200)]
    rise = sum(0.159 < level < 0.841 for level in row)
    assert abs(rise - radius) <= max(2, 0.12 * radius)


@pytest.mark.parametrize("radius", [2.0, 30.0, 250.0])
def test_a_blur_keeps_size_colour_and_light(radius: float) -> None:
    image = picture(png(flat(60, 40, RED)), blur=radius)
    assert (image.width, image.height) == (60, 40)
    assert near(image(3, 3), RED, 2)
    assert abs(picture(png(quarters()), blur=radius).avg() - quarters().avg()) < 3


@pytest.mark.parametrize("radius", [4.0, 40.0])
def test_a_blur_takes_no_colour_from_transparent_pixels(radius: float) -> None:
    shape = flat(200, 200, (0, 0, 0, 0)).insert(flat(120, 120, (*RED, 255)), 40, 40)
    image = picture(png(shape), blur=radius)
    assert near(image(100, 100)[:3], RED, 3)
    for x in range(45, 100, 5):
        assert near(image(x, 100)[:3], RED, 12), "a fringe"
    assert 0 < image(41, 100)[3] < 255


def test_sharpening_grows_with_its_amount_and_leaves_flat_areas() -> None:
    grey = flat(100, 40, (90, 90, 90)).join(flat(100, 40, (150, 150, 150)), "horizontal")
    source = png(grey)
    amounts = (0.0, 0.5, 1.0, 3.0, 10.0)
    sharpened = [picture(source, sharpen=amount) for amount in amounts]
    contrast = [image.max() - image.min() for image in sharpened]
    assert contrast == sorted(set(contrast))
    assert near(picture(png(flat(40, 40, RED)), sharpen=10.0)(20, 20), RED, 2)


def test_sharpening_keeps_alpha() -> None:
    image = picture(png(quarters().bandjoin(99)), sharpen=2.0)
    assert image.extract_band(3).min() == image.extract_band(3).max() == 99


@pytest.mark.parametrize("amount", [1.0, 2.0, 10.0])
@pytest.mark.parametrize("colour", [RED, (120, 120, 120)])
def test_sharpening_draws_no_fringe_round_a_shape(amount: float, colour: Pixel) -> None:
    xy = pyvips.Image.xyz(400, 400) - 200
    disc = ((150.5 - (xy[0] ** 2 + xy[1] ** 2) ** 0.5).clamp(min=0, max=1) * 255).rint()
    shape = (disc > 0).ifthenelse(flat(400, 400, colour), [0, 0, 0]).bandjoin(disc).cast("uchar")
    image = picture(png(shape.copy(interpretation="srgb")), width=133, sharpen=amount).numpy()
    seen = image[image[..., 3] > 24][:, :3]
    assert delta_e(lab(seen / 255), lab(np.array(colour) / 255)).max() < 1.5


def test_effects_come_before_padding_and_border() -> None:
    source = png(checkerboard(40, 40))
    image = picture(source, blur=20.0, fit="pad", width=80, height=40, format=Format.PNG)
    assert image(5, 20)[3] == 0
    assert image(21, 20)[3] == 255, "the blur ran into the padding"
