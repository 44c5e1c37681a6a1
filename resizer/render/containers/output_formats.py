"""Which format a variant is written in, and what that format can hold. No pixels here."""

import re
from dataclasses import dataclass
from functools import cache

from resizer.model.transform import Format, Transform
from resizer.render.containers.sniff import SourceFormat


@dataclass(frozen=True, slots=True)
class Capability:
    """What a written format can hold."""

    content_type: str
    max_side: int
    """Pixels, by the format or its encoder."""
    alpha: bool
    frames: bool
    profile: bool = True
    """Whether it can say that its colours are not those of sRGB."""


_JPEG = Capability("image/jpeg", 65_500, alpha=False, frames=False)

WRITTEN = {
    Format.JPEG: _JPEG,
    Format.BASELINE_JPEG: _JPEG,
    Format.PNG: Capability("image/png", 2**31 - 1, alpha=True, frames=False),
    Format.WEBP: Capability("image/webp", 16_383, alpha=True, frames=True),
    Format.AVIF: Capability("image/avif", 16_384, alpha=True, frames=False),
    Format.GIF: Capability("image/gif", 65_535, alpha=True, frames=True, profile=False),
}

_OWN = {
    SourceFormat.JPEG: Format.JPEG,
    SourceFormat.PNG: Format.PNG,
    SourceFormat.WEBP: Format.WEBP,
    SourceFormat.AVIF: Format.AVIF,
    SourceFormat.GIF: Format.GIF,
}
"""The formats that browsers read. All others become PNG where there is alpha, else JPEG."""


_JSON = "application/json"
_BEGINNING = {
    "image/jpeg": rb"\xff\xd8\xff",
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/webp": rb"RIFF....WEBP",
    "image/avif": rb"....ftypavif",
    "image/gif": rb"GIF8[79]a",
    _JSON: rb"\{",
}
"""How a variant of each media type begins."""


def may_be(body: bytes, content_type: str, transform: Transform) -> bool:
    """Whether some original could make `transform` give `body`, by its type and first bytes."""
    possible = _possible(transform.format, fast=transform.fast)
    return content_type in possible and bool(re.match(_BEGINNING[content_type], body, re.DOTALL))


@cache
def _possible(format_: Format | None, *, fast: bool) -> set[str]:
    if format_ is Format.JSON:
        return {_JSON}
    transform, either = Transform(format=format_, fast=fast), (False, True)
    return {
        WRITTEN[resolve(transform, source, frames=frames, alpha=alpha)].content_type
        for source in SourceFormat
        for frames in either
        for alpha in either
    }


def resolve(transform: Transform, source: SourceFormat, *, frames: bool, alpha: bool) -> Format:
    """The format to write: for an original with `frames` to keep, or with transparent pixels.

    A format asked for by name is what it is; the `auto-…` ones move to one that can hold the
    picture. Alpha that only `fit=pad` adds does not count: a padded photo stays a JPEG.
    """
    wanted = _wanted(transform, source)
    if wanted is Format.AUTO_AVIF:
        return Format.WEBP if frames else Format.AVIF
    if wanted is Format.AUTO_WEBP:
        return Format.WEBP
    if wanted is not Format.AUTO_JPEG:
        return wanted
    if frames:
        return Format.GIF
    if alpha:
        return Format.PNG
    return Format.BASELINE_JPEG if transform.fast else Format.JPEG


def is_own(written: Format, source: SourceFormat) -> bool:
    """Whether an original of `source` is a file of the format `written`."""
    own = _OWN.get(source)
    return own is written or (own is Format.JPEG and written is Format.BASELINE_JPEG)


def keeps_frames(transform: Transform, source: SourceFormat) -> bool:
    """Whether an animated original stays one."""
    format_ = resolve(transform, source, frames=True, alpha=False)
    return transform.anim and transform.page is None and WRITTEN[format_].frames


def _wanted(transform: Transform, source: SourceFormat) -> Format:
    if transform.fast:
        return Format.AUTO_JPEG
    if transform.format is None or transform.format is Format.JSON:
        return _OWN.get(source, Format.AUTO_JPEG)
    if transform.format is Format.AUTO:
        raise ValueError("format=auto is resolved by negotiation, before a render")
    return transform.format
