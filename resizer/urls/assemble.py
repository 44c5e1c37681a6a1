"""Options that were read, one by one, → the Transform that they make together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from resizer.errors import InvalidRequest
from resizer.model.transform import NO_EDGES, Transform, number
from resizer.urls import values
from resizer.urls.option_list import Given

_NOT_TRANSFORM = ("preset", "onerror", "exp", "sig")


def assemble(given: Sequence[Given], base: Transform, max_side: int) -> Transform:
    """`base` with the options that were given, `trim.…` put together into one rectangle.

    Raises InvalidRequest for a box that, with border and dpr, is over `max_side` pixels.
    """
    transform = replace(base, **_changes(given))
    _check_side("width", transform, max_side)
    _check_side("height", transform, max_side)
    return transform


def _changes(given: Sequence[Given]) -> dict[str, Any]:
    """The fields of Transform that these options set."""
    changes = {
        one.option.field or one.option.name: one.value
        for one in given
        if one.option.name not in _NOT_TRANSFORM
    }
    sides = {
        one.option.name.removeprefix("trim."): one.value
        for one in given
        if one.option.name.startswith("trim.")
    }
    return changes | {"trim": values.box(sides)} if sides else changes


def _check_side(name: str, transform: Transform, max_side: int) -> None:
    """Refuse a box (with border and dpr) that is larger than any variant may be."""
    edges = transform.border.edges if transform.border else NO_EDGES
    frame = edges.left + edges.right if name == "width" else edges.top + edges.bottom
    pixels = round(((getattr(transform, name) or 0) + frame) * transform.dpr, 4)
    if pixels > max_side:
        raise InvalidRequest(
            f"{name} would be {number(pixels)} pixels, dpr and border included:"
            f" at most {max_side} are made.",
            option=name,
            accepted=f"at most {max_side} pixels, dpr and border included",
        )
