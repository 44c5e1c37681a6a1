"""Sheets of patches of known colours, drawn in any kind of sample and found again in a variant."""

import io
from typing import Any

import numpy as np
from PIL import Image

from resizer.model.transform import Fit
from tests.support.colours import Array, delta_e, lab

LEVELS = (20, 90, 160, 240)
PATCHES = np.array([(r, g, b) for r in LEVELS[::3] for g in LEVELS for b in LEVELS[1:]]) / 255
"""24 colours in sRGB, dark and light, dull and strong."""
ROWS, COLUMNS, SIDE = 4, 6, 48
GREYS = np.linspace(0.02, 0.98, ROWS * COLUMNS).reshape(-1, 1)
SHAPES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "smaller": {"width": COLUMNS * SIDE // 3},
    "cropped": {"width": COLUMNS * SIDE - 32, "height": ROWS * SIDE - 40, "fit": Fit.COVER},
}


def sheet(values: Array, dtype: type = np.uint8) -> "np.ndarray[Any, Any]":
    """Patches of 0…1 as rows × columns × bands of whole numbers (or floats) of this type."""
    bands = values.reshape(ROWS, COLUMNS, -1)
    if np.issubdtype(dtype, np.integer):
        bands = np.round(bands * np.iinfo(dtype).max)
    return np.ascontiguousarray(bands.repeat(SIDE, 0).repeat(SIDE, 1).astype(dtype))


def rounded(values: Array, dtype: type = np.uint8) -> Array:
    top = np.iinfo(dtype).max
    return np.asarray(np.round(values * top) / top)


def middles(body: bytes) -> Array:
    """The colours in the middle of each patch, as Pillow reads them."""
    picture = np.asarray(Image.open(io.BytesIO(body)).convert("RGB")) / 255
    down, across = picture.shape[0] / ROWS, picture.shape[1] / COLUMNS
    rows = [int(down * (row + 0.5)) for row in range(ROWS)]
    columns = [int(across * (column + 0.5)) for column in range(COLUMNS)]
    return np.asarray(picture[np.ix_(rows, columns)].reshape(-1, 3))


def off(body: bytes, expected: Array) -> float:
    """The worst ΔE2000 of the patches."""
    return float(delta_e(lab(middles(body)), lab(expected)).max())
