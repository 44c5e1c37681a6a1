"""What the documents say a render measures, computed anew with exact fractions.

Written from docs/urls.md and the rules at the head of `resizer.model.geometry` and
`resizer.model.plan`; none of their code is used. Sizes and areas are plain tuples.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from resizer.model.transform import Box, Edges, Fit, Point, Transform

Size = tuple[int, int]
"""Width, height."""
Rectangle = tuple[int, int, int, int]
"""Left, top, width, height; of edges: top, right, bottom, left."""


@dataclass(frozen=True)
class Expected:
    trim: Rectangle
    resized: Size
    crop: Rectangle
    pad: Rectangle
    border: Rectangle

    @property
    def size(self) -> Size:
        (_, _, width, height), pad, border = self.crop, self.pad, self.border
        return (
            width + pad[1] + pad[3] + border[1] + border[3],
            height + pad[0] + pad[2] + border[0] + border[2],
        )


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def decimal(value: float) -> Fraction:
    """A number as the URL wrote it, to four decimals."""
    return Fraction(round(value * 10_000), 10_000)


def expected(size: Size, asked: Transform) -> Expected | None:
    """The numbers for an upright original of `size`; None where the trim leaves nothing."""
    dpr = decimal(asked.dpr)
    trim = _trim(size, asked, dpr)
    if min(trim[2:]) < 1:
        return None
    turned = trim[2:] if asked.rotate in (0, 180) else (trim[3], trim[2])
    box = _box(turned, asked, dpr)
    resized, kept, pad = _fit(turned, box, asked.fit)
    point = asked.gravity if isinstance(asked.gravity, Point) else Point(0.5, 0.5)
    crop = (
        half_up((resized[0] - kept[0]) * decimal(point.x)),
        half_up((resized[1] - kept[1]) * decimal(point.y)),
        *kept,
    )
    border = _edges(asked.border.edges if asked.border else Edges(0, 0, 0, 0), dpr)
    return Expected(trim, resized, crop, pad, border)


def _edges(edges: Edges, dpr: Fraction) -> Rectangle:
    top, right, bottom, left = (
        half_up(side * dpr) for side in (edges.top, edges.right, edges.bottom, edges.left)
    )
    return top, right, bottom, left


def _trim(size: Size, asked: Transform, dpr: Fraction) -> Rectangle:
    if isinstance(asked.trim, Edges):
        top, right, bottom, left = _edges(asked.trim, dpr)
        return left, top, size[0] - left - right, size[1] - top - bottom
    if isinstance(asked.trim, Box):
        left, top = half_up(asked.trim.left * dpr), half_up(asked.trim.top * dpr)
        far = [
            min(whole, near + half_up(side * dpr)) if side else whole
            for whole, near, side in (
                (size[0], left, asked.trim.width),
                (size[1], top, asked.trim.height),
            )
        ]
        return left, top, far[0] - left, far[1] - top
    return 0, 0, *size


def _box(size: Size, asked: Transform, dpr: Fraction) -> Size | None:
    width = half_up(asked.width * dpr) if asked.width else None
    height = half_up(asked.height * dpr) if asked.height else None
    if width and not height:
        height = follows(width, size[1], size[0])
    if height and not width:
        width = follows(height, size[0], size[1])
    return (width, height) if width and height else None


def follows(side: int, part: int, whole: int) -> int:
    """The side that follows from the other by a ratio."""
    return max(1, half_up(Fraction(side * part, whole)))


NONE = (0, 0, 0, 0)


def _fit(size: Size, box: Size | None, fit: Fit) -> tuple[Size, Size, Rectangle]:
    """Resized size, size kept of it, padding."""
    if box is None:
        return size, size, NONE
    fits = size[0] <= box[0] and size[1] <= box[1]
    larger = size[0] >= box[0] and size[1] >= box[1]
    if fit is Fit.SQUEEZE:
        return box, box, NONE
    if fit is Fit.CONTAIN or fit is Fit.SCALE_DOWN:
        whole = size if fits and fit is Fit.SCALE_DOWN else _largest_inside(size, box)
        return whole, whole, NONE
    if fit is Fit.PAD:
        whole = _largest_inside(size, box)
        across, down = box[0] - whole[0], box[1] - whole[1]
        return whole, whole, (down // 2, across - across // 2, down - down // 2, across // 2)
    if fit is Fit.COVER or larger:
        return _smallest_around(size, box), box, NONE
    if fit is Fit.CROP:
        return size, (min(size[0], box[0]), min(size[1], box[1])), NONE
    return size, _largest_inside(box, size), NONE


def _ratios(size: Size, box: Size) -> list[Size]:
    """`size` made to have one side of the box, the other rounded: once for each side."""
    return [
        (box[0], follows(box[0], size[1], size[0])),
        (follows(box[1], size[0], size[1]), box[1]),
    ]


def _largest_inside(size: Size, box: Size) -> Size:
    inside = [one for one in _ratios(size, box) if one[0] <= box[0] and one[1] <= box[1]]
    return max(inside, key=lambda one: one[0] * one[1])


def _smallest_around(size: Size, box: Size) -> Size:
    by_width = Fraction(box[0], size[0]) >= Fraction(box[1], size[1])
    found = _ratios(size, box)[0 if by_width else 1]
    return max(found[0], box[0]), max(found[1], box[1])
