"""From pixels to bytes: the settings of each encoder, with what they cost.

Milliseconds and kB are of photos at 512 px on one core, bytes at equal score: `bench/encoders.md`
has the tables.
"""

import pyvips

from resizer.model.transform import Format, Gamut, Quality, Transform
from resizer.render.colour.convert import is_grey
from resizer.render.write.frames import declaring_alpha
from resizer.render.write.metadata import ICC, in_p3, reduced

_LEVELS = {
    Format.JPEG: {"low": 40, "medium-low": 56, "medium-high": 78, "high": 88},
    Format.BASELINE_JPEG: {"low": 40, "medium-low": 56, "medium-high": 78, "high": 88},
    Format.WEBP: {"low": 43, "medium-low": 63, "medium-high": 83, "high": 91},
    Format.AVIF: {"low": 45, "medium-low": 52, "medium-high": 66, "high": 76},
}
"""Each level scores alike in every format: SSIMULACRA2 57, 65, 76, 82, mean of eleven photos at
512 px. `medium-high` is 27 kB as JPEG, 27 as WebP, 23 as AVIF."""

LOSSY = frozenset(_LEVELS)
"""The formats that have a quality."""

_GREY = {Format.JPEG, Format.BASELINE_JPEG, Format.PNG}
"""The formats that can hold one band for a picture without colour."""

_JPEG: dict[str, object] = {"optimize_coding": True, "quant_table": 5}
"""mozjpeg's fifth table (Klein, Silverstein and Carney, 1992) needs 8 % fewer bytes than the
standard's for the same score, in the same time; of all nine none needs fewer."""

ENCODERS: dict[Format, tuple[str, dict[str, object]]] = {
    # Progressive: costs 3 ms and saves 1.6 %, 2.3 % at 1280 px, and a slow line shows a picture at
    # once. The best scans save 3 % and cost 11 ms, trellis quantisation saves nothing.
    Format.JPEG: ("jpegsave_buffer", _JPEG | {"interlace": True}),
    Format.BASELINE_JPEG: ("jpegsave_buffer", _JPEG),
    # Effort 1: 9 % more bytes in 0.78 of the time; 4: 5 % fewer in twice the time. Sharper colours
    # (`smart_subsample`) take three times as long, for 2 % fewer.
    Format.WEBP: ("webpsave_buffer", {"effort": 2}),
    # Effort 1: 10 % fewer bytes in 3.6 times the time. 10 bits: 4 % fewer in 1.4 times.
    Format.AVIF: ("heifsave_buffer", {"compression": "av1", "effort": 0, "bitdepth": 8}),
    # `avg` is as small for photos in 0.8 of the time, and 13 % larger for drawings. 6 with all
    # filters: 4 % smaller (drawings 9) in 1.8 times the time; 9: 7 % in 7.6 times.
    Format.PNG: ("pngsave_buffer", {"compression": 3, "filter": "paeth"}),
    Format.GIF: ("gifsave_buffer", {"effort": 4}),
}


def encode(image: pyvips.Image, format_: Format, transform: Transform, **instead: object) -> bytes:
    """The whole file, with settings of libvips' encoder `instead` of the usual ones.

    PNG and GIF have no quality: one loses nothing, the other has 256 colours.
    """
    image, keep = reduced(image, transform.metadata)
    if transform.gamut is Gamut.P3 and not is_grey(image):
        image, keep = in_p3(image), keep | ICC
    if format_ in _GREY and is_grey(image):
        image = image.colourspace("b-w")
    save, settings = ENCODERS[format_]
    if format_ in LOSSY:
        settings = settings | {"Q": quality(format_, transform)}
    body: bytes = getattr(image, save)(keep=keep, **(settings | instead))
    if format_ is Format.WEBP and image.hasalpha():
        return declaring_alpha(body)
    return body


def quality(format_: Format, transform: Transform) -> int:
    """An encoder's own 1…100, for a number or a level; none is `medium-high`."""
    asked = transform.quality or Quality.MEDIUM_HIGH
    return _LEVELS[format_][asked] if isinstance(asked, Quality) else asked
