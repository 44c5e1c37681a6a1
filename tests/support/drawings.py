"""Originals drawn for the tests of the renderer, and a look at what it made of them."""

import json
from collections.abc import Iterable
from typing import Any

import pyvips

from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.pipeline.pipeline import render
from resizer.render.protocol.messages import Resampling

Pixel = tuple[float, ...]

RED, GREEN, BLUE, YELLOW = (220, 40, 30), (30, 160, 60), (40, 70, 200), (230, 200, 40)
GREY, WHITE, BLACK = (128, 128, 128), (255, 255, 255), (0, 0, 0)

UPRIGHT = [RED, GREEN, BLUE, YELLOW]
TURNED = {
    1: UPRIGHT,
    2: [GREEN, RED, YELLOW, BLUE],
    3: [YELLOW, BLUE, GREEN, RED],
    4: [BLUE, YELLOW, RED, GREEN],
    5: [RED, BLUE, GREEN, YELLOW],
    6: [BLUE, RED, YELLOW, GREEN],
    7: [YELLOW, GREEN, BLUE, RED],
    8: [GREEN, YELLOW, RED, BLUE],
}
"""What a viewer shows of `quarters` stored with each EXIF orientation (EXIF 2.32, §4.6.4 A)."""


def flat(width: int, height: int, colour: Pixel) -> pyvips.Image:
    """One colour; two bands are grey and alpha, four are RGB and alpha."""
    image = (pyvips.Image.black(width, height, bands=len(colour)) + list(colour)).cast("uchar")
    return image.copy(interpretation="b-w" if len(colour) < 3 else "srgb")


def quarters(width: int = 120, height: int = 80) -> pyvips.Image:
    """Red, green over blue, yellow: every turn and every crop shows."""
    across, down = width // 2, height // 2
    parts = [flat(across, down, colour) for colour in (RED, GREEN, BLUE, YELLOW)]
    return pyvips.Image.arrayjoin(parts, across=2)


def checkerboard(width: int, height: int) -> pyvips.Image:
    """Black and white, changing with every pixel."""
    xy = pyvips.Image.xyz(width, height)
    return (((xy[0] + xy[1]) % 2) * 255).cast("uchar").copy(interpretation="b-w")


def jpeg(image: pyvips.Image, **options: Any) -> bytes:
    """As good as JPEG is: colours within 2 of what was drawn."""
    body: bytes = image.jpegsave_buffer(**{"Q": 95, "subsample_mode": "off", **options})
    return body


def png(image: pyvips.Image, **options: Any) -> bytes:
    body: bytes = image.pngsave_buffer(**options)
    return body


def header_alone(source: bytes) -> bytes:
    """A PNG up to its first pixel."""
    return source[: source.index(b"IDAT") + 4]


def animation(frames: list[pyvips.Image], delays: list[int], loop: int = 3) -> pyvips.Image:
    """Frames one under another, as the savers of GIF and WebP want them."""
    roll = pyvips.Image.arrayjoin(frames, across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    roll.set_type(pyvips.GValue.array_int_type, "delay", delays)
    roll.set_type(pyvips.GValue.gint_type, "loop", loop)
    return roll


def oriented(image: pyvips.Image, orientation: int) -> pyvips.Image:
    """The same pixels with an EXIF orientation that says how to hold them."""
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image


def rendered(
    source: bytes,
    *,
    limits: Limits | None = None,
    resampling: Resampling = Resampling.LINEAR,
    **options: Any,
) -> Rendered:
    """What the renderer makes of `source` for a Transform of `options`."""
    return render([source], Transform(**options), limits or Limits(), resampling)


def look(variant: Rendered, **options: Any) -> pyvips.Image:
    """The variant as a reader sees it; its header and its size must be what was said."""
    image = pyvips.Image.new_from_buffer(variant.body, "", **options)
    assert (image.width, image.get_page_height()) == (variant.width, variant.height)
    return image.colourspace("srgb").copy_memory()


def picture(source: bytes, **options: Any) -> pyvips.Image:
    """What the renderer makes of `source`, as a reader sees it."""
    return look(rendered(source, **options))


def near(pixel: Iterable[float], expected: Pixel, within: float = 6) -> bool:
    """Whether no band is further than `within` from what is expected."""
    found = list(pixel)
    assert len(found) == len(expected), f"{len(found)} bands instead of {len(expected)}"
    return all(abs(one - other) <= within for one, other in zip(found, expected, strict=True))


def corners(image: pyvips.Image) -> list[tuple[int, ...]]:
    """The colour of each quarter's middle, each named by what `quarters` drew there."""
    named: list[tuple[int, ...]] = []
    for y in (image.height // 4, image.height * 3 // 4):
        for x in (image.width // 4, image.width * 3 // 4):
            pixel = image(x, y)[:3]
            named.append(next((c for c in (RED, GREEN, BLUE, YELLOW) if near(pixel, c, 12)), ()))
    return named


def described(source: bytes, **options: Any) -> dict[str, Any]:
    """What `format=json` tells."""
    facts: dict[str, Any] = json.loads(rendered(source, format=Format.JSON, **options).body)
    return facts
