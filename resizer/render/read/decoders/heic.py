"""HEIC by pillow-heif: libheif with libde265. Page 1 is the primary image, then come the others.

libheif turns and mirrors as `irot` and `imir` say; EXIF's orientation is void beside them (ISO/IEC
23008-12, Annex A), so iPhone photos, which carry both, are turned once.
"""

from typing import Any

import pyvips

from resizer.model.geometry import Size
from resizer.render.colour import cicp
from resizer.render.colour.icc import is_wide
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import (
    LazyImage,
    decoding,
    described,
    installed,
    page_index,
    picture,
)

NAME = "pillow-heif"

pillow_heif = installed("pillow_heif")


def available(kind: SourceFormat) -> bool:
    return pillow_heif is not None


@decoding()
def inspect(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    for unused in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(pillow_heif.options, unused, False)
    pillow_heif.options.DECODE_THREADS = 1
    file = pillow_heif.open_heif(bytes(source), convert_hdr_to_8bit=True)
    first = file.primary_index
    index = page_index(page, len(file))
    order = [first, *(other for other in range(len(file)) if other != first)]
    image = file[order[index]]
    icc = _profile(image)
    wide = is_wide(icc or b"")
    return LazyImage(Size(*image.size), len(file), lambda scale: _decoded(image, icc), wide)


@decoding()
def _decoded(image: Any, icc: bytes | None) -> pyvips.Image:
    pixels = image.data  # first, for it corrects the size
    words = {name: image.info.get(name) for name in ("exif", "xmp")}
    return described(picture(pixels, Size(*image.size), image.mode), icc=icc, **words)


def _profile(image: Any) -> bytes | None:
    embedded: bytes | None = image.info.get("icc_profile")
    said = image.info.get("nclx_profile")
    if embedded or not said:
        return embedded
    return cicp.profile(said["color_primaries"], said["transfer_characteristics"])
