"""Every number of a render, computed once and before any pixel is touched.

`plan` is pure. Box, border and trim times dpr are rounded half up. A result over
`max_output_side` shrinks as a whole, borders included: its longest side becomes that limit, all
else is rounded down.
"""

from dataclasses import dataclass

from resizer.errors import UnprocessableSource
from resizer.model.geometry import (
    Area,
    Size,
    around,
    centred,
    fitted,
    grown,
    placed,
    share,
    times,
)
from resizer.model.limits import Limits
from resizer.model.transform import NO_EDGES, Box, Edges, Gravity, Transform, Trim, UniformEdge

MAX_RESIZED_SIDE = 10_000_000
"""Pixels of a side before the crop; libvips gives up at a few times that."""


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
    resized, crop, pad = fitted(turned, box, transform.fit, transform.gravity)
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
    return limited(whole, limits.max_output_side, longest, transform.gravity)


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
    left, top = times(box.left, dpr), times(box.top, dpr)
    width, height = size.width - left, size.height - top
    if box.width is not None:
        width = min(width, times(box.width, dpr))
    if box.height is not None:
        height = min(height, times(box.height, dpr))
    return Area(left, top, width, height)


def boxed(size: Size, transform: Transform) -> Size | None:
    """The box in device pixels; a side that is not given follows from the picture's ratio."""
    width = transform.width and times(transform.width, transform.dpr)
    height = transform.height and times(transform.height, transform.dpr)
    if width and height:
        return Size(width, height)
    if width:
        return Size(width, share(width, size.height, size.width))
    if height:
        return Size(share(height, size.width, size.height), height)
    return None


def limited(plan: Plan, limit: int, longest: int, gravity: Gravity) -> Plan:
    """The same picture at `limit` / `longest` of its size: its longest side is the limit."""
    border = _shrunk_edges(plan.border, limit, longest)
    canvas = _within(_shrunk_size(plan.size, limit, longest), border)
    kept = canvas
    if plan.pad != NO_EDGES:
        kept = _shrunk_size(plan.crop.size, limit, longest)
    resized = kept
    if plan.crop.size != plan.resized:
        resized = around(plan.resized, kept)
    return Plan(plan.trim, resized, placed(resized, kept, gravity), centred(kept, canvas), border)


def _within(size: Size, edges: Edges) -> Size:
    """What `edges` leave of a size."""
    return Size(
        max(1, size.width - edges.left - edges.right),
        max(1, size.height - edges.top - edges.bottom),
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
        times(edges.top, dpr),
        times(edges.right, dpr),
        times(edges.bottom, dpr),
        times(edges.left, dpr),
    )
