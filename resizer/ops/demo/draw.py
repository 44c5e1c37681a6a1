"""`python -m resizer.ops.demo.draw DIRECTORY`: paints the sample photos. Imports libvips."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyvips

from resizer.ops.demo import canvas
from resizer.ops.demo.samples import SAMPLES, Sample
from resizer.ops.demo.scenes import (
    aurora,
    citrus,
    city,
    drawings,
    dunes,
    forest,
    mountains,
    planet,
    sea,
    waves,
)

_ORIENTATION = 6  # EXIF: turn a quarter clockwise to see it upright


def draw(directory: Path) -> None:
    """Write every sample under `directory`, two at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in pool.map(lambda sample: _write(directory, sample), SAMPLES):
            pass


def _write(directory: Path, sample: Sample) -> None:
    path = directory / sample.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_FILES[sample.scene]())


def _jpeg(scene: Callable[[], canvas.Picture]) -> bytes:
    data: bytes = scene().jpegsave_buffer(Q=88)
    return data


def _sideways_jpeg() -> bytes:
    """As a phone held upright stores it: the pixels lie on their side, a tag says so."""
    stored = forest.draw().rot270().copy()
    stored.set_type(pyvips.GValue.gint_type, "orientation", _ORIENTATION)
    data: bytes = stored.jpegsave_buffer(Q=88)
    return data


def _webp() -> bytes:
    data: bytes = aurora.draw().webpsave_buffer(Q=88, effort=1)
    return data


def _gif() -> bytes:
    data: bytes = waves.draw().gifsave_buffer(effort=1, dither=0.6)
    return data


def _png() -> bytes:
    data: bytes = drawings.logo().pngsave_buffer()
    return data


_FILES: dict[str, Callable[[], bytes]] = {
    "mountains": lambda: _jpeg(mountains.draw),
    "sea": lambda: _jpeg(sea.draw),
    "forest": _sideways_jpeg,
    "citrus": lambda: _jpeg(citrus.draw),
    "city": lambda: _jpeg(city.draw),
    "aurora": _webp,
    "dunes": lambda: _jpeg(dunes.draw),
    "planet": lambda: _jpeg(planet.draw),
    "waves": _gif,
    "balloons": lambda: drawings.balloons().encode(),
    "logo": _png,
}


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
