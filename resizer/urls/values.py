"""Readers: the text of one option's value → the value.

They raise ValueError and nothing else; what an option accepts is worded in the table of options.
Numbers are plain ASCII digits, and have at most four decimals: more are rounded away, so that
what no eye can tell apart is cached once.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from resizer.model.transform import (
    BLACK,
    CENTRE,
    NO_EDGES,
    Border,
    Box,
    Edges,
    Gravity,
    Point,
    Quality,
    Saliency,
    Trim,
    UniformEdge,
)
from resizer.urls.colour import read_colour

MAX_WHOLE = 10**11 - 1
"""Eleven digits: Unix seconds for 3,000 years, and cheap to read."""
MAX_SIDE = 65_535
"""Pixels of a trim or border: the longest side of a JPEG."""
MAX_PAGE = 65_535
"""Pages of a TIFF are numbered in 16 bits."""
DECIMALS = 4

T = TypeVar("T")

_WHOLE = re.compile(r"[0-9]{1,11}")
_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,20})?|\.[0-9]{1,20}")

_GRAVITIES: Mapping[str, Gravity] = {
    "auto": Saliency(),
    "left": Point(0.0, 0.5),
    "right": Point(1.0, 0.5),
    "top": Point(0.5, 0.0),
    "bottom": Point(0.5, 1.0),
    "center": CENTRE,
}


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError("not a whole number in range")
        return int(text)

    return read


def decimal(low: float, high: float) -> Callable[[str], float]:
    """A reader of decimal numbers from `low` to `high`."""

    def read(text: str) -> float:
        if not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
            raise ValueError("not a number in range")
        return round(float(text), DECIMALS)

    return read


def word(words: Mapping[str, T]) -> Callable[[str], T]:
    """A reader of fixed words."""

    def read(text: str) -> T:
        if text not in words:
            raise ValueError("not one of the words")
        return words[text]

    return read


pixels = whole(0, MAX_SIDE)
_fraction = decimal(0, 1)
_percent = whole(1, 100)


def gravity(text: str) -> Gravity:
    """`left`, …, or `<x>x<y>`; a side is a Point too, so that both spellings are cached once."""
    if named := _GRAVITIES.get(text):
        return named
    x, _, y = text.partition("x")
    return Point(_fraction(x), _fraction(y))


def quality(text: str) -> int | Quality:
    return _percent(text) if text.isdigit() else Quality(text)


def trim(text: str) -> Trim | None:
    """`border`, four edges, or (the canonical spelling of a Box) `left=1;top=2;width=3`."""
    if text == "border":
        return UniformEdge()
    if "=" in text:
        return box(_box_sides(text))
    edges = _edges(text.split(";"))
    return None if edges == NO_EDGES else edges


BOX_SIDES: Mapping[str, Callable[[str], int]] = {
    "left": pixels,
    "top": pixels,
    "width": whole(1, MAX_SIDE),
    "height": whole(1, MAX_SIDE),
}


def box(sides: Mapping[str, int]) -> Box | None:
    """The rectangle of `trim.left`, `trim.top`, `trim.width`, `trim.height`; None keeps all."""
    rectangle = Box(**sides)
    return None if rectangle == Box() else rectangle


def border(text: str) -> Border | None:
    """One width or four, then perhaps a colour; None where every width is 0."""
    parts = text.split(";")
    colour = read_colour(parts.pop()) if len(parts) in (2, 5) else BLACK
    edges = _edges(parts * 4 if len(parts) == 1 else parts)
    return None if edges == NO_EDGES else Border(edges, colour)


def _box_sides(text: str) -> dict[str, int]:
    sides: dict[str, int] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name in sides or name not in BOX_SIDES:
            raise ValueError("not a side of a rectangle, or given twice")
        sides[name] = BOX_SIDES[name](value)
    return sides


def _edges(parts: list[str]) -> Edges:
    top, right, bottom, left = (pixels(part) for part in parts)
    return Edges(top, right, bottom, left)
