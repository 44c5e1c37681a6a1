"""Which format a variant is written in, for what was asked and what the original is."""

import re
from functools import cache

from resizer.model.formats import (
    BY_MEDIA_TYPE,
    FALLBACK,
    JSON_TYPE,
    NEGOTIATED,
    OUTPUT_FORMATS,
    Format,
)
from resizer.model.transform import Transform
from resizer.render.containers.sniff import SourceFormat


def may_be(body: bytes, content_type: str, transform: Transform) -> bool:
    """Whether some original could make `transform` give `body`, by its type and first bytes."""
    possible = _possible(transform.format, fast=transform.fast)
    return content_type in possible and bool(re.match(possible[content_type], body, re.DOTALL))


@cache
def _possible(format_: Format | None, *, fast: bool) -> dict[str, bytes]:
    """Each media type, and how a file of it begins."""
    if format_ is Format.JSON:
        return {JSON_TYPE: rb"\{"}
    transform, either = Transform(format=format_, fast=fast), (False, True)
    written = (
        OUTPUT_FORMATS[output_format(transform, source, frames=frames, alpha=alpha)]
        for source in SourceFormat
        for frames in either
        for alpha in either
    )
    return {each.media_type: each.begins for each in written}


def output_format(
    transform: Transform, source: SourceFormat, *, frames: bool, alpha: bool
) -> Format:
    """The format to write: for an original with `frames` to keep, or with transparent pixels.

    A format asked for by name is what it is; the `auto-…` ones move to one that can hold the
    picture. Alpha that only `fit=pad` adds does not count: a padded photo stays a JPEG.
    """
    wanted = _wanted(transform, source)
    if wanted not in NEGOTIATED:
        return wanted
    written = OUTPUT_FORMATS[NEGOTIATED[wanted]]
    if frames and written.for_frames:
        return written.for_frames
    if alpha and written.for_alpha:
        return written.for_alpha
    return Format.BASELINE_JPEG if transform.fast else NEGOTIATED[wanted]


def is_own(written: Format, source: SourceFormat) -> bool:
    """Whether an original of `source` is a file of the format `written`."""
    return OUTPUT_FORMATS[written].media_type == source


def keeps_frames(transform: Transform, source: SourceFormat) -> bool:
    """Whether an animated original stays one."""
    format_ = output_format(transform, source, frames=True, alpha=False)
    return transform.anim and transform.page is None and OUTPUT_FORMATS[format_].frames


def _wanted(transform: Transform, source: SourceFormat) -> Format:
    if transform.fast:
        return FALLBACK
    if transform.format is None or transform.format is Format.JSON:
        return BY_MEDIA_TYPE.get(source, FALLBACK)
    if transform.format is Format.AUTO:
        raise ValueError("format=auto is resolved by negotiation, before a render")
    return transform.format
