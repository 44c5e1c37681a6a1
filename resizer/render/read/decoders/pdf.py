"""A page of a PDF, drawn by PDFium (pypdfium2): on white, without its forms, scripts or XFA.

A page has no pixels of its own: like an SVG it is drawn at the size that is needed.
"""

from typing import Any

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import LazyImage, decoding, installed, page_index, picture

NAME = "pypdfium2"
PIXELS_PER_POINT = 2
"""How large a page is taken to be: 144 dots per inch, so A4 is 1190 × 1684."""
_MAX_POINTS = 14_400
"""Of a side: 200 inches (PDF 1.7, Annex C)."""

pypdfium2 = installed("pypdfium2")


def available(kind: SourceFormat) -> bool:
    return pypdfium2 is not None


@decoding()
def inspect(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    document = _document(source)
    pages = len(document)
    sheet = document.get_page(page_index(page, pages))
    points = sheet.get_size()
    if not all(0 < side <= _MAX_POINTS for side in points):
        raise UnprocessableSource(f"A page of the PDF is not of 0 to {_MAX_POINTS:,} points.")
    size = Size(*(max(1, round(side * PIXELS_PER_POINT)) for side in points))
    return LazyImage(size, pages, lambda scale: _drawn(sheet, size, scale))


def _document(source: memoryview) -> Any:
    try:
        return pypdfium2.PdfDocument(bytes(source))
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise UnprocessableSource("The PDF asks for a password.") from None
        raise


@decoding()
def _drawn(sheet: Any, size: Size, scale: float) -> pyvips.Image:
    width, height = (max(1, round(side * scale)) for side in (size.width, size.height))
    raw = pypdfium2.raw
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGRx, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER | raw.FPDF_RENDER_LIMITEDIMAGECACHE
    raw.FPDF_RenderPageBitmap(bitmap, sheet, 0, 0, width, height, 0, flags)
    return picture(bitmap.buffer, Size(width, height), "RGBA").extract_band(0, n=3)
