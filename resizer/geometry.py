"""Every number of a render, computed once and before any pixel is touched.

`plan` is pure. It works in integers wherever it can, so nothing is off by one:

- a side that follows from the other by a ratio is rounded half up, and is at least 1;
- a side that the fit fixes (both sides of `cover`, the binding side of `contain`) is exact;
- box and border times dpr are rounded half up, a trimmed edge times dpr likewise;
- a result over `max_output_side` shrinks as a whole, borders included, and rounds down.
"""

from dataclasses import dataclass
from math import floor

from resizer.errors import UnprocessableSource
from resizer.limits import Limits
from resizer.transform import (
    CENTRE,
    NO_EDGES,
    Box,
    Edges,
    Fit,
    Gravity,
    Point,
    Transform,
    Trim,
    UniformEdge,
)

MAX_RESIZED_SIDE = 10_000_000
"""Pixels of a side before the crop; libvips gives up at a few times that."""


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


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of one render, each in the picture as the step before left it."""

    trim: Area
    """What is kept of the upright original, before flip and rotate."""
    resized: Size
    """What the trimmed and rotated picture is resized to."""
    crop: Area
    """What is kept of that. For the gravity `auto` only its size is meant."""
    pad: Edges
    """Background added at each edge."""
    border: Edges
    """Frame added around that."""

    @property
    def size(self) -> Size:
        """Of the variant."""
        return grown(grown(self.crop.size, self.pad), self.border)


def plan(size: Size, transform: Transform, limits: Limits, uniform: Area | None = None) -> Plan:
    """The plan that turns an upright original of `size` into what `transform` asks for.

    `uniform` is what lies inside the uniform edge, where `trim=border` asks for it. Raises
    UnprocessableSource if trimming leaves nothing, or for a thread to be enlarged to a sheet.
    """
    trim = trimmed(size, transform.trim, transform.dpr, uniform)
    turned = trim.size.transposed if transform.rotate in (90, 270) else trim.size
    box = boxed(turned, transform)
    resized, crop, pad = fitted(turned, box, transform)
    if max(resized.width, resized.height) > MAX_RESIZED_SIDE:
        raise UnprocessableSource(
            f"An original of {size.width}×{size.height} pixels is too narrow"
            f" to be enlarged and cropped to {crop.width}×{crop.height}."
        )
    border = scaled(transform.border.edges, transform.dpr) if transform.border else NO_EDGES
    whole = Plan(trim, resized, crop, pad, border)
    longest = max(whole.size.width, whole.size.height)
    if longest <= limits.max_output_side:
        return whole
    return shrunk(whole, limits.max_output_side, longest, transform.gravity)


def trimmed(size: Size, trim: Trim | None, dpr: float, uniform: Area | None) -> Area:
    """What trimming keeps of an upright picture of `size`."""
    match trim:
        case Edges():
            edges = scaled(trim, dpr)
            width = size.width - edges.left - edges.right
            height = size.height - edges.top - edges.bottom
            kept = Area(edges.left, edges.top, width, height)
        case Box():
            kept = _box_area(size, trim, dpr)
        case UniformEdge() if uniform and uniform.size.pixels:
            kept = uniform
        case _:
            kept = Area(0, 0, size.width, size.height)
    if kept.width < 1 or kept.height < 1:
        raise UnprocessableSource(
            f"trim leaves nothing of an original of {size.width}×{size.height} pixels."
        )
    return kept


def _box_area(size: Size, box: Box, dpr: float) -> Area:
    left, top = nearest(box.left * dpr), nearest(box.top * dpr)
    width, height = size.width - left, size.height - top
    if box.width is not None:
        width = min(width, nearest(box.width * dpr))
    if box.height is not None:
        height = min(height, nearest(box.height * dpr))
    return Area(left, top, width, height)


def boxed(size: Size, transform: Transform) -> Size | None:
    """The box in device pixels; a side that is not given follows from the picture's ratio."""
    width = transform.width and max(1, nearest(transform.width * transform.dpr))
    height = transform.height and max(1, nearest(transform.height * transform.dpr))
    if width and height:
        return Size(width, height)
    if width:
        return Size(width, share(width, size.height, size.width))
    if height:
        return Size(share(height, size.width, size.height), height)
    return None


def fitted(size: Size, box: Size | None, transform: Transform) -> tuple[Size, Area, Edges]:
    """What a picture of `size` is resized to, what is kept of that, and what is added to it.

    The fits are Cloudflare's `fit`.
    """
    if box is None:
        return _whole(size)
    match transform.fit:
        case Fit.SCALE_DOWN:
            return _whole(size if _holds(box, size) else inside(size, box))
        case Fit.CONTAIN:
            return _whole(inside(size, box))
        case Fit.SQUEEZE:
            return _whole(box)
        case Fit.PAD:
            resized, crop, _ = _whole(inside(size, box))
            return resized, crop, centred(resized, box)
    resized, kept = _cropped(size, box, transform.fit)
    return resized, placed(resized, kept, transform.gravity), NO_EDGES


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
    left = nearest((size.width - kept.width) * point.x)
    top = nearest((size.height - kept.height) * point.y)
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


def shrunk(plan: Plan, limit: int, longest: int, gravity: Gravity) -> Plan:
    """The same picture at `limit` / `longest` of its size, rounded down: never over the limit."""
    kept = _shrunk_size(plan.crop.size, limit, longest)
    canvas = _shrunk_size(grown(plan.crop.size, plan.pad), limit, longest)
    resized = plan.resized
    if plan.crop.size == resized:
        resized = kept
    else:
        resized = around(_shrunk_size(resized, limit, longest), kept)
    return Plan(
        plan.trim,
        resized,
        placed(resized, kept, gravity),
        centred(kept, canvas),
        _shrunk_edges(plan.border, limit, longest),
    )


def _shrunk_size(size: Size, limit: int, longest: int) -> Size:
    return Size(
        max(1, size.width * limit // longest),
        max(1, size.height * limit // longest),
    )


def _shrunk_edges(edges: Edges, limit: int, longest: int) -> Edges:
    return Edges(
        edges.top * limit // longest,
        edges.right * limit // longest,
        edges.bottom * limit // longest,
        edges.left * limit // longest,
    )


def scaled(edges: Edges, dpr: float) -> Edges:
    return Edges(
        nearest(edges.top * dpr),
        nearest(edges.right * dpr),
        nearest(edges.bottom * dpr),
        nearest(edges.left * dpr),
    )


def share(side: int, part: int, whole: int) -> int:
    """`side` × `part` / `whole`, rounded half up, at least 1."""
    return max(1, (2 * side * part + whole) // (2 * whole))


def nearest(value: float) -> int:
    """Half up, where Python's `round` goes to even."""
    return floor(value + 0.5)
