"""Northern lights over a lake: curtains of rays, stars, snow, and all of it again in the water."""

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_SHORE = 0.70
_SKY = [(0, "#050a1e"), (0.4, "#0a1a38"), (0.7, "#16394f")]
# lower edge at the left and at the right (y), sway, seed, strength, how soon it fades upwards
_CURTAINS = [
    (0.60, 0.26, 0.055, 3, 1.00, 5.5),
    (0.30, 0.52, 0.045, 10, 0.45, 6.0),
    (0.52, 0.60, 0.030, 15, 0.30, 9.0),
]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    sky = (
        c.ramp(y, _SKY) + c.stars(SIZE, 3.0, 0.55, seed=61) + c.stars(SIZE, 4.0, 0.9, seed=62) * 1.5
    )
    for curtain in _CURTAINS:
        sky = c.keep(sky + _curtain(x, y, *curtain))
    land = c.keep(_mountains(sky))
    picture = c.mix(land, _lake(land, x, y), c.clamp((y - _SHORE) * SIZE[1] + 0.5))
    return c.developed(_shore(c.keep(picture)), exposure=1.35, grain=0.012, seed=6)


def _curtain(
    x: c.Picture,
    y: c.Picture,
    left: float,
    right: float,
    sway: float,
    seed: int,
    light: float,
    fade: float,
) -> c.Picture:
    waves = [
        (sway, 1.3, seed * 0.13),
        (sway * 0.6, 2.7, seed * 0.29),
        (sway * 0.3, 5.3, seed * 0.41),
    ]
    folds = c.swell(SIZE[0], waves)
    edge = [left + (right - left) * at / SIZE[0] + fold for at, fold in enumerate(folds)]
    above = c.keep(c.depth_under(edge, SIZE) * -1)
    rays = c.noise(c.TEXTURE, 1 / 32, seed=seed * 10, octaves=5)
    along = c.keep(x * 0.7 + c.row(folds).replicate(1, SIZE[1]) * 3.5 + above * 0.06)
    ray = c.ease(c.step(-0.7, 0.9, c.tiled(rays, along, above * 0.06)))
    thick = c.ease(c.step(-0.35, 0.75, c.tiled(rays, along * 0.09, above * 0.01 + 0.3)))
    glow = c.clamp(above) * (1.7 - thick) * -fade
    body = c.clamp(above * 22 + 0.12) * glow.exp()
    stops = [(0, "#7dffb0"), (0.12, "#35f09a"), (0.4, "#2fb8b0"), (0.75, "#8a4ad8"), (1, "#b03a9a")]
    return c.ramp(above * 1.9, stops) * body * (0.25 + ray) * (0.05 + thick * 1.5) * light


def _mountains(sky: c.Picture) -> c.Picture:
    picture = sky
    for index, (top, tall, shade, haze) in enumerate(
        [(0.665, 0.15, "#12303f", "#2b6b70"), (0.685, 0.085, "#071824", "#13404a")]
    ):
        rough = c.skyline(SIZE[0], seed=302 + index * 11, roughness=0.52, pieces=7 + index * 3)
        line = [top - tall * abs(value) ** 0.9 for value in rough]
        depth = c.keep(c.depth_under(line, SIZE))
        body = c.mix(picture * 0 + c.colour(shade), c.colour(haze), c.ease(c.step(0, 0.13, depth)))
        picture = c.keep(c.mix(picture, body, c.clamp(depth * SIZE[1] * 0.8 + 0.5)))
    return picture


def _lake(land: c.Picture, x: c.Picture, y: c.Picture) -> c.Picture:
    down = c.keep(c.clamp(y - _SHORE))
    far = c.keep(0.08 / (down + 0.014))
    swell = c.noise(c.TEXTURE, 1 / 16, seed=71, octaves=5)
    wave = c.tiled(swell, x * far * 0.3, far * 0.5)
    slope = c.keep(wave * (0.014 + down * 0.09))
    seen = c.shifted(land, x + slope * 0.3, _SHORE - 0.002 - (down * 1.7 + slope).abs())
    return seen * [0.66, 0.74, 0.80] + c.colour("#02060f", 0.5)


def _shore(picture: c.Picture) -> c.Picture:
    ground = c.swell(SIZE[0], [(0.02, 0.55, 0.15), (0.006, 2.4, 0.6)])
    bank = [0.975 + value for value in ground]
    firs = c.wooded(bank, seed=8, height=0.30, gap=40)
    edge = [
        low - (low - fir) * max(abs(at / SIZE[0] - 0.47) * 2.9 - 0.42, 0.06)
        for at, (low, fir) in enumerate(zip(bank, firs, strict=True))
    ]
    return c.mix(picture, c.colour("#03090d"), c.below(edge, SIZE, softness=1.6))
