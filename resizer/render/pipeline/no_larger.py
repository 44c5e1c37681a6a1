"""Encodes a variant of its original's own size and format again where it came out larger.

An original that was compressed harder than our defaults comes out larger than it went in, and no
better.
"""

from dataclasses import fields

import pyvips

from resizer.model.formats import OUTPUT_FORMATS, EncoderSettings, Format
from resizer.model.transform import Transform
from resizer.render.containers.output_formats import is_own
from resizer.render.pipeline.steps import Work
from resizer.render.write.encode import encode, encoder_quality

_OF_THE_FILE = {
    *("width", "height", "dpr", "fit", "gravity"),
    *("quality", "format", "metadata", "anim", "fast"),
}
"""Options that need not change a picture; any other that is set does."""
_LOWER = (0.92, 0.85, 0.77, 0.7, 0.6, 0.5, 0.35, 0.2)
"""Shares of the quality, tried one after the other. For AVIF, more effort at each loses a little
less (ΔE 2.23 instead of 2.32, mean of ten) in 4.7 times the time."""


def no_larger(body: bytes, image: pyvips.Image, format_: Format, work: Work) -> bytes:
    """`body`, which is `image` encoded, or a smaller file if it outgrew the same original.

    Encoded again: PNG with more effort, the others at a lower quality unless that was asked for by
    number. Other sizes, formats and pictures stay.
    """
    size = len(work.header.source)
    if work.partial or len(body) <= size or not _asks_for_the_original(work, format_):
        return body
    for settings in _attempts(format_, work.transform, size / len(body)):
        body = min(body, encode(image, format_, work.transform, **settings), key=len)
        if len(body) <= size:
            break
    return body


def _attempts(format_: Format, transform: Transform, room: float) -> list[EncoderSettings]:
    """Settings that encode smaller than the defaults, the next best first.

    `room` is how much of that size there is. Shares above its root were too many for all photos
    measured, and an attempt is the dearest part of a render: most now need two.
    """
    written = OUTPUT_FORMATS[format_]
    if written.harder:
        return [written.harder]
    if not written.levels or isinstance(transform.quality, int):
        return []
    shares = [share for share in _LOWER if share**2 <= room] or _LOWER[-1:]
    return [{"Q": max(1, round(encoder_quality(format_, transform) * share))} for share in shares]


def _asks_for_the_original(work: Work, format_: Format) -> bool:
    """Whether nothing that changes the picture is asked for, and size and format are its own."""
    transform, header = work.transform, work.header
    plain = not work.overlays and all(
        getattr(transform, field.name) == field.default
        for field in fields(transform)
        if field.name not in _OF_THE_FILE
    )
    whole = work.plan.size == header.size and work.plan.resized == header.size
    all_frames = work.frames or header.frames == 1
    return plain and whole and all_frames and is_own(format_, header.format)
