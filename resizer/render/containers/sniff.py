"""What an original is, by its first bytes: never by its name, nor by what the bucket says of it.

Only the formats of `SourceFormat` have a loader, some of them (see `decoders`) only where it was
installed. Everything else is refused here, before libvips sees a byte: it would read plain text as
a matrix, and its own raw format.
"""

from enum import StrEnum
from zlib import MAX_WBITS, decompressobj
from zlib import error as ZlibError  # noqa: N812

from resizer.errors import UnprocessableSource


class SourceFormat(StrEnum):
    """A format that is read, by its media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    AVIF = "image/avif"
    GIF = "image/gif"
    TIFF = "image/tiff"
    SVG = "image/svg+xml"
    HEIC = "image/heic"
    JXL = "image/jxl"
    PDF = "application/pdf"
    AVIF_SEQUENCE = "image/avif-sequence"


READ = ("JPEG", "PNG", "WebP", "AVIF", "GIF", "TIFF", "SVG")
"""What every worker reads; `decoders.read_here` knows the others."""


class NotRead(UnprocessableSource):
    """The original is of another format. Whoever shows the message ends it with what is read."""


_MAGIC = (
    (b"\xff\xd8\xff", SourceFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", SourceFormat.PNG),
    (b"GIF87a", SourceFormat.GIF),
    (b"GIF89a", SourceFormat.GIF),
    (b"II*\0", SourceFormat.TIFF),
    (b"MM\0*", SourceFormat.TIFF),
    (b"II+\0", SourceFormat.TIFF),
    (b"MM\0+", SourceFormat.TIFF),
    (b"%PDF-", SourceFormat.PDF),
    (b"\xff\x0a", SourceFormat.JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", SourceFormat.JXL),
)

_NOT_READ = (
    (b"BM", "BMP"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\x01\0", "an icon"),
    (b"\0\0\x02\0", "a cursor"),
    (b"v/1\x01", "OpenEXR"),
)

_AVIF_SEQUENCE_BRAND = b"avis"
_AVIF_BRANDS = {b"avif", _AVIF_SEQUENCE_BRAND}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_GZIP = b"\x1f\x8b"
_MAX_SVG_BYTES = 8 * 1024 * 1024
"""Text of an SVG, inflated where it is an svgz: gzip makes a thousand bytes of one. 5 MB of one
path take 0.6 GB and 3 s."""

SVG_PROLOGUE_BYTES = 64 * 1024
"""How far into a text `<svg` may stand: drawing programs put a licence before it."""


def sniff(source: memoryview) -> SourceFormat:
    """The format of an original. Raises NotRead, with its name where it has one."""
    head = bytes(source[:64])
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return SourceFormat.WEBP
    if head[4:8] == b"ftyp":
        return _sniff_heif(source)
    if head.startswith(_GZIP) or _is_svg(bytes(source[:SVG_PROLOGUE_BYTES])):
        return SourceFormat.SVG
    raise _refused(next((name for magic, name in _NOT_READ if head.startswith(magic)), None))


def svg_text(source: memoryview) -> memoryview:
    """The text of an SVG, inflated where it is an svgz. Raises UnprocessableSource."""
    if source[:2] != _GZIP:
        if len(source) > _MAX_SVG_BYTES:
            raise _too_long("has")
        return source
    inflater = decompressobj(MAX_WBITS | 16)
    try:
        text = inflater.decompress(source, _MAX_SVG_BYTES)
    except ZlibError:
        raise UnprocessableSource("The gzip-compressed original is corrupt.") from None
    if inflater.unconsumed_tail:
        raise _too_long("inflates to")
    if not inflater.eof:
        raise UnprocessableSource("The gzip-compressed original is cut short.")
    if not _is_svg(text[:SVG_PROLOGUE_BYTES]):
        raise _refused("gzip")
    return memoryview(text)


def _too_long(has: str) -> UnprocessableSource:
    return UnprocessableSource(f"The SVG {has} more than {_MAX_SVG_BYTES // 1024**2} MiB of text.")


def _sniff_heif(source: memoryview) -> SourceFormat:
    """ISO/IEC 14496-12 §4.3: a major brand, a version, then the compatible brands."""
    box = bytes(source[8 : min(int.from_bytes(source[:4], "big"), 256)])
    brands = {box[:4], *(box[at : at + 4] for at in range(8, len(box), 4))}
    if box[:4] == _AVIF_SEQUENCE_BRAND:
        return SourceFormat.AVIF_SEQUENCE
    if brands & _AVIF_BRANDS:
        return SourceFormat.AVIF
    if brands & _HEIC_BRANDS:
        return SourceFormat.HEIC
    raise _refused("a video")


def _is_svg(text: bytes) -> bool:
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"<") and (b"<svg" in text or b":svg" in text)


def _refused(name: str | None) -> NotRead:
    what = f"{name}, which is not read" if name else "of no format known here"
    return NotRead(f"The original is {what}")
