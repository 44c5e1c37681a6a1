"""Hypothesis strategies: every Transform that a URL can express, field by field."""

from typing import Any

from hypothesis import strategies as st

from resizer.model.formats import OFFERED
from resizer.model.transform import (
    NO_EDGES,
    Border,
    Box,
    Colour,
    Edges,
    Fit,
    Flip,
    Gamut,
    Metadata,
    Point,
    Quality,
    Saliency,
    Transform,
    UniformEdge,
)


def decimals(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of at most four decimals."""
    return st.integers(round(low * 10_000), round(high * 10_000)).map(lambda n: n / 10_000)


bytes_ = st.integers(0, 255)
pixels = st.integers(0, 65_535)
sides = st.integers(1, 65_535)
colours = st.builds(Colour, bytes_, bytes_, bytes_, bytes_)
edges = st.builds(Edges, pixels, pixels, pixels, pixels).filter(lambda e: e != NO_EDGES)
boxes = st.builds(Box, pixels, pixels, st.none() | sides, st.none() | sides).filter(
    lambda box: box != Box()
)
factors = decimals(0.0001, 1000)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "width": st.none() | sides,
    "height": st.none() | sides,
    "dpr": decimals(1, 3),
    "fit": st.sampled_from(Fit),
    "gravity": st.just(Saliency()) | st.builds(Point, decimals(0, 1), decimals(0, 1)),
    "quality": st.none() | st.integers(1, 100) | st.sampled_from(Quality),
    "format": st.none() | st.sampled_from(OFFERED),
    "anim": st.booleans(),
    "page": st.none() | st.integers(1, 65_535),
    "background": st.none() | colours,
    "border": st.none() | st.builds(Border, edges, colours),
    "blur": st.none() | decimals(1, 250),
    "sharpen": decimals(0, 10),
    "brightness": factors,
    "contrast": factors,
    "gamma": factors,
    "saturation": decimals(0, 1000),
    "rotate": st.sampled_from([0, 90, 180, 270]),
    "flip": st.none() | st.sampled_from(Flip),
    "trim": st.none() | st.just(UniformEdge()) | edges | boxes,
    "gamut": st.sampled_from(Gamut),
    "metadata": st.sampled_from(Metadata),
    "fast": st.booleans(),
}

transforms = st.fixed_dictionaries({}, optional=FIELDS).map(lambda said: Transform(**said))
