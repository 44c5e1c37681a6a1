"""`gamut=p3`: which variants are wide, and a URL's colours in their terms."""

from dataclasses import replace

from resizer.model.transform import Border, Colour, Gamut, Transform
from resizer.render.colour.icc import srgb_light

_P3_OF_SRGB = (
    (0.822462, 0.177538, 0.0),
    (0.033194, 0.966806, 0.0),
    (0.017083, 0.072397, 0.910520),
)
"""Light of sRGB as light of Display P3 (CSS Color 4 §10)."""


def with_gamut(transform: Transform, *, wide: bool) -> Transform:
    """The transform with the gamut that its variant will have, and its colours as samples of that.

    `wide` says whether the original may hold more than sRGB, and the format to write a profile.
    """
    if transform.gamut is Gamut.SRGB or not wide:
        return replace(transform, gamut=Gamut.SRGB)
    background, border = transform.background, transform.border
    return replace(
        transform,
        background=background and in_p3(background),
        border=border and Border(border.edges, in_p3(border.colour)),
    )


def in_p3(colour: Colour) -> Colour:
    """The samples of Display P3 that show an sRGB colour; both spaces have the same curve."""
    light = [srgb_light(sample / 255) for sample in (colour.red, colour.green, colour.blue)]
    mixed = (sum(a * b for a, b in zip(row, light, strict=True)) for row in _P3_OF_SRGB)
    red, green, blue = (round(255 * _sample(value)) for value in mixed)
    return Colour(red, green, blue, colour.alpha)


def _sample(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)
