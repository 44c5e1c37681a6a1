"""What an original says of itself, before a pixel is read."""

from dataclasses import dataclass

from resizer.model.geometry import Size
from resizer.model.limits import FailOn
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import LazyImage
from resizer.render.read.orientation import Orientation

ANIMATED = {SourceFormat.GIF, SourceFormat.WEBP}
"""`n=-1` is for these alone: on AVIF and TIFF it fails for sound files."""


DRAWN = {SourceFormat.SVG, SourceFormat.PDF}
"""What has no pixels of its own."""


@dataclass(frozen=True, slots=True)
class Header:
    """One page of an original, and how to read it."""

    source: memoryview
    """Its bytes; the inflated text of an svgz."""
    format: SourceFormat
    stored: Size
    """One frame as it is stored, before its orientation."""
    orientation: Orientation
    """What makes it upright."""
    wide: bool = False
    """Whether it may hold colours outside sRGB."""
    pages: int = 1
    """Frames of an animation or pages of a TIFF."""
    page: int = 1
    """The one that `stored` and `orientation` are of, from 1."""
    lazy: LazyImage | None = None
    """Where an optional decoder reads the format."""
    fail_on: FailOn = FailOn.ERROR
    """What is not forgiven when its pixels are read: an error, or a mere warning."""

    @property
    def frames(self) -> int:
        """Of an animation; else 1."""
        return self.pages if self.format in ANIMATED else 1

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return 0 if self.format in DRAWN else self.stored.pixels

    @property
    def size(self) -> Size:
        """One frame, upright."""
        return self.orientation.size(self.stored)
