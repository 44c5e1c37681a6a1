"""Sizes and areas in whole pixels, and what a box does to a picture.

In integers wherever it can be, so nothing is off by one:

- a side that follows from the other by a ratio is rounded half up, and is at least 1;
- a side that the fit fixes (both sides of `cover`, the binding side of `contain`) is exact;
- what is multiplied by a decimal number (dpr, gravity) is rounded half up.
"""

from dataclasses import dataclass

from resizer.model.transform import CENTRE, NO_EDGES, Edges, Fit, Gravity, Point

_UNITS = 10_000
"""Decimal numbers of a URL have four decimals: as a float, 100 × 1.005 is less than 100.5."""


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels, both at least 1."""

    width: int
    height: int

    @property
    def transposed(self) -> "Size":
        return Size(self.height, self.width)

    @property
    def pixels(self) -> int:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle inside a picture, in pixels from its left top corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


def fitted(size: Size, box: Size | None, fit: Fit, gravity: Gravity) -> tuple[Size, Area, Edges]:
    """What a picture of `size` is resized to, what is kept of that, and what is added to it.

    The fits are Cloudflare's `fit`.
    """
    if box is None:
        return _whole(size)
    match fit:
        case Fit.SCALE_DOWN:
            return _whole(size if _holds(box, size) else inside(size, box))
        case Fit.CONTAIN:
            return _whole(inside(size, box))
        case Fit.SQUEEZE:
            return _whole(box)
        case Fit.PAD:
            resized, crop, _ = _whole(inside(size, box))
            return resized, crop, centred(resized, box)
    resized, kept = _cropped(size, box, fit)
    return resized, placed(resized, kept, gravity), NO_EDGES


def _cropped(size: Size, box: Size, fit: Fit) -> tuple[Size, Size]:
    """What `cover`, `crop` and `aspect-crop` resize to, and the size they keep of it."""
    enlarges = size.width < box.width or size.height < box.height
    if fit == Fit.COVER or not enlarges:
        return around(size, box), box
    if fit == Fit.ASPECT_CROP:
        return size, inside(box, size)
    return size, Size(min(size.width, box.width), min(size.height, box.height))


def _whole(size: Size) -> tuple[Size, Area, Edges]:
    return size, Area(0, 0, size.width, size.height), NO_EDGES


def _holds(box: Size, size: Size) -> bool:
    return size.width <= box.width and size.height <= box.height


def inside(size: Size, box: Size) -> Size:
    """The largest size with the ratio of `size` that fits `box`: it touches two edges.

    A box that has the ratio itself, but for rounding, is touched at all four.
    """
    if box.height == share(box.width, size.height, size.width):
        return box
    if box.width == share(box.height, size.width, size.height):
        return box
    if box.width * size.height <= box.height * size.width:
        return Size(box.width, share(box.width, size.height, size.width))
    return Size(share(box.height, size.width, size.height), box.height)


def around(size: Size, box: Size) -> Size:
    """The smallest size with the ratio of `size` that covers `box`."""
    if box.width * size.height >= box.height * size.width:
        return Size(box.width, max(box.height, share(box.width, size.height, size.width)))
    return Size(max(box.width, share(box.height, size.width, size.height)), box.height)


def placed(size: Size, kept: Size, gravity: Gravity) -> Area:
    """Where `kept` lies in `size`: a point is the fraction of what is cut away."""
    point = gravity if isinstance(gravity, Point) else CENTRE
    left = times(size.width - kept.width, point.x)
    top = times(size.height - kept.height, point.y)
    return Area(left, top, kept.width, kept.height)


def centred(size: Size, box: Size) -> Edges:
    """What must be added to `size` to make it `box`; an odd pixel goes right and down."""
    width, height = box.width - size.width, box.height - size.height
    return Edges(height // 2, width - width // 2, height - height // 2, width // 2)


def grown(size: Size, edges: Edges) -> Size:
    return Size(
        size.width + edges.left + edges.right,
        size.height + edges.top + edges.bottom,
    )


def share(side: int, part: int, whole: int) -> int:
    """`side` × `part` / `whole`, rounded half up, at least 1."""
    return max(1, (2 * side * part + whole) // (2 * whole))


def times(pixels: int, factor: float) -> int:
    """`pixels` × `factor`, rounded half up; of `factor`, four decimals count."""
    return (2 * pixels * round(factor * _UNITS) + _UNITS) // (2 * _UNITS)
