"""Pictures whose every pixel says where it is, and where each must be found again.

Red grows from left to right and green from top to bottom, both in a straight line. A resize keeps
a straight line straight, so what a variant must show at any point is known without resampling.
"""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from resizer.model.transform import Flip, Transform
from tests.support.oracle import Expected

Samples = NDArray[Any]
"""Height × width × RGB or RGBA."""

EXACT, LOSSY = 0.3, 1.0
"""Levels by which a codec may move the mean colour of a picture."""

DARK, RANGE, BLUE = 20.0, 215.0, 128.0


def colour_at(across: Samples, down: Samples, blue: float = BLUE) -> Samples:
    """What is drawn at fractions 0…1 of the width and the height."""
    return np.stack([DARK + RANGE * across, DARK + RANGE * down, across * 0 + blue], axis=-1)


def drawn(width: int, height: int, blue: float = BLUE) -> Samples:
    """A picture; `blue` tells one frame from another."""
    down, across = np.meshgrid(
        (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij"
    )
    return np.rint(colour_at(across, down, blue)).astype(np.uint8)


def stored(upright: Samples, orientation: int) -> Samples:
    """How a camera that says `orientation` keeps this picture (EXIF 2.32 §4.6.4, tag 0x0112)."""
    match orientation:
        case 2:
            return upright[:, ::-1]
        case 3:
            return upright[::-1, ::-1]
        case 4:
            return upright[::-1]
        case 5:
            return upright.swapaxes(0, 1)
        case 6:
            return np.rot90(upright, 1)
        case 7:
            return upright[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return np.rot90(upright, -1)
    return upright


SAVED: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 98, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
}
"""How exact each format is made. Pillow writes an AVIF's orientation as `irot` and `imir`."""


def file(upright: Samples, kind: str, orientation: int = 1) -> bytes:
    """The picture in a file of `kind` that says to be held by `orientation`."""
    exif = Image.Exif()
    exif[274] = orientation
    body = BytesIO()
    image = Image.fromarray(np.ascontiguousarray(stored(upright, orientation)))
    image.save(body, kind, exif=exif, **SAVED[kind])
    return body.getvalue()


def read(body: bytes) -> Samples:
    """A variant as Pillow decodes it."""
    return np.asarray(Image.open(BytesIO(body)).convert("RGBA")).astype(float)


def shown(numbers: Expected, size: tuple[int, int], asked: Transform) -> tuple[Samples, Samples]:
    """What each pixel of the variant must show, and which pixels are of the picture at all."""
    width, height = numbers.size
    left, top = (numbers.border[3] + numbers.pad[3], numbers.border[0] + numbers.pad[0])
    down, across = np.meshgrid(
        np.arange(height) + 0.5 - top, np.arange(width) + 0.5 - left, indexing="ij"
    )
    inside = (across > 0) & (across < numbers.crop[2]) & (down > 0) & (down < numbers.crop[3])
    across = (across + numbers.crop[0]) / numbers.resized[0]
    down = (down + numbers.crop[1]) / numbers.resized[1]
    across, down = _unturned(across, down, asked)
    trim_left, trim_top, trim_width, trim_height = numbers.trim
    across = (trim_left + across * trim_width) / size[0]
    down = (trim_top + down * trim_height) / size[1]
    return colour_at(across, down), inside


def _unturned(across: Samples, down: Samples, asked: Transform) -> tuple[Samples, Samples]:
    """Fractions of the turned picture as fractions of the one before: the rotation goes first."""
    match asked.rotate:
        case 90:
            across, down = down, 1 - across
        case 180:
            across, down = 1 - across, 1 - down
        case 270:
            across, down = 1 - down, across
    if asked.flip in (Flip.H, Flip.HV):
        across = 1 - across
    if asked.flip in (Flip.V, Flip.HV):
        down = 1 - down
    return across, down


def check(
    found: Samples,
    numbers: Expected,
    size: tuple[int, int],
    asked: Transform,
    noise: float = EXACT,
    moved: float = 0.1,
    blue: float = BLUE,
    worst: float = 0.0,
) -> None:
    """Every pixel of a variant shows what it must, and all of it lies where it must.

    A pixel may be off by what a codec does, and, as at an edge, by half of what its neighbours
    differ by, or be `worst` levels off. On the average nothing may have moved by more than
    `moved` pixels.
    """
    assert found.shape[1::-1] == numbers.size
    right, inside = shown(numbers, size, asked)
    right[..., 2] = blue
    step = _step(right)
    off = (found[..., :3] - right)[inside]
    assert np.abs(off).max() <= max(worst, 1 + 4 * noise) + step.max() / 2, f"{asked} of {size}"
    assert (np.abs(off.mean(axis=0)) <= noise + step * moved).all(), f"{asked} of {size}"


def _step(right: Samples) -> Samples:
    """The levels by which neighbours differ, for each band: the same all over the picture."""
    steps = [np.abs(np.diff(right, axis=axis)).reshape(-1, 3) for axis in (0, 1)]
    largest: Samples = np.concatenate(steps).max(axis=0, initial=0)
    return largest
