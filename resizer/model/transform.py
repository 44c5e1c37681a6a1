"""Transform: what to make of an image, as one immutable value.

`str(transform)` is canonical: options in one order, defaults left out, numbers and colours in one
spelling. Two URLs that ask for the same thing have the same text, and that text is the field under
which the variant is cached. The names and values are those of the URL grammar.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache

from resizer.model.formats import Format


class Fit(StrEnum):
    """How the picture meets the box, with the meaning of Cloudflare's `fit`."""

    SCALE_DOWN = "scale-down"
    CONTAIN = "contain"
    COVER = "cover"
    CROP = "crop"
    ASPECT_CROP = "aspect-crop"
    PAD = "pad"
    SQUEEZE = "squeeze"


class Quality(StrEnum):
    """The named levels, each of the same perceived quality in every format."""

    LOW = "low"
    MEDIUM_LOW = "medium-low"
    MEDIUM_HIGH = "medium-high"
    HIGH = "high"


class Flip(StrEnum):
    """`h` mirrors left and right, `v` top and bottom."""

    H = "h"
    V = "v"
    HV = "hv"


class Metadata(StrEnum):
    """What of the original's metadata a variant keeps. GPS stays only with `keep`."""

    COPYRIGHT = "copyright"
    KEEP = "keep"
    NONE = "none"


class Gamut(StrEnum):
    """The colours that a variant can show. Originals that are sRGB stay so whatever is asked."""

    SRGB = "srgb"
    P3 = "p3"
    """Display P3, its profile embedded, for originals that hold more than sRGB."""


@dataclass(frozen=True, slots=True)
class Point:
    """A gravity: the fraction (0…1) of what is cut away that goes from the left and the top."""

    x: float
    y: float

    def __str__(self) -> str:
        return f"{number(self.x)}x{number(self.y)}"


@dataclass(frozen=True, slots=True)
class Saliency:
    """The gravity `auto`: keep what draws the eye."""

    def __str__(self) -> str:
        return "auto"


Gravity = Point | Saliency
CENTRE = Point(0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Colour:
    """An sRGB colour; every channel and alpha are 0…255."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    def __str__(self) -> str:
        alpha = "" if self.alpha == 255 else f"{self.alpha:02x}"
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}{alpha}"


WHITE = Colour(255, 255, 255)
BLACK = Colour(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Edges:
    """Pixels from each edge, before dpr."""

    top: int
    right: int
    bottom: int
    left: int

    def __str__(self) -> str:
        return f"{self.top};{self.right};{self.bottom};{self.left}"


NO_EDGES = Edges(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle to keep, in pixels of the upright original before dpr.

    A `width` or `height` that is None reaches to the far edge.
    """

    left: int = 0
    top: int = 0
    width: int | None = None
    height: int | None = None

    def __str__(self) -> str:
        parts = (f"{f.name}={getattr(self, f.name)}" for f in fields(self))
        return ";".join(part for part in parts if not part.endswith("=None"))


@dataclass(frozen=True, slots=True)
class UniformEdge:
    """`trim=border`: cut away an edge of one colour."""

    def __str__(self) -> str:
        return "border"


Trim = Edges | Box | UniformEdge


@dataclass(frozen=True, slots=True)
class Border:
    """A frame added around the resized picture; widths are multiplied by dpr."""

    edges: Edges
    colour: Colour = BLACK

    def __str__(self) -> str:
        return f"{self.edges};{self.colour}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """What to make of an image. Units and bounds are those of the URL grammar."""

    width: int | None = None
    height: int | None = None
    dpr: float = 1.0
    fit: Fit = Fit.SCALE_DOWN
    gravity: Gravity = CENTRE
    quality: int | Quality | None = None
    format: Format | None = None
    """None is the original's own format where browsers read it, else JPEG or PNG."""
    anim: bool = True
    page: int | None = None
    """The frame or page to render as a still, from 1. None is all frames, or the first page."""
    background: Colour | None = None
    border: Border | None = None
    blur: float | None = None
    sharpen: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    saturation: float = 1.0
    rotate: int = 0
    flip: Flip | None = None
    trim: Trim | None = None
    gamut: Gamut = Gamut.SRGB
    metadata: Metadata = Metadata.COPYRIGHT
    fast: bool = False
    """`compression=fast`: the format that encodes quickest, whatever `format` says."""

    def __str__(self) -> str:
        return _spelled(self)


@lru_cache(maxsize=1024)
def _spelled(transform: Transform) -> str:
    """Asked for several times in each render, of the same few, and takes 0.1 ms."""
    return ",".join(
        spelling(field.name, value)
        for field in fields(transform)
        if (value := getattr(transform, field.name)) != field.default
    )


def spelling(name: str, value: object) -> str:
    """One option as the URL grammar writes it."""
    return "compression=fast" if name == "fast" else f"{name}={text(value)}"


def text(value: object) -> str:
    """The canonical spelling of one option's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """`2.0` is `2`: whole numbers have one spelling whether they came as int or float."""
    return str(int(value)) if value == int(value) else repr(value)
