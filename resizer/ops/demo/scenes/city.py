"""A city at the blue hour: three rows of towers, lit windows, and the river repeating them."""

import random

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_BANK = 0.66
_WIDTH, _HEIGHT = (side * c.ENLARGED for side in SIZE)
_SKY = [(0, "#070d2b"), (0.3, "#172457"), (0.5, "#4a3a7c"), (0.62, "#c86a78"), (0.68, "#f7a866")]
# towers, tallest (pixels), wall, share of windows lit
_ROWS = [(34, 520, "#4a3f74", 0.16), (26, 640, "#1f2350", 0.30), (19, 470, "#0a0f26", 0.42)]
_LAMPS = ["#ffd08a", "#ffe9c2", "#ffb45c", "#bfe0ff"]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    picture = c.keep(_sky(x, y))
    for index, row in enumerate(_ROWS):
        picture = c.keep(_towers(picture, index, *row))
    river = _river(picture, x, y)
    whole = c.keep(c.mix(picture, river, c.clamp((y - _BANK) * SIZE[1] + 0.5)))
    bright = c.keep(c.clamp(whole - 0.55))
    bloom = c.blurred(bright, 0.004) * 0.6 + c.blurred(bright, 0.025) * 0.9
    return c.developed(whole + bloom, exposure=1.25, grain=0.014, seed=7)


def _sky(x: c.Picture, y: c.Picture) -> c.Picture:
    cloud = c.streaks(SIZE, 0.10, seed=80, stretch=6)
    veil = c.ease(c.step(0.0, 0.8, cloud)) * c.ease(c.step(0.05, 0.4, y)) * 0.6
    sky = c.mix(c.ramp(y, _SKY), c.colour("#e07a90", 0.8), veil)
    return sky + c.stars(SIZE, 3.3, 0.5, seed=81) * c.step(0.4, 0.0, y)


def _towers(
    picture: c.Picture, index: int, count: int, tallest: int, wall: str, lit: float
) -> c.Picture:
    dice = c.dice(900 + index)
    walls: list[str] = []
    lamps: list[list[str]] = [[] for _ in _LAMPS]
    for number in range(count):
        wide = dice.randint(60, 130) + 14 * index
        left = int((number + dice.uniform(-0.2, 0.2)) * _WIDTH / count)
        middle = 1 - abs(left / _WIDTH - 0.42) * 1.1
        tall = int(tallest * dice.uniform(0.30, 1.0) * max(middle, 0.25))
        top = int(_BANK * _HEIGHT) - tall
        walls.append(_tower(dice, left, top, wide, tall))
        _light(dice, lamps, left, top, wide, tall, lit)
    drawn = c.cut_out(SIZE, "".join(walls))
    haze = c.depth_under([_BANK - 0.30] * SIZE[0], SIZE)
    body = c.mix(
        picture * 0 + c.colour(wall),
        c.colour("#d07a80", 0.55),
        c.step(0, 0.32, haze) * (0.5 - 0.2 * index),
    )
    shapes = "".join(
        f'<path fill="{lamp}" d="{"".join(paths)}"/>'
        for lamp, paths in zip(_LAMPS, lamps, strict=True)
    )
    glow, panes = c.drawing(SIZE, shapes)
    return c.mix(c.mix(picture, body, drawn), glow * (0.7 + 0.35 * index), panes)


def _tower(dice: random.Random, left: int, top: int, wide: int, tall: int) -> str:
    body = f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}"/>'
    kind = dice.random()
    if kind < 0.3:
        inset = wide // 5
        body += f'<rect x="{left + inset}" y="{top - 34}" width="{wide - 2 * inset}" height="40"/>'
    if kind < 0.15 or kind > 0.9:
        body += f'<rect x="{left + wide // 2 - 2}" y="{top - 120}" width="4" height="124"/>'
    if 0.3 <= kind < 0.42:
        body += f'<path d="M{left} {top}L{left + wide} {top - 60}V{top + 2}H{left}Z"/>'
    return body


def _light(
    dice: random.Random,
    lamps: list[list[str]],
    left: int,
    top: int,
    wide: int,
    tall: int,
    lit: float,
) -> None:
    across, down = dice.choice([(12, 16), (14, 20), (10, 14)])
    taste = dice.randrange(len(_LAMPS))
    share = lit * dice.uniform(0.4, 1.5)
    for y in range(top + 12, top + tall - 10, down):
        whole_floor = dice.random() < 0.04
        for x in range(left + 8, left + wide - 12, across):
            if whole_floor or dice.random() < share:
                lamp = taste if dice.random() < 0.75 else dice.randrange(len(_LAMPS))
                lamps[lamp].append(f"M{x} {y}h{across - 6}v{down - 9}h{6 - across}z")


def _river(picture: c.Picture, x: c.Picture, y: c.Picture) -> c.Picture:
    down = c.keep(c.clamp(y - _BANK))
    far = c.keep(0.09 / (down + 0.02))
    swell = c.noise(c.TEXTURE, 1 / 16, seed=91, octaves=6)
    wave = c.tiled(swell, x * far * 0.35, far * 0.7)
    slope = c.keep(wave * (0.03 + down * 0.26))
    seen = c.shifted(picture, x + slope * 0.10, _BANK - 0.004 - (down * 1.15 + slope).abs())
    return seen * [0.70, 0.74, 0.86] + c.colour("#040818", 0.6)
