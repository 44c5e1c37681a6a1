"""Settings of the encoders, measured: `python -m bench.encoders [--photos DIR] [--formats …]`.

Each photo is made small as the product does it, from its full size in linear light; that picture
is encoded with each setting and quality of `bench.encoder_settings`, on one thread, the settings in
turn. Lossy formats are compared at equal score. Renews the tables of `bench/encoders.md`.
"""

import argparse
import io
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean, median
from time import process_time

os.environ["VIPS_CONCURRENCY"] = "1"  # before libvips is loaded
import pyvips
from ssimulacra2 import compute_ssimulacra2

from bench.curves import Curve, Point
from bench.encoder_settings import QUALITIES, SAVERS, TRIED, Setting
from bench.encoder_tables import Cost, Level, level_table, lossless_table, lossy_table, renew
from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.geometry import Size
from resizer.model.limits import Limits
from resizer.model.transform import Gamut, Metadata, Quality, Transform
from resizer.render.colour.convert import displayed, opaque, samples, shows_through
from resizer.render.pipeline.resize import resize
from resizer.render.protocol.messages import Resampling
from resizer.render.read.inspect import inspect
from resizer.render.read.load import load
from resizer.render.write.encode import encode, encoder_quality
from resizer.render.write.metadata import reduced

SIDE = 512
"""Pixels of the longer side of what is encoded."""
_RUNS, _ENOUGH_SECONDS = 5, 0.05
"""Each file is written so often, unless that takes longer; the median counts."""
_PHOTOS, _GRAPHICS = Path("../shared/corpus/photos"), Path("../shared/corpus/real/svg")
_LEVELLED = (Format.JPEG, Format.WEBP, Format.AVIF)


def main() -> None:
    """Measure, and renew the table of each format asked for."""
    options = _options()
    photos = pictures(options.photos)
    drawings = [drawing for folder in options.graphics for drawing in pictures(folder)]
    kinds = {"photos": photos, "drawings": drawings}
    for format_ in options.formats:
        settings = TRIED[format_]
        if format_ in QUALITIES:
            renew(format_, lossy_table(format_, settings, curves(format_, photos)))
        else:
            renew(format_, lossless_table(format_, settings, costs(format_, kinds)))
    if options.levels:
        renew("levels", level_table(levels(photos)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, default=_PHOTOS, help="a folder")
    parser.add_argument(
        "--graphics", type=Path, nargs="+", default=[_GRAPHICS], help="folders, for PNG and GIF"
    )
    parser.add_argument("--levels", action="store_true", help="the table of levels as well")
    parser.add_argument("--formats", type=Format, nargs="*", default=list(TRIED))
    return parser.parse_args()


def pictures(folder: Path) -> list[pyvips.Image]:
    """What a folder holds, made small; not what is small already, or no picture."""
    made = (small(path) for path in sorted(folder.iterdir()))
    return [picture for picture in made if picture]


def small(path: Path) -> pyvips.Image | None:
    """A picture as the encoders get it."""
    try:
        header = inspect(memoryview(path.read_bytes()), Limits())
        whole = samples(load(header.source, header.format))
        scale = SIDE / max(whole.width, whole.height)
        if scale > 1:
            return None
        size = Size(round(whole.width * scale), round(whole.height * scale))
        picture = displayed(resize(whole, size, Resampling.LINEAR), Gamut.SRGB).copy_memory()
    except (UnprocessableSource, pyvips.Error):
        return None
    bare, _ = reduced(picture if shows_through(picture) else opaque(picture), Metadata.NONE)
    return bare.copy_memory()


def curves(format_: Format, photos: list[pyvips.Image]) -> list[list[Curve]]:
    """For each setting, the curve of each photo."""
    written = [
        [timed(format_, photo, TRIED[format_], Q=number) for number in QUALITIES[format_]]
        for photo in photos
    ]
    scores = iter(
        scored(
            (photo, body)
            for photo, rows in zip(photos, written, strict=True)
            for row in rows
            for body, _ in row
        )
    )
    points = [
        [[Point(next(scores), len(body), ms) for body, ms in row] for row in rows]
        for rows in written
    ]
    return [
        [[row[number] for row in rows] for rows in points] for number in range(len(TRIED[format_]))
    ]


def costs(format_: Format, kinds: dict[str, list[pyvips.Image]]) -> dict[str, list[list[Cost]]]:
    """For each kind of picture what each setting takes, picture by picture."""
    rows = {
        kind: [timed(format_, image, TRIED[format_]) for image in images]
        for kind, images in kinds.items()
    }
    return {
        kind: [[Cost(len(body), ms) for body, ms in column] for column in zip(*of, strict=True)]
        for kind, of in rows.items()
    }


def levels(photos: list[pyvips.Image]) -> list[Level]:
    """What each level of quality is, in each format that has one."""
    return [_level(format_, level, photos) for format_ in _LEVELLED for level in Quality]


def _level(format_: Format, level: Quality, photos: list[pyvips.Image]) -> Level:
    transform = Transform(quality=level)
    bodies = [encode(photo, format_, transform) for photo in photos]
    return Level(
        format_,
        level,
        encoder_quality(format_, transform),
        score=fmean(scored(zip(photos, bodies, strict=True))),
        size=fmean(map(len, bodies)),
    )


def timed(
    format_: Format, image: pyvips.Image, settings: list[Setting], **also: int
) -> list[tuple[bytes, float]]:
    """The file that each setting makes, and the milliseconds it took; the settings in turn."""
    save = getattr(image, SAVERS[format_])
    bodies: list[bytes] = [b""] * len(settings)
    seconds: list[list[float]] = [[] for _ in settings]
    for _ in range(_RUNS):
        for number, setting in enumerate(settings):
            if sum(seconds[number]) < _ENOUGH_SECONDS:
                start = process_time()
                bodies[number] = save(keep=0, **setting.options, **also)
                seconds[number].append(process_time() - start)
    return [(body, 1000 * median(took)) for body, took in zip(bodies, seconds, strict=True)]


def scored(pairs: Iterable[tuple[pyvips.Image, bytes]]) -> list[float]:
    """SSIMULACRA2 of each file against its picture, on all cores."""
    files = [
        (_png(picture), _png(pyvips.Image.new_from_buffer(body, ""))) for picture, body in pairs
    ]
    with ProcessPoolExecutor() as processes:
        return list(processes.map(_score, files, chunksize=4))


def _score(files: tuple[bytes, bytes]) -> float:
    return float(compute_ssimulacra2(*map(io.BytesIO, files)))


def _png(picture: pyvips.Image) -> bytes:
    eight = picture.cast("uchar", shift=True)  # AVIF of 10 bits is read as 16
    data: bytes = eight.copy(interpretation="srgb").pngsave_buffer(compression=0)
    return data


if __name__ == "__main__":
    main()
