"""The formats that variants are written in: all that is known of each stands here.

A new one is a member of `Format`, or two where `format=auto` may choose it, and a row of
`OUTPUT_FORMATS`. What URLs offer, what `Accept` is negotiated to, what a worker may reply, how it
encodes and what it tries at its start follow from that.

Milliseconds and kB are of photos at 512 px on one core, bytes at equal score: `bench/encoders.md`
has the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Format(StrEnum):
    """What is asked for. The `auto-…` members are what negotiation makes of `auto`.

    They differ from a format asked for by name in what happens to an original that the format
    cannot hold: an animation or transparency moves to a format that can.
    """

    AUTO = "auto"
    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    BASELINE_JPEG = "baseline-jpeg"
    PNG = "png"
    GIF = "gif"
    JSON = "json"
    AUTO_AVIF = "auto-avif"
    AUTO_WEBP = "auto-webp"
    AUTO_JPEG = "auto-jpeg"


EncoderSettings = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """What a format can hold, and how it is written."""

    media_type: str
    begins: bytes
    """How every file of it begins, as a regular expression."""
    max_side: int
    """Pixels, by the format or its encoder."""
    save: str
    """The operation of libvips that writes it."""
    settings: EncoderSettings = field(default_factory=dict)
    """Of that operation, beside the quality."""
    harder: EncoderSettings = field(default_factory=dict)
    """Instead of those, where nothing else makes a file smaller."""
    levels: Mapping[str, int] = field(default_factory=dict)
    """The encoder's own 1…100 for each named quality; none where it has no quality."""
    alpha: bool = True
    frames: bool = False
    profile: bool = True
    """Whether it can say that its colours are not those of sRGB."""
    grey: bool = False
    """Whether it can hold one band for a picture without colour."""
    negotiated: Format | None = None
    """What `auto` becomes for a client that names its media type. Of those that a client likes
    alike the row that stands first is chosen."""
    for_frames: Format | None = None
    """Where it was negotiated: what an animation is written in instead."""
    for_alpha: Format | None = None
    """Where it was negotiated: what a picture with transparency is written in instead."""


_BASELINE_JPEG = OutputFormat(
    media_type="image/jpeg",
    begins=rb"\xff\xd8\xff",
    max_side=65_500,
    save="jpegsave_buffer",
    # mozjpeg's fifth table (Klein, Silverstein and Carney, 1992) needs 8 % fewer bytes than the
    # standard's for the same score, in the same time; of all nine none needs fewer.
    settings={"optimize_coding": True, "quant_table": 5},
    levels={"low": 40, "medium-low": 56, "medium-high": 78, "high": 88},
    alpha=False,
    grey=True,
)

# Each level scores alike in every format: SSIMULACRA2 57, 65, 76, 82, mean of eleven photos at
# 512 px. `medium-high` is 27 kB as JPEG, 27 as WebP, 23 as AVIF.
OUTPUT_FORMATS: dict[Format, OutputFormat] = {
    Format.AVIF: OutputFormat(
        media_type="image/avif",
        begins=rb"....ftypavif",
        max_side=16_384,
        save="heifsave_buffer",
        # Effort 1: 10 % fewer bytes in 3.6 times the time. 10 bits: 4 % fewer in 1.4 times.
        settings={"compression": "av1", "effort": 0, "bitdepth": 8},
        levels={"low": 45, "medium-low": 52, "medium-high": 66, "high": 76},
        negotiated=Format.AUTO_AVIF,
        for_frames=Format.WEBP,  # libvips writes no AVIF sequence
    ),
    Format.WEBP: OutputFormat(
        media_type="image/webp",
        begins=rb"RIFF....WEBP",
        max_side=16_383,
        save="webpsave_buffer",
        # Effort 1: 9 % more bytes in 0.78 of the time; 4: 5 % fewer in twice the time. Sharper
        # colours (`smart_subsample`) take three times as long, for 2 % fewer.
        settings={"effort": 2},
        levels={"low": 43, "medium-low": 63, "medium-high": 83, "high": 91},
        frames=True,
        negotiated=Format.AUTO_WEBP,
    ),
    Format.JPEG: replace(
        _BASELINE_JPEG,
        # Progressive: costs 3 ms and saves 1.6 %, 2.3 % at 1280 px, and a slow line shows a picture
        # at once. The best scans save 3 % and cost 11 ms, trellis quantisation saves nothing.
        settings={**_BASELINE_JPEG.settings, "interlace": True},
        negotiated=Format.AUTO_JPEG,
        for_frames=Format.GIF,
        for_alpha=Format.PNG,
    ),
    Format.BASELINE_JPEG: _BASELINE_JPEG,
    Format.PNG: OutputFormat(
        media_type="image/png",
        begins=rb"\x89PNG\r\n\x1a\n",
        max_side=2**31 - 1,
        save="pngsave_buffer",
        # `avg` is as small for photos in 0.8 of the time, and 13 % larger for drawings. 6 with all
        # filters: 4 % smaller (drawings 9) in 1.8 times the time; 9: 7 % in 7.6 times.
        settings={"compression": 3, "filter": "paeth"},
        harder={"compression": 9, "filter": "all"},
        grey=True,
    ),
    Format.GIF: OutputFormat(
        media_type="image/gif",
        begins=rb"GIF8[79]a",
        max_side=65_535,
        save="gifsave_buffer",
        settings={"effort": 4},
        frames=True,
        profile=False,
    ),
}

NEGOTIATED = {row.negotiated: format_ for format_, row in OUTPUT_FORMATS.items() if row.negotiated}
"""What `auto` may become, and what that is mostly written in, the best first."""
FALLBACK = Format.AUTO_JPEG
"""What `auto` becomes for a client that names none: every program reads it."""
OFFERED = tuple(format_ for format_ in Format if format_ not in NEGOTIATED)
"""What may be asked for by name."""

BY_MEDIA_TYPE = {row.media_type: format_ for format_, row in reversed(OUTPUT_FORMATS.items())}
"""One format for each media type: of two the first."""
JSON_TYPE = "application/json"
"""Of `format=json`, which is no picture."""
