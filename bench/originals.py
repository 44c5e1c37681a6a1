"""Originals to measure with: photos of one's own, or drawn here."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyvips

SHARED = Path(__file__).parents[2] / "shared/corpus/photos"
"""Where photos may lie beside the checkout."""
_SUFFIXES = {".jpg", ".jpeg"}
_DRAWN = ((1200, 900), (2400, 1600), (3000, 2000), (4000, 6000))
_FEW, _MOST = 4, 16


def photos(folder: Path | None = None, *, quick: bool = False) -> list[Path]:
    """The JPEGs of `folder`, else those beside the checkout, else drawn ones; a quick run's few."""
    folder = folder or SHARED
    found = [path for path in _files(folder) if path.suffix.lower() in _SUFFIXES]
    found = found or _drawn()
    return some(found, _FEW if quick else _MOST)


def nearest(photos: Sequence[Path], megapixels: float) -> Path:
    """The photo of about that size."""

    def away(photo: Path) -> float:
        image = pyvips.Image.new_from_buffer(photo.read_bytes(), "")
        return abs(float(image.width * image.height / 1e6) - megapixels)

    return min(photos, key=away)


def some(photos: Sequence[Path], count: int) -> list[Path]:
    """At most so many, of every size."""
    if len(photos) <= count:
        return list(photos)
    by_size = sorted(photos, key=lambda path: path.stat().st_size)
    return [by_size[place * (len(photos) - 1) // (count - 1)] for place in range(count)]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _drawn() -> list[Path]:
    home = Path(tempfile.gettempdir()) / "resizer-bench-drawn"
    home.mkdir(exist_ok=True)
    paths = [home / f"drawn_{width}x{height}.jpg" for width, height in _DRAWN]
    for path, (width, height) in zip(paths, _DRAWN, strict=True):
        if not path.exists():
            path.write_bytes(photo(width, height))
    return paths


def noisy_picture(width: int = 800, height: int = 600) -> bytes:
    """A PNG whose variants are as many bytes as those of a busy photo."""
    noise = pyvips.Image.gaussnoise(width, height, mean=128, sigma=60).gaussblur(1.5)
    data: bytes = noise.cast("uchar").pngsave_buffer()
    return data


def photo(width: int = 3000, height: int = 2000) -> bytes:
    """A 6 MP JPEG with detail at every scale, as a camera would have made it."""
    scales = [pyvips.Image.perlin(width, height, cell_size=size) for size in (8, 32, 128, 512)]
    bands = [
        sum(scale * weight for scale, weight in zip(scales, weights, strict=True)) + 128
        for weights in ((20, 25, 30, 40), (18, 28, 26, 44), (24, 20, 34, 36))
    ]
    grain = pyvips.Image.gaussnoise(width, height, sigma=4)
    picture = bands[0].bandjoin(bands[1:]) + grain
    data: bytes = picture.cast("uchar").copy(interpretation="srgb").jpegsave_buffer(Q=88)
    return data
