"""CSS colours (CSS Color Module Level 4) → Colour."""

import math
from collections.abc import Callable, Sequence

from tinycss2.color4 import Color, parse_color

from resizer.model.transform import Colour

MAX_LENGTH = 128
"""Characters; no colour needs more, and the parser is recursive."""
_MAX_COORDINATE = 1e6

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]


def read_colour(text: str) -> Colour:
    """Any colour of CSS Color 4 but `currentcolor`; outside sRGB, each channel is clipped.

    Raises ValueError.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError("too long for a colour")
    colour = parse_color(text)
    if not isinstance(colour, Color):
        raise ValueError("not a colour")
    if not all(abs(c or 0.0) <= _MAX_COORDINATE for c in colour):
        raise ValueError("out of any colour's range")
    red, green, blue = (_byte(channel) for channel in _srgb(colour))
    return Colour(red, green, blue, _byte(colour[3]))


def _srgb(colour: Color) -> Triple:
    """Gamma-coded sRGB, 0…1 where the colour is inside its gamut."""
    if (inside := _in(colour, "srgb")) is not None:
        return inside
    for space, (to_linear, matrix) in _SPACES.items():
        if (inside := _in(colour, space)) is not None:
            linear = [to_linear(c) for c in inside]
            red, green, blue = (_srgb_encoded(_dot(row, linear)) for row in matrix)
            return red, green, blue
    raise ValueError("no known colour space")


def _in(colour: Color, space: str) -> Triple | None:
    """The colour's coordinates in `space`, or None where tinycss2 knows no way there."""
    try:
        first, second, third, _ = (c or 0.0 for c in colour.to(space))
    except NotImplementedError:
        return None
    return first, second, third


def _byte(channel: float) -> int:
    """0…255, a half rounded up as browsers do."""
    return int(255 * min(1.0, max(0.0, channel)) + 0.5)


def _dot(row: Triple, values: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, values, strict=True))


def _mirrored(curve: Callable[[float], float]) -> Callable[[float], float]:
    """Transfer curves are odd functions (CSS Color 4 §10)."""
    return lambda value: math.copysign(curve(abs(value)), value)


def _plain(value: float) -> float:
    return value


@_mirrored
def _srgb_encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * math.pow(value, 1 / 2.4) - 0.055


@_mirrored
def _srgb_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


@_mirrored
def _a98_linear(value: float) -> float:
    return math.pow(value, 563 / 256)


@_mirrored
def _prophoto_linear(value: float) -> float:
    return value / 16 if value <= 16 / 512 else math.pow(value, 1.8)


@_mirrored
def _rec2020_linear(value: float) -> float:
    if value < 4.5 * 0.018053968510807:
        return value / 4.5
    return math.pow((value + 0.09929682680944) / 1.09929682680944, 1 / 0.45)


_IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

_SPACES: dict[str, tuple[Callable[[float], float], Matrix]] = {
    "srgb-linear": (_plain, _IDENTITY),
    "xyz-d65": (
        _plain,
        (
            (3.240970, -1.537383, -0.498611),
            (-0.969244, 1.875968, 0.041555),
            (0.055630, -0.203977, 1.056972),
        ),
    ),
    "xyz-d50": (
        _plain,
        (
            (3.134136, -1.617386, -0.490662),
            (-0.978795, 1.916254, 0.033443),
            (0.071955, -0.228977, 1.405386),
        ),
    ),
    "display-p3": (
        _srgb_linear,
        (
            (1.224940, -0.224940, 0.0),
            (-0.042057, 1.042057, 0.0),
            (-0.019638, -0.078636, 1.098274),
        ),
    ),
    "a98-rgb": (
        _a98_linear,
        ((1.398356, -0.398356, 0.0), (0.0, 1.0, 0.0), (0.0, -0.042929, 1.042929)),
    ),
    "rec2020": (
        _rec2020_linear,
        (
            (1.660491, -0.587641, -0.072850),
            (-0.124550, 1.132900, -0.008349),
            (-0.018151, -0.100579, 1.118730),
        ),
    ),
    "prophoto-rgb": (
        _prophoto_linear,
        (
            (2.034381, -0.727636, -0.306745),
            (-0.228826, 1.231743, -0.002917),
            (-0.008559, -0.153267, 1.161826),
        ),
    ),
}
"""How each space reaches linear sRGB: its transfer curve, then a matrix made from both spaces'
primaries (D50 spaces adapted by Bradford, CSS Color 4 §10)."""
