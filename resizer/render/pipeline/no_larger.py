"""Never larger than the original: what stands in where encoding a picture anew gains nothing.

An original that was compressed harder than asked for comes out larger than it went in, and no
better.
"""

from dataclasses import fields

import pyvips

from resizer.model.limits import FailOn
from resizer.model.transform import Format, Transform
from resizer.render.containers.output_formats import is_own
from resizer.render.containers.sniff import SourceFormat
from resizer.render.pipeline.steps import Work
from resizer.render.read.load import load, load_frames
from resizer.render.read.orientation import STRAIGHT
from resizer.render.read.salvage import complaint
from resizer.render.write.encode import LOSSY, encode, quality
from resizer.render.write.strip import stripped

_OF_THE_FILE = {
    *("width", "height", "dpr", "fit", "gravity"),
    *("quality", "format", "metadata", "anim", "fast"),
}
"""Options that need not change a picture; any other that is set does."""
_LOWER = (0.92, 0.85, 0.77, 0.7, 0.6, 0.5, 0.35, 0.2)
"""Shares of the quality, tried one after the other. For AVIF, more effort at each loses a little
less (ΔE 2.23 instead of 2.32, mean of ten) in 4.7 times the time."""
_ALIKE = 2
"""Levels by which a sample may differ and be the same: rounding of a profile that is sRGB."""

_PASSED_OVER, _MISSED = "extraneous bytes before marker", "premature end of data segment"
"""What libjpeg warns of."""


def no_larger(body: bytes, image: pyvips.Image, format_: Format, work: Work) -> bytes:
    """`body`, which is `image` encoded, or something smaller if it outgrew the same original.

    The original's own picture if it can be had without what lay beside it; else encoded again, PNG
    with more effort, the others at a lower quality unless that was asked for by number. Other
    sizes, formats and pictures stay.
    """
    size = len(work.header.source)
    if work.partial or len(body) <= size or not _asks_for_the_original(work, format_):
        return body
    if work.header.turn == STRAIGHT and _shows_the_original(image, work):
        bare = stripped(bytes(work.header.source), body, format_)
        if bare and len(bare) < len(body) and _is_read_to_its_end(bare, format_):
            return bare
    for settings in _attempts(format_, work.transform, size / len(body)):
        body = min(body, encode(image, format_, work.transform, **settings), key=len)
        if len(body) <= size:
            break
    return body


def _attempts(format_: Format, transform: Transform, room: float) -> list[dict[str, object]]:
    """Settings that encode smaller than the usual ones, the next best first.

    `room` is how much of that size there is. Shares above its root were too many for all photos
    measured, and an attempt is the dearest part of a render: most now need two.
    """
    if format_ is Format.PNG:
        return [{"compression": 9, "filter": "all"}]
    if format_ not in LOSSY or isinstance(transform.quality, int):
        return []
    shares = [share for share in _LOWER if share**2 <= room] or _LOWER[-1:]
    return [{"Q": max(1, round(quality(format_, transform) * share))} for share in shares]


def _asks_for_the_original(work: Work, format_: Format) -> bool:
    """Whether nothing that changes the picture is asked for, and size and format are its own."""
    transform, header = work.transform, work.header
    plain = all(
        getattr(transform, field.name) == field.default
        for field in fields(transform)
        if field.name not in _OF_THE_FILE
    )
    whole = work.plan.size == header.size and work.plan.resized == header.size
    all_frames = work.frames or header.frames == 1
    return plain and whole and all_frames and is_own(format_, header.format)


def _shows_the_original(image: pyvips.Image, work: Work) -> bool:
    """Whether a reader that knows of no profile sees `image` in the original's bare picture."""
    header = work.header
    complaint()  # of what was read before
    bare = load_frames(header) if work.frames else load(header.source, header.format)
    if bare.interpretation == "cmyk":
        return False
    bare, image = (_with_alpha(one.colourspace("srgb").cast("uchar")) for one in (bare, image))
    return bool((bare - image).abs().max() <= _ALIKE) and _PASSED_OVER not in complaint()


def _is_read_to_its_end(bare: bytes, format_: Format) -> bool:
    """Whether the last byte of a JPEG's data is missed where it is not there.

    What follows the picture in them may be anything; libjpeg does not get that far, so as to say.
    """
    if format_ not in (Format.JPEG, Format.BASELINE_JPEG):
        return True
    end = -4 if bare[-4:-2] == b"\xff\0" else -3
    without = bare[:end] + bare[-2:]
    complaint()
    load(memoryview(without), SourceFormat.JPEG, fail_on=FailOn.NONE).avg()
    return _MISSED in complaint()


def _with_alpha(image: pyvips.Image) -> pyvips.Image:
    return image if image.hasalpha() else image.bandjoin(255)
