"""Formats that are read only where somebody installed what decodes them.

Each is an extra of the package; a libvips that was built with more than that of `pyvips[binary]`
reads them too. Imported before a worker locks itself in, for decoders are files like any other;
what they do with an original's bytes happens after it, in the same sandbox. All four together make
a worker start with 1.3 times the CPU time.
"""

from typing import Protocol

import pyvips

from resizer.errors import UnprocessableSource
from resizer.render.decoders import avif, heic, jxl, libvips, pdf
from resizer.render.decoders.opened import Opened
from resizer.render.sniff import READ, SourceFormat

EXTRAS = {
    SourceFormat.HEIC: ("heic", "HEIC"),
    SourceFormat.JXL: ("jxl", "JPEG XL"),
    SourceFormat.PDF: ("pdf", "PDF"),
    SourceFormat.AVIF_SEQUENCE: ("avif", "an AVIF sequence"),
}
"""The extra of the package `resizer` that reads a format, and what to call an original in it."""


class Decoder(Protocol):
    """What each module of this package is, but `opened`."""

    NAME: str

    def available(self, kind: SourceFormat) -> bool:
        """Whether it is installed and reads `kind`."""

    def examine(self, source: memoryview, kind: SourceFormat, page: int) -> Opened:
        """Read the header and `page`, from 1. Raises what it likes, but no pixel is decoded."""


_BY_PREFERENCE: dict[SourceFormat, tuple[Decoder, ...]] = {
    SourceFormat.HEIC: (libvips, heic),
    SourceFormat.JXL: (libvips, jxl),
    SourceFormat.PDF: (libvips, pdf),
    # libvips finds the still picture that most sequences carry beside them, and no other frame.
    SourceFormat.AVIF_SEQUENCE: (avif, libvips),
}


def decoder(kind: SourceFormat) -> Decoder | None:
    """What reads `kind` here, if anything does."""
    return next((each for each in _BY_PREFERENCE[kind] if each.available(kind)), None)


def examine(source: memoryview, kind: SourceFormat, page: int) -> Opened:
    """Open an original with what reads it here.

    Raises UnprocessableSource, which says what to install where nothing does.
    """
    reader = decoder(kind)
    if reader is None:
        raise _not_read(kind)
    try:
        return reader.examine(source, kind, page)
    except pyvips.Error:
        if kind is SourceFormat.AVIF_SEQUENCE:
            raise _not_read(kind) from None
        raise


def _not_read(kind: SourceFormat) -> UnprocessableSource:
    extra, name = EXTRAS[kind]
    return UnprocessableSource(
        f"The original is {name}, which is not read here: {READ};"
        f" the operator can add it by installing resizer[{extra}]."
    )
