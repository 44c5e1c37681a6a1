"""A forest in the morning mist, upright: rows of firs, light falling between them."""

import random

from resizer.ops.demo import canvas as c

SIZE = c.PORTRAIT
_WIDTH, _HEIGHT = (side * c.ENLARGED for side in SIZE)
_MIST = [(0, "#9dbcb4"), (0.3, "#f0e6bd"), (0.55, "#cfd8c0"), (1, "#6d8d80")]
_ROWS = ["#9db8a6", "#789b8c", "#4c746b", "#28544f", "#0f3332", "#031215"]
_SUN = (0.36, 0.27)


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    from_sun = c.keep(c.distance(x, y, _SUN))
    glow = c.keep((from_sun * -4.2).exp() * c.colour("#ffdf9a", 1.3))
    picture = c.keep(c.ramp(y, _MIST) * 0.8 + glow)
    for index, shade in enumerate(_ROWS):
        picture = c.keep(_row(picture, index, shade, y, glow))
        if index == 3:
            picture = c.keep(picture + _rays(x, y, from_sun))
    return c.developed(picture, exposure=1.05, seed=5)


def _row(picture: c.Picture, index: int, shade: str, y: c.Picture, glow: c.Picture) -> c.Picture:
    near = index / (len(_ROWS) - 1)
    trees = c.cut_out(SIZE, _firs(index, near))
    inside = c.keep(trees.gaussblur(1.4)) if near == 1 else trees
    lit = glow * (1 - near) * 0.5 + c.colour(shade)
    standing = c.mix(picture, lit, inside)
    bank = c.streaks(SIZE, 0.12, seed=60 + index * 9, stretch=3)
    floor = 0.60 + 0.44 * near
    drift = c.ease(c.step(floor - 0.30, floor + 0.01, y + bank * 0.06)) * (1 - 0.72 * near**2)
    fog = [
        a + (b - a) * near for a, b in zip(c.colour("#e3e2c6"), c.colour("#7d978c"), strict=True)
    ]
    return c.mix(standing, fog, drift)


def _firs(index: int, near: float) -> str:
    dice = c.dice(200 + index * 7)
    count = int(30 - 22 * near**0.7)
    tall = 620 + 1900 * near**1.4
    shapes = []
    for number in range(count):
        x = (number + dice.uniform(0.0, 1.0)) * _WIDTH / count
        if near > 0.7 and 0.20 < x / _WIDTH < 0.82:
            continue
        foot = (0.60 + 0.46 * near) * _HEIGHT + dice.uniform(-40, 60) + 260 * near
        shapes.append(_fir(dice, x, foot, tall * dice.uniform(0.55, 1.12)))
    return "".join(shapes)


def _fir(dice: random.Random, x: float, foot: float, tall: float) -> str:
    """A stem and its branches: each drooping, thick at the stem and pointed at the end."""
    levels = int(min(34 + tall / 16, 120))
    half = tall * dice.uniform(0.12, 0.16)
    stem = f"M{x:.0f} {foot - tall:.0f}L{x + tall * 0.008:.0f} {foot:.0f}H{x - tall * 0.008:.0f}Z"
    twigs: dict[int, list[str]] = {0: [stem], -1: [], 1: []}
    for level in range(levels):
        at = (level + dice.random()) / levels
        y, thick = foot - tall * (0.985 - 0.93 * at), tall * (0.004 + 0.010 * at)
        for side in (-1, 1):
            reach = side * half * (0.04 + at**0.9) * dice.uniform(0.45, 1.1)
            droop = tall * (0.01 + 0.045 * at) * dice.uniform(0.5, 1.2)
            twigs[side].append(
                f"M{x:.1f} {y - thick:.1f}"
                f"q{reach * 0.55:.1f} {droop * 0.25:.1f} {reach:.1f} {droop:.1f}"
                f"q{-reach * 0.4:.1f} {thick * 1.1 - droop * 0.1:.1f} "
                f"{-reach:.1f} {thick * 2 - droop:.1f}Z"
            )
    return "".join(f'<path d="{"".join(paths)}"/>' for paths in twigs.values())


def _rays(x: c.Picture, y: c.Picture, from_sun: c.Picture) -> c.Picture:
    angle = (_SUN[1] - 0.08 - y).atan2(x - _SUN[0])
    beams = c.noise(c.TEXTURE, 1 / 16, seed=77, octaves=3)
    beam = c.ease(c.step(-0.1, 0.8, c.tiled(beams, angle / 110, angle * 0 + 0.3)))
    reach = (
        (from_sun * -2.4).exp()
        * c.ease(c.step(0.05, 0.45, from_sun))
        * c.step(-0.05, 0.2, y - _SUN[1])
    )
    return beam * reach * c.colour("#ffe6a8", 0.9)
