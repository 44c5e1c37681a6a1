"""JPEG XL by pillow-jxl-plugin, which wraps libjxl.

The plugin decodes as it opens, so the header is read here first; of an animation it gives the last
frame alone, so animations are refused. A JPEG that was recompressed without loss comes back as
that JPEG, which libvips reads.
"""

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.render.containers.jpeg_scans import check_scans
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import (
    LazyImage,
    decoding,
    described,
    installed,
    page_index,
    picture,
)
from resizer.render.read.decoders.jxl_header import JxlHeader, read_header
from resizer.render.read.orientation import upright

NAME = "pillow-jxl-plugin"
_TIFF_OFFSET = 4
"""Bytes before the TIFF header in a box `Exif` (ISO/IEC 23008-12, Annex A)."""

pillow_jxl = installed("pillow_jxl")


def available(kind: SourceFormat) -> bool:
    return pillow_jxl is not None


def inspect(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    header = read_header(source)
    if header.animated:
        raise UnprocessableSource("An animated JPEG XL is not read here.")
    page_index(page, 1)
    # Its profile comes with its pixels: until then it may be wide.
    return LazyImage(header.size, 1, lambda scale: _decoded(source, header), wide=True)


@decoding()
def _decoded(source: memoryview, header: JxlHeader) -> pyvips.Image:
    is_jpeg, info, pixels, icc, boxes = pillow_jxl.Decoder(num_threads=0)(bytes(source))
    if is_jpeg:
        return _from_jpeg(pixels, header)
    if Size(info.width, info.height) != header.size:
        raise UnprocessableSource("The original contradicts itself about its size.")
    words = {bytes(box.box_type): bytes(box.data) for box in boxes}
    exif = words.get(b"Exif", b"")[_TIFF_OFFSET:]
    image = picture(pixels, header.size, info.mode)
    return described(image, icc=icc, exif=exif, xmp=words.get(b"xml "))


def _from_jpeg(jpeg: bytes, header: JxlHeader) -> pyvips.Image:
    """Turned as the JPEG XL around it says, which is what the JPEG's own EXIF said."""
    check_scans(memoryview(jpeg))
    image = pyvips.Image.jpegload_buffer(jpeg, fail_on="error")
    orientation = upright(header.orientation)
    if orientation.size(Size(image.width, image.height)) != header.size:
        raise UnprocessableSource("The original contradicts itself about its size.")
    return orientation.image(image.copy_memory())
