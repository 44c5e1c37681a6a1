"""HEIC by pillow-heif: libheif with libde265. Page 1 is the primary image, then come the others.

libheif turns and mirrors as `irot` and `imir` say; EXIF's orientation is void beside them (ISO/IEC
23008-12, Annex A), so iPhone photos, which carry both, are turned once.
"""

from typing import Any

import pyvips

from resizer.geometry import Size
from resizer.render.decoders.opened import (
    Opened,
    decoding,
    described,
    installed,
    page_of,
    picture,
)
from resizer.render.sniff import SourceFormat

NAME = "pillow-heif"
_DISPLAY_P3 = 12
"""`color_primaries` of nclx (ITU-T H.273, table 2): SMPTE EG 432-1."""

pillow_heif = installed("pillow_heif")


def available(kind: SourceFormat) -> bool:
    return pillow_heif is not None


@decoding()
def examine(source: memoryview, kind: SourceFormat, page: int) -> Opened:
    for unused in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(pillow_heif.options, unused, False)
    pillow_heif.options.DECODE_THREADS = 1
    file = pillow_heif.open_heif(bytes(source), convert_hdr_to_8bit=True)
    first = file.primary_index
    index = page_of(len(file), page)
    order = [first, *(other for other in range(len(file)) if other != first)]
    image = file[order[index]]
    return Opened(Size(*image.size), len(file), lambda scale: _decoded(image))


@decoding()
def _decoded(image: Any) -> pyvips.Image:
    pixels = image.data
    info = image.info
    return described(
        picture(pixels, Size(*image.size), image.mode),
        icc=info.get("icc_profile") or _named_profile(info),
        exif=info.get("exif"),
        xmp=info.get("xmp"),
    )


def _named_profile(info: dict[str, Any]) -> bytes | None:
    """Display P3 is the one wide gamut that phones name by number instead of by profile."""
    named = info.get("nclx_profile") or {}
    if named.get("color_primaries") != _DISPLAY_P3:
        return None
    profile: bytes = pyvips.Image.profile_load("p3")
    return profile
