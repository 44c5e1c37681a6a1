"""How long an animation may be, from its header, before a pixel is read."""

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.model.limits import Limits

_READ_FACTOR = 4
"""Pixels of an animation's frames, all together, in multiples of `max_source_pixels`: they are
read one after another, so they cost time rather than memory. Written ones are held, once."""


def check_animation(frames: int, stored: Size, size: Size, limits: Limits) -> None:
    """Refuse an animation that is too long or too large to become frames of `size`, all kept."""
    if frames > limits.max_frames:
        raise UnprocessableSource(
            f"The animation has {frames} frames, more than {limits.max_frames};"
            " anim=false shows the first, page=N any."
        )
    _check_pixels("has", stored, frames, _READ_FACTOR * limits.max_source_pixels)
    _check_pixels("would have", size, frames, limits.max_source_pixels)


def check_depth(page: int, stored: Size, limits: Limits) -> None:
    """Refuse a frame so late in an animation that too much must be read to compose it."""
    most = _READ_FACTOR * limits.max_source_pixels
    _check_pixels(f"up to page {page} has", stored, page, most)


def _check_pixels(has: str, size: Size, frames: int, most: int) -> None:
    if size.pixels * frames > most:
        raise UnprocessableSource(
            f"The animation {has} {frames} frames of {size.width}×{size.height} pixels,"
            f" more than {most:,} in all."
        )
