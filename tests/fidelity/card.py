"""The test card: one picture that shows at a glance what was done to it.

An arrow points up and a letter stands upright; the four corners have four colours; patches have
known colours; rings grow finer until they are one pixel wide; ramps show steps and clipping.
"""

import pyvips

WIDTH, HEIGHT = 480, 360
SKY = (224, 232, 240)
INK = (32, 32, 40)
CORNERS = ((220, 40, 40), (40, 160, 60), (40, 80, 210), (240, 190, 30))
"""Left top, right top, left bottom, right bottom."""
PATCHES = (
    *((115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177)),
    *((214, 126, 44), (175, 54, 60), (231, 199, 31), (56, 61, 150), (8, 133, 161)),
    *((0, 0, 0), (85, 85, 85), (128, 128, 128), (170, 170, 170), (255, 255, 255)),
)

_ARROW = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="110" height="130" fill="#202028">'
    '<path d="M55 4 98 60H70v66H40V60H12z"/>'
    '<text x="55" y="112" font-family="DejaVu Sans" font-size="46" text-anchor="middle"'
    ' fill="#fff">R</text></svg>'
)
_CORNER, _PATCH, _RINGS, _RAMP = 44, 24, 150, 16


def card() -> pyvips.Image:
    """The card, 8-bit sRGB without alpha."""
    sheet = _flat(WIDTH, HEIGHT, SKY)
    for at, colour in enumerate(CORNERS):
        left, top = (at % 2) * (WIDTH - _CORNER), (at // 2) * (HEIGHT - _CORNER)
        sheet = sheet.insert(_flat(_CORNER, _CORNER, colour), left, top)
    for at, colour in enumerate(PATCHES):
        place = 60 + at % 5 * (_PATCH + 4), 60 + at // 5 * (_PATCH + 4)
        sheet = sheet.insert(_flat(_PATCH, _PATCH, colour), *place)
    sheet = sheet.insert(_rings(), WIDTH - _RINGS - 56, 60)
    sheet = sheet.composite2(_arrow(), "over", x=76, y=160).flatten().cast("uchar")
    for at, band in enumerate(((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))):
        sheet = sheet.insert(_ramp(band), 56, 296 + at * _RAMP // 2)
    return sheet.copy(interpretation="srgb").copy_memory()


def badge() -> pyvips.Image:
    """The card cut to a soft-edged ellipse, half transparent on its right: it has alpha."""
    grid = pyvips.Image.xyz(WIDTH, HEIGHT)
    across, down = (grid[0] / WIDTH - 0.5) * 2, (grid[1] / HEIGHT - 0.5) * 2
    inside = (1 - (across * across + down * down)) * 900
    alpha = (grid[0] > WIDTH / 2).ifthenelse(inside.clamp(min=0, max=128), inside)
    whole = card().bandjoin(alpha.clamp(min=0, max=255).cast("uchar"))
    return whole.copy(interpretation="srgb").copy_memory()


def frames(image: pyvips.Image) -> pyvips.Image:
    """Eight frames of a mark that runs along the top, of differing delays."""
    mark = _flat(30, 30, (255, 0, 160))
    mark = mark.bandjoin(255) if image.hasalpha() else mark
    pictures = [image.insert(mark, 60 + at * 45, 8).copy_memory() for at in range(8)]
    roll = pyvips.Image.arrayjoin(pictures, across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", image.height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", [100] * 7 + [600])
    roll.set_type(pyvips.GValue.gint_type, "loop", 0)
    return roll


def _flat(width: int, height: int, colour: tuple[int, ...]) -> pyvips.Image:
    flat = pyvips.Image.black(width, height, bands=len(colour)) + list(colour)
    return flat.cast("uchar").copy(interpretation="srgb")


def _rings() -> pyvips.Image:
    """A zone plate: right averaging makes of its rim the grey that half the light gives, 188."""
    zone = pyvips.Image.zone(_RINGS, _RINGS) > 0
    return zone.bandjoin([zone, zone]).cast("uchar").copy(interpretation="srgb")


def _ramp(band: tuple[int, ...]) -> pyvips.Image:
    ramp = pyvips.Image.xyz(WIDTH - 112, _RAMP // 2)[0] * (255 / (WIDTH - 113))
    bands = [ramp * channel for channel in band]
    return bands[0].bandjoin(bands[1:]).rint().cast("uchar").copy(interpretation="srgb")


def _arrow() -> pyvips.Image:
    return pyvips.Image.svgload_buffer(_ARROW.encode())
