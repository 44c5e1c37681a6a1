"""The sea as the sun goes down: clouds and waves are flat noise seen in perspective."""

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_HORIZON = 0.56
_SUN = (0.62, 0.525)
_SKY = [(0, "#0e2a5c"), (0.2, "#3c5a93"), (0.36, "#a0748f"), (0.48, "#f28c56"), (0.56, "#ffc468")]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    sky = c.keep(_with_boat(_sky(x, y)))
    sea = c.keep(_sea(sky, x, y))
    picture = c.keep(c.mix(sky, sea, c.clamp((y - _HORIZON) * SIZE[1] + 0.5)))
    bloom = c.blurred(c.clamp(picture - 0.8), 0.015)
    return c.developed(picture + bloom * 0.5, exposure=1.2, seed=2)


def _sky(x: c.Picture, y: c.Picture) -> c.Picture:
    from_sun = c.keep(c.distance(x, y, _SUN))
    glow = (from_sun * -5).exp() * c.colour("#ff7a2c", 1.0)
    disc = c.ease(c.step(0.034, 0.031, from_sun)) * c.colour("#ffcb94", 2.4)
    bloom = (from_sun * -20).exp() * c.colour("#ff9c3c", 1.8)
    far = c.keep(0.09 / (c.clamp(_HORIZON - y) + 0.05))
    fluff = c.noise(c.TEXTURE, 1 / 4, seed=12, octaves=8)
    cloud = c.keep(c.tiled(fluff, (x - 0.75) * far * 0.9 + 0.1, far * 0.9 + x * 0.06))
    thick = c.ease(c.step(-0.1, 0.55, cloud)) * c.ease(c.step(0.55, 0.44, y))
    lit = c.ramp(from_sun, [(0, "#ffc873"), (0.22, "#ff8a4e"), (0.55, "#d96c6e"), (1, "#6a5f96")])
    belly = c.mix(lit, c.colour("#2b2c57"), c.ease(c.step(0.2, 0.8, cloud)) * 0.85)
    return c.mix(c.ramp(y, _SKY) + glow, belly, thick * 0.9) + disc + bloom


def _with_boat(sky: c.Picture) -> c.Picture:
    level, at = _HORIZON * SIZE[1] * c.ENLARGED + 1, 1560
    sails = (
        f'<path d="M{at} {level - 130}Q{at + 64} {level - 60} {at + 70} {level - 22}H{at}Z"/>'
        f'<path d="M{at - 8} {level - 112}Q{at - 40} {level - 50} {at - 50} {level - 22}'
        f'H{at - 8}Z"/>'
        f'<path d="M{at - 62} {level - 17}H{at + 84}L{at + 66} {level}H{at - 44}Z"/>'
    )
    boat = c.cut_out(SIZE, sails)
    return c.mix(sky, c.colour("#20121c"), boat * 0.96)


def _sea(sky: c.Picture, x: c.Picture, y: c.Picture) -> c.Picture:
    down = c.keep(c.clamp(y - _HORIZON))
    far = c.keep(0.1 / (down + 0.012))
    swell = c.noise(c.TEXTURE, 1 / 16, seed=21, octaves=6)
    wave = c.keep(c.tiled(swell, (x - 0.62) * far * 0.22 + far * 0.05, far * 0.55))
    slope = c.keep(wave * (0.05 + c.clamp(down * 4) * 0.07))
    up = (down * 0.9 + slope).abs()
    mirrored = c.shifted(sky, x + slope * 0.35 * (0.2 + down), _HORIZON - 0.004 - up)
    deep = c.ramp(down * 2.2, [(0, "#b0745c"), (0.3, "#2f4466"), (1, "#061226")])
    return c.mix(mirrored * 0.92, deep, c.clamp(0.12 + down * 1.0 + slope * 1.2))
