"""The field of a variant: its name among those of its original, which ends with its tags.

3f9c0d:width=100                               fingerprint and Transform
3f9c0d:width=100@thumb                         … of the preset `thumb`
3f9c0d:width=100,shows=1a2b@overlay:logo.png   … with version 1a2b of `logo.png` over it
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from resizer.model.image import Original
from resizer.model.transform import Transform

TAG_MARK = "@"
"""Begins each tag; stands nowhere else in a field."""
_OVERLAY = "overlay:"


class Overlay(NamedTuple):
    """A further original that a variant shows, as it was when the variant was named."""

    key: str
    version: str
    """Of `version_of`."""


def version_of(original: Original) -> str:
    """What differs between two originals of one key: the entity tag, where there is one."""
    return original.etag or f"{original.last_modified.timestamp():.0f}-{original.size}"


def field_of(
    fingerprint: str, transform: Transform, preset: str | None, overlays: Sequence[Overlay] = ()
) -> str:
    """Different where the bytes may differ, and where the tags do.

    `fingerprint` is what besides the Transform and the originals decides a variant's bytes.
    """
    tag = f"{TAG_MARK}{preset}" if preset else ""
    if not overlays:
        return f"{fingerprint}:{transform}{tag}"
    versions = "+".join(quote(overlay.version, safe="") for overlay in overlays)
    tags = "".join(TAG_MARK + overlay_tag(overlay.key) for overlay in overlays)
    return f"{fingerprint}:{transform},shows={versions}{tags}{tag}"


def overlay_tag(key: str) -> str:
    """The tag of every variant that shows the original of `key` over another."""
    return _OVERLAY + quote(key, safe="", errors="surrogatepass")


def has_tag(field: str, tag: str) -> bool:
    return f"{TAG_MARK}{tag}{TAG_MARK}" in f"{field}{TAG_MARK}"


def overlays_in(field: str) -> Sequence[str]:
    """The keys of the further originals that a variant shows."""
    if TAG_MARK + _OVERLAY not in field:
        return ()
    tags = (tag for tag in field.split(TAG_MARK)[1:] if tag.startswith(_OVERLAY))
    return [unquote(tag.removeprefix(_OVERLAY), errors="surrogatepass") for tag in tags]
