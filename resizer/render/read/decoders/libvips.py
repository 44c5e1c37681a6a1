"""HEIC, AVIF sequences, JPEG XL and PDF by libvips' own loaders, where it was built with them.

That of `pyvips[binary]` was not; a system's often is. HEIC takes more than its loader, which AVIF
has too: libheif needs a decoder of HEVC, and only trying tells.
"""

from base64 import b85decode
from contextlib import suppress
from functools import cache
from typing import Any
from zlib import decompress

import pyvips

from resizer.model.geometry import Size
from resizer.render.colour.profile import holds_wide_gamut, profiled
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import LazyImage, page_count, page_index
from resizer.render.read.decoders.pdf import PIXELS_PER_POINT

NAME = "libvips"
LOADERS = {
    SourceFormat.HEIC: ("VipsForeignLoadHeif", "heifload_source"),
    SourceFormat.AVIF_SEQUENCE: ("VipsForeignLoadHeif", "heifload_source"),
    SourceFormat.JXL: ("VipsForeignLoadJxl", "jxlload_source"),
    SourceFormat.PDF: ("VipsForeignLoadPdf", "pdfload_source"),
}
"""libvips' class and operation."""

_HEIF = {SourceFormat.HEIC, SourceFormat.AVIF_SEQUENCE}
"""What names its colours in the boxes that an AVIF has."""

_OPTIONS: dict[SourceFormat, dict[str, Any]] = {
    SourceFormat.HEIC: {"autorotate": True},
    SourceFormat.AVIF_SEQUENCE: {"autorotate": True},
    SourceFormat.PDF: {"dpi": 72 * PIXELS_PER_POINT},
}

_SMALL_HEIC = decompress(
    b85decode(
        b"c-muNV30{GsVvAy%}izhg51nBLl8SRGck>UfiWXDwIq=N0u(b+a*CjAhJwuG5(YG&l$nzcHpIn&fe{FSfUyTc1A!"
        b"J0D`#frrGa@MQBfc#l?lqrC`&d3G5HEIOLE~#USt*&6#(gznFY!DK)MvD%$boHBs2l6NbUo}pT9qTFfi~lCjfOwI"
        b"56@s{{IhBzzkBs3_^0dm>d#;lA2D8jA$|o6dGBly;?Wx*#pG|2O1a{cp5;$ElEJtY%Yukiw|}J?GVW<E=Yy?!U2j"
        b"kl5-M4t`LAa6iomB|NjDzW`fZm@q)~XOpr!q4h{|=C7xN33ky(S7_l@mu`~mjM!6}8pzu`FU|cV$80X~hK6dH;|1"
        b"~xLt)~7{jILScwQM@e^^Td`%#97b6X#k006eT)hy"
    )
)
"""16 × 16 red pixels."""

# A system's libheif keeps its codecs in files of their own. It finds them now or, locked in, never.
with suppress(pyvips.Error):
    pyvips.Image.heifload_buffer(_SMALL_HEIC)


def available(kind: SourceFormat) -> bool:
    if not pyvips.type_find("VipsOperation", LOADERS[kind][1]):
        return False
    return kind is not SourceFormat.HEIC or _decodes_hevc()


def inspect(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    image = _load(source, kind)
    pages = page_count(image)
    index = page_index(page, pages)
    chosen: dict[str, Any] = {}
    if page > 1:
        chosen["page"] = _after_primary(image, index)
        image = _load(source, kind, **chosen)
    size = Size(image.width, image.height)
    wide = holds_wide_gamut(image)
    return LazyImage(size, pages, lambda scale: _drawn(source, kind, scale, chosen), wide)


def _after_primary(image: pyvips.Image, index: int) -> int:
    """Page 1 is a HEIC's primary image, wherever it lies; the others follow in their order."""
    if image.get_typeof("heif-primary") and index <= image.get("heif-primary"):
        return index - 1
    return index


def _drawn(
    source: memoryview, kind: SourceFormat, scale: float, chosen: dict[str, Any]
) -> pyvips.Image:
    if kind is not SourceFormat.PDF:
        return _load(source, kind, **chosen)
    return _load(source, kind, scale=scale, **chosen).flatten(background=255)


def _load(source: memoryview, kind: SourceFormat, **options: Any) -> pyvips.Image:
    image = getattr(pyvips.Image, LOADERS[kind][1])(
        pyvips.Source.new_from_memory(source),
        access="sequential",
        fail_on="error",
        **_OPTIONS.get(kind, {}),
        **options,
    )
    return profiled(image, source, SourceFormat.AVIF) if kind in _HEIF else image


@cache
def _decodes_hevc() -> bool:
    """Decode a small HEIC. Starts threads: only after the lock."""
    try:
        pyvips.Image.heifload_buffer(_SMALL_HEIC).avg()
    except pyvips.Error:
        return False
    return True
