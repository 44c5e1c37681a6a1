"""Paint and brushes for the sample photos: light as linear numbers, computed by libvips.

A picture under work is a float image in linear light (0 black, 1 white, brighter is allowed).
Places are measured in picture heights: y runs 0…1 downwards, x runs 0…width/height. All is seeded.
`keep` is for what is used more than once: libvips would compute it again for each use.
"""

import math
import random
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import pyvips

Picture: TypeAlias = pyvips.Image
Colour: TypeAlias = Sequence[float]

LANDSCAPE = (1500, 1000)
PORTRAIT = (1000, 1500)
SQUARE = (1250, 1250)
TEXTURE = (1024, 1024)
ENLARGED = 1.6  # the finished photo against the canvas: painting costs by the pixel
_SHADES = 2048
_TONES = 65535
_WHITE = 1.4527  # the light whose tone is 255


def keep(picture: Picture) -> Picture:
    """The picture in memory, computed once."""
    return picture.copy_memory()


def colour(text: str, light: float = 1.0) -> list[float]:
    """`"#f80"` or `"#ff8800"` as three linear numbers, times `light`."""
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return [(int(digits[at : at + 2], 16) / 255) ** 2.2 * light for at in (0, 2, 4)]


@cache
def places(size: tuple[int, int]) -> tuple[Picture, Picture]:
    """x and y of every pixel, in picture heights."""
    grid = pyvips.Image.xyz(*size).cast("float") / size[1]
    return keep(grid[0]), keep(grid[1])


def clamp(picture: Picture) -> Picture:
    """Limited to 0…1."""
    return picture.clamp(min=0, max=1)


def step(low: float, high: float, picture: Picture) -> Picture:
    """0 below `low`, 1 above `high`, a straight slope between (`low` may be the larger)."""
    return clamp((picture - low) * (1 / (high - low)))


def ease(mask: Picture) -> Picture:
    """A straight slope made an S: no edge where it starts and ends."""
    once = keep(mask)
    return once * once * (3 - 2 * once)


def mix(below: Picture, above: Picture | Colour, mask: Picture) -> Picture:
    """`above` over `below` where the mask is 1."""
    once = keep(mask)
    return below * (1 - once) + once * above


def ramp(values: Picture, stops: Sequence[tuple[float, str]]) -> Picture:
    """Each value 0…1 painted with the colour the stops give it."""
    return (clamp(values) * (_SHADES - 1)).cast("ushort").maplut(_paints(tuple(stops)))


@cache
def _paints(stops: tuple[tuple[float, str], ...]) -> Picture:
    linear = [(at, colour(text)) for at, text in stops]
    shades = [_shade(index / (_SHADES - 1), linear) for index in range(_SHADES)]
    return row([band for shade in shades for band in shade], bands=3)


def _shade(at: float, stops: Sequence[tuple[float, list[float]]]) -> list[float]:
    after = next((index for index, (place, _) in enumerate(stops) if place >= at), len(stops) - 1)
    (low, dark), (high, light) = stops[max(after - 1, 0)], stops[after]
    share = 1.0 if high <= low else min(max((at - low) / (high - low), 0), 1)
    return [a + (b - a) * share for a, b in zip(dark, light, strict=True)]


def row(numbers: Sequence[float], bands: int = 1) -> Picture:
    """A picture one pixel high."""
    data = pyvips.ffi.new("float[]", list(numbers))
    raw = bytes(pyvips.ffi.buffer(data))
    return pyvips.Image.new_from_memory(raw, len(numbers) // bands, 1, bands, "float")


def noise(size: tuple[int, int], cell: float, seed: int, octaves: int = 5) -> Picture:
    """Clouds: smooth noise of about −1…1, largest detail `cell` picture heights wide.

    Perlin noise in octaves (libvips `perlin`), each half as large and half as strong; computed
    no larger than the smallest octave needs. A square one repeats without a seam.
    """
    return streaks(size, cell, seed, stretch=1, octaves=octaves)


def streaks(
    size: tuple[int, int], cell: float, seed: int, stretch: int, octaves: int = 5
) -> Picture:
    """`noise` drawn out sideways `stretch` times."""
    pixels = max(int(cell * size[1]), 2)
    repeats = size[0] == size[1]  # as an enlarged one would not
    shrink = 1 if repeats else max((pixels >> (octaves - 1)) // 4, 1)
    small = (math.ceil(size[0] / shrink / stretch), math.ceil(size[1] / shrink))
    layers = [
        pyvips.Image.perlin(
            *small, cell_size=max(pixels // shrink >> octave, 2), seed=seed + octave
        )
        * 0.5**octave
        for octave in range(octaves)
    ]
    return keep(grown(keep(pyvips.Image.sum(layers)), size))


def grown(small: Picture, size: tuple[int, int]) -> Picture:
    """Enlarged to a size, softly."""
    if (small.width, small.height) == size:
        return small
    across, down = size[0] / small.width, size[1] / small.height
    return small.resize(across, vscale=down, kernel="cubic")


def dice(seed: int) -> random.Random:
    """Chance that falls the same way every time."""
    return random.Random(seed)  # noqa: S311 (for looks, not for secrets)


def skyline(width: int, seed: int, roughness: float = 0.55, pieces: int = 5) -> list[float]:
    """A mountain's edge as one number a column, about −1…1: a line broken again and again."""
    throw = dice(seed)
    line = [throw.uniform(-1, 1) for _ in range(pieces)]
    swing = 1.0
    while len(line) < width:
        swing *= roughness
        middles = [(a + b) / 2 + throw.uniform(-swing, swing) for a, b in pairwise(line)]
        line = [value for pair in zip(line, middles, strict=False) for value in pair] + [line[-1]]
    return line[:width]


def wooded(line: Sequence[float], seed: int, height: float, gap: int) -> list[float]:
    """An edge (y a column) with firs standing on it, about `gap` columns apart."""
    throw = dice(seed)
    edge, at = list(line), 0.0
    while at < len(line):
        tall, half = height * throw.uniform(0.35, 1), gap * throw.uniform(0.5, 0.8)
        for column in range(max(int(at - half), 0), min(int(at + half), len(line))):
            rise = 1 - abs(column - at) / half
            bough = 0.72 + 0.28 * (rise * 7 % 1)
            edge[column] = min(edge[column], line[column] - tall * rise * bough)
        at += gap * throw.uniform(0.3, 1.2)
    return edge


def swell(width: int, waves: Sequence[tuple[float, float, float]]) -> list[float]:
    """A soft edge as one number a column: the sum of (strength, waves across, phase)."""
    return [
        sum(a * math.sin(math.tau * (n * column / width + phase)) for a, n, phase in waves)
        for column in range(width)
    ]


def below(line: Sequence[float], size: tuple[int, int], softness: float = 1.0) -> Picture:
    """A mask of what is under an edge (its y for each column); `softness` in pixels."""
    return clamp(depth_under(line, size) * (size[1] / softness) + 0.5)


def depth_under(line: Sequence[float], size: tuple[int, int]) -> Picture:
    """How far each pixel is under an edge, in picture heights; negative above it."""
    edge = row(line).replicate(1, size[1])
    return pyvips.Image.xyz(*size)[1].cast("float") / size[1] - edge


def distance(x: Picture, y: Picture, at: tuple[float, float], flatten: float = 1.0) -> Picture:
    """From a place, in picture heights; `flatten` above 1 squeezes the circles vertically."""
    return length(x - at[0], (y - at[1]) * flatten)


def length(across: Picture, down: Picture) -> Picture:
    """Of the arrow to each place (a complex number's size: far quicker than a square root)."""
    return across.complexform(down).abs()


def shifted(picture: Picture, x: Picture, y: Picture) -> Picture:
    """The picture as seen at other places (x and y in picture heights), edges repeated."""
    column = (x * picture.height).clamp(min=0, max=picture.width - 2)
    line = (y * picture.height).clamp(min=0, max=picture.height - 2)
    return picture.mapim(column.bandjoin(line), interpolate=pyvips.Interpolate.new("bilinear"))


def tiled(picture: Picture, x: Picture, y: Picture) -> Picture:
    """`shifted` over a picture that repeats without end (square `noise` does, seamlessly)."""
    whole = picture.embed(0, 0, picture.width + 2, picture.height + 2, extend="repeat")
    column = (x * picture.height).remainder(picture.width)
    line = (y * picture.height).remainder(picture.height)
    where = column.bandjoin(line).cast("float")
    return keep(whole).mapim(where, interpolate=pyvips.Interpolate.new("bilinear"))


def cut_out(size: tuple[int, int], shapes: str) -> Picture:
    """SVG shapes, in pixels of the finished photo, as a mask 0…1."""
    return keep(_rasterised(size, shapes)[3] / 255)


def drawing(size: tuple[int, int], shapes: str) -> tuple[Picture, Picture]:
    """SVG shapes, in pixels of the finished photo: their linear colours, and their mask 0…1."""
    drawn = _rasterised(size, shapes)
    linear = row([(value / 255) ** 2.2 for value in range(256)])
    return drawn[0:3].maplut(linear), drawn[3] / 255


def _rasterised(size: tuple[int, int], shapes: str) -> Picture:
    across, down = size[0] * ENLARGED, size[1] * ENLARGED
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" '
        f'width="{size[0]}" height="{size[1]}">'
    )
    return keep(pyvips.Image.svgload_buffer(f"{head}{shapes}</svg>".encode()))


def blurred(picture: Picture, radius: float) -> Picture:
    """Softened by `radius` picture heights, computed small where that cannot be seen."""
    pixels = radius * picture.height
    shrink = max(int(pixels / 2), 1)
    small = picture.shrink(shrink, shrink).gaussblur(pixels / shrink)
    return keep(grown(keep(small), (picture.width, picture.height)))


def stars(size: tuple[int, int], rarity: float, radius: float, seed: int) -> Picture:
    """Points of light: peaks of noise above `rarity` deviations, `radius` pixels wide."""
    tile = pyvips.Image.gaussnoise(1200, 1000, sigma=1, mean=0, seed=seed)
    points = clamp((tile - rarity) * 3).gaussblur(radius) * (7 * radius * radius + 1)
    return keep(points).replicate(2, 3).crop(0, 0, *size) * [0.92, 0.96, 1.0]


def developed(
    picture: Picture, exposure: float = 1.0, grain: float = 0.012, seed: int = 1
) -> Picture:
    """The finished photo: highlights rolled off, corners darker, a little grain, 8 bits."""
    size = (picture.width, picture.height)
    x, y = places(size)
    across, down = x * (size[1] / size[0]) - 0.5, (y - 0.5) * (size[1] / size[0])
    corners = 1 - 0.38 * (across * across + down * down)
    light = picture * (corners * exposure * (_TONES / _WHITE))
    tone = light.clamp(min=0, max=_TONES).cast("ushort").maplut(_tones()).cast("uchar")
    large = keep(tone).resize(ENLARGED, kernel="cubic")
    speck = pyvips.Image.gaussnoise(512, 512, sigma=grain * 400, mean=0, seed=seed).gaussblur(0.6)
    dust = keep(speck.cast("short")).replicate(5, 5).crop(0, 0, large.width, large.height)
    return (large + dust).cast("uchar").copy(interpretation="srgb")


@cache
def _tones() -> Picture:
    """From linear light to 0…255: a curve that bends where film would, then gamma."""
    lights = [index * _WHITE / _TONES for index in range(_TONES + 1)]
    curve = [light * (light * 0.22 + 1) / (light + 1) * 1.28 for light in lights]
    return row([255 * min(value, 1) ** (1 / 2.2) + 0.5 for value in curve])
