"""Dunes early in the day: each a sharp peak, one flank in the sun, wind ripples over both."""

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_SKY = [(0, "#1c4f94"), (0.22, "#5b93c4"), (0.42, "#cfd8d2"), (0.52, "#f7d9ae")]
# peak x and y, steepness of the left and the right flank, how far the spine swings right
_DUNES = [
    (0.35, 0.455, 0.10, 0.12, 0.1),
    (1.22, 0.430, 0.16, 0.13, 0.2),
    (0.72, 0.440, 0.22, 0.20, 0.3),
    (0.16, 0.500, 0.20, 0.22, 0.4),
    (1.06, 0.475, 0.30, 0.17, 0.5),
    (1.62, 0.600, 0.26, 0.30, 0.2),
    (0.46, 0.590, 0.27, 0.36, 0.9),
    (1.30, 0.760, 0.20, 0.25, 1.0),
]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    glow = (c.distance(x, y, (-0.1, 0.35)) * -2.6).exp() * c.colour("#ffdfa8", 0.9)
    picture = c.keep(c.ramp(y, _SKY) + glow)
    wind = c.noise(SIZE, 0.25, seed=50, octaves=4)
    sand = c.noise(SIZE, 0.004, seed=52, octaves=2)
    for index, dune in enumerate(_DUNES):
        picture = c.keep(_dune(picture, index, dune, (x, y, wind, sand)))
    return c.developed(picture, exposure=1.15, grain=0.010, seed=4)


def _dune(
    picture: c.Picture, index: int, dune: tuple[float, ...], scene: tuple[c.Picture, ...]
) -> c.Picture:
    x, y, wind, sand = scene
    near = index / (len(_DUNES) - 1)
    under = c.keep(c.clamp(y - dune[1]))
    spine = dune[0] + _spine(under, dune[4]) + wind * under * 0.06
    side = c.keep(x - spine)
    soft = 0.0012 + under * 0.012
    lit = c.ease(c.clamp(side * -1 / soft * 0.5 + 0.5))
    ripple = c.keep(_ripples(x, under, wind, near) + sand * 0.18)
    sun = c.ramp(c.clamp(side * -1.1), [(0, "#f6a24e"), (0.25, "#e98b3e"), (0.7, "#d9772f")])
    warm = sun * (1 + ripple * 0.55) * (1.12 - under * 0.45)
    shade = c.ramp(c.clamp(side * 1.4), [(0, "#3a1814"), (0.3, "#5d2a1c"), (1, "#a8552c")])
    cool = shade * (1 + ripple * 0.3)
    haze = 0.62 * (1 - near) ** 1.5
    hazy = c.mix(cool, warm, lit) * (1 - haze) + c.colour("#f3cfa6", haze)
    return c.mix(picture, hazy, c.below(_crest(dune, index), SIZE))


def _crest(dune: tuple[float, ...], index: int) -> list[float]:
    peak, top, left, right, _ = dune
    wobble = c.swell(SIZE[0], [(0.006, 2.1, index * 0.37), (0.003, 4.7, index * 0.71)])
    line = []
    for column, shake in enumerate(wobble):
        away = column / SIZE[1] - peak
        steep = left if away < 0 else right
        line.append(top + steep * abs(away) ** 1.12 + shake * min(abs(away) * 5, 1.5))
    return line


def _spine(under: c.Picture, swing: float) -> c.Picture:
    """How far right of the peak the ridge has wandered, that much under it."""
    return (under * 560).sin() * 0.05 * swing + under * (swing - 0.45) * 0.75


def _ripples(x: c.Picture, under: c.Picture, wind: c.Picture, near: float) -> c.Picture:
    far = 1 / (under + 0.10 + 0.12 * near)
    wave = ((far * 9 + x * far * 0.9 + wind * 1.6) * (360 / 0.42)).sin()
    return wave * 0.16 * (0.25 + 0.75 * near) * c.clamp(under * 9)
