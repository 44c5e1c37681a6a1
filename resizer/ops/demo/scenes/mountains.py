"""Mountains at dusk: seven ranges, each paler for being farther away."""

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_SUN = (0.98, 0.43)
_SKY = [(0, "#0d1440"), (0.2, "#2f3480"), (0.36, "#8a5796"), (0.47, "#ee8272"), (0.6, "#ffc684")]
_RANGES = ["#f3a27c", "#d97f74", "#ac6076", "#784870", "#47325f", "#221f47", "#080b20"]
_MIST = ["#ffc795", "#f9ab8a", "#e0908a", "#b0728a", "#7a5884", "#3d3566", "#0d1130"]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    glow = c.keep((c.distance(x, y, _SUN) * -2.4).exp())
    picture = _sky(x, y)
    for index in range(len(_RANGES)):
        picture = c.keep(_range(picture, index, glow))
    return c.developed(picture, exposure=1.25)


def _sky(x: c.Picture, y: c.Picture) -> c.Picture:
    from_sun = c.keep(c.distance(x, y, _SUN))
    glow = (from_sun * -5.5).exp() * c.colour("#ff8a3c", 0.9)
    bloom = (from_sun * -22).exp() * c.colour("#ffae4a", 1.6)
    disc = c.ease(c.step(0.046, 0.042, from_sun)) * c.colour("#ffcb94", 2.0)
    veil = c.ease(c.step(0.0, 0.75, c.streaks(SIZE, 0.13, seed=43, stretch=6)))
    cloud = veil * c.ease(c.step(0.02, 0.25, y)) * c.ease(c.step(0.47, 0.3, y)) * 0.6
    return c.mix(c.ramp(y, _SKY) + glow, c.colour("#ff8f86"), cloud) + disc + bloom


def _range(picture: c.Picture, index: int, glow: c.Picture) -> c.Picture:
    near = index / (len(_RANGES) - 1)
    depth = c.keep(c.depth_under(_edge(index, near), SIZE))
    shades = [(0, _RANGES[index]), (0.9 + 0.4 * near, _MIST[index])]
    lit = c.ramp(depth * 5, shades) + glow * c.colour("#ff9a4a", 0.5 * (1 - near))
    return c.mix(picture, lit, c.clamp(depth * SIZE[1] + 0.5))


def _edge(index: int, near: float) -> list[float]:
    top = 0.49 + 0.40 * near**1.15
    rough = c.skyline(SIZE[0], seed=70 + index * 3, roughness=0.5, pieces=4 + index)
    line = [top + (0.08 + 0.03 * (index % 2)) * value * (1 - 0.3 * near) for value in rough]
    if near < 0.8:
        return line
    return c.wooded(line, seed=index, height=0.016 + 0.03 * (near == 1), gap=4 + 5 * (near == 1))
