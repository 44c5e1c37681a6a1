"""EXIF orientation, flip and rotate as one value, and the areas it moves.

It changes no pixel, so it gives the same picture before a resize or after it. It is applied after,
to the small picture: then an original is read once from top to bottom, never held whole.
"""

from dataclasses import dataclass

import pyvips

from resizer.model.geometry import Area, Size
from resizer.model.transform import Flip, Transform


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left and right if `mirrored`, then rotate clockwise by `quarters` × 90°."""

    mirrored: bool = False
    quarters: int = 0

    def then(self, other: "Orientation") -> "Orientation":
        """This orientation and `other` after it: a mirror reverses the rotation before it."""
        quarters = -self.quarters if other.mirrored else self.quarters
        return Orientation(self.mirrored != other.mirrored, (quarters + other.quarters) % 4)

    @property
    def inverse(self) -> "Orientation":
        return self if self.mirrored else Orientation(False, -self.quarters % 4)

    def size(self, size: Size) -> Size:
        return size.transposed if self.quarters % 2 else size

    def area(self, area: Area, size: Size) -> Area:
        """Where an area of a picture of `size` lies after it is applied."""
        if self.mirrored:
            area = Area(size.width - area.left - area.width, area.top, area.width, area.height)
        for _ in range(self.quarters):
            left = size.height - area.top - area.height
            area = Area(left, area.left, area.height, area.width)
            size = size.transposed
        return area

    def image(self, image: pyvips.Image) -> pyvips.Image:
        """The picture with this orientation applied; it must not be streaming from a loader."""
        if self.mirrored:
            image = image.fliphor()
        return image.rot(f"d{self.quarters * 90}") if self.quarters else image


STRAIGHT = Orientation()

_EXIF = {
    2: Orientation(True, 0),
    3: Orientation(False, 2),
    4: Orientation(True, 2),
    5: Orientation(True, 3),
    6: Orientation(False, 1),
    7: Orientation(True, 1),
    8: Orientation(False, 3),
}

_FLIPS = {
    Flip.H: Orientation(True, 0),
    Flip.V: Orientation(True, 2),
    Flip.HV: Orientation(False, 2),
}


def upright(orientation: int) -> Orientation:
    """What undoes an EXIF `Orientation` (tag 0x0112); a value that means nothing is upright."""
    return _EXIF.get(orientation, STRAIGHT)


def requested(transform: Transform) -> Orientation:
    """The flip, then the rotation, that the URL asks for."""
    flip = _FLIPS[transform.flip] if transform.flip else STRAIGHT
    return flip.then(Orientation(False, transform.rotate // 90))
