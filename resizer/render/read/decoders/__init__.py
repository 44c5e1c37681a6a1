"""Formats that are read only where somebody installed what decodes them.

Each but AVIF sequences is an extra of the package; a libvips that was built with more than that of
`pyvips[binary]` reads them too. Imported before a worker locks itself in, for decoders are files
like any other; what they do with an original's bytes happens after it, in the same sandbox. The
extras together make a worker start with 1.2 times the CPU time.
"""

from dataclasses import replace
from typing import Protocol

import pyvips

from resizer.errors import UnprocessableSource
from resizer.render.containers.sniff import READ, SourceFormat
from resizer.render.read.decoders import avif, heic, jxl, libvips, pdf
from resizer.render.read.decoders.decoded import LazyImage, page_index

OPTIONAL = {
    SourceFormat.HEIC: ("pip install pillow-heif", "HEIC"),
    SourceFormat.JXL: ("pip install pillow-jxl-plugin", "JPEG XL"),
    SourceFormat.PDF: ("pip install pypdfium2", "PDF"),
    SourceFormat.AVIF_SEQUENCE: ("install a Pillow that reads AVIF", "an AVIF sequence"),
}
"""What to do so as to read a format, and what to call an original in it."""


class Decoder(Protocol):
    """What each module of this package is, but `decoded`."""

    NAME: str

    def available(self, kind: SourceFormat) -> bool:
        """Whether it is installed and reads `kind`."""

    def inspect(self, source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
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


def inspect_optional(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    """Open an original with what reads it here.

    Raises UnprocessableSource, which says what to install where nothing does.
    """
    reader = decoder(kind)
    if reader is None:
        raise _not_read(kind)
    if not reads_every_page(kind):
        return _still(source, kind, page)
    return reader.inspect(source, kind, page)


def reads_every_page(kind: SourceFormat) -> bool:
    """Whether what reads `kind` here finds more than its first page."""
    return kind is not SourceFormat.AVIF_SEQUENCE or decoder(kind) is not libvips


def read_here() -> str:
    """The formats that this worker reads. Starts threads: only after the lock."""
    found = (kind for kind in OPTIONAL if kind is not SourceFormat.AVIF_SEQUENCE and decoder(kind))
    *names, last = [*READ, *(OPTIONAL[kind][1] for kind in found)]
    return f"{', '.join(names)} and {last} are read"


def _still(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    """The still picture that most sequences carry beside their frames."""
    frames = avif.sample_count(source)
    if page > 1:
        page_index(page, frames)  # there is such a frame
        install, _ = OPTIONAL[kind]
        raise UnprocessableSource(
            "Only the still picture of an AVIF sequence is read here;"
            f" the operator can add its {frames:,} frames: {install}."
        )
    try:
        return replace(libvips.inspect(source, kind, page), pages=frames)
    except pyvips.Error:
        raise _not_read(kind) from None


def _not_read(kind: SourceFormat) -> UnprocessableSource:
    install, name = OPTIONAL[kind]
    return UnprocessableSource(
        f"The original is {name}, which is not read here: {read_here()};"
        f" the operator can add it: {install}."
    )
