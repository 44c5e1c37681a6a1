"""A ringed giant: noise in bands, wrapped on a ball, lit from one side."""

import math

from resizer.ops.demo import canvas as c

SIZE = c.LANDSCAPE
_CENTRE, _RADIUS, _TILT = (0.70, 0.52), 0.30, math.radians(-18)
_BANDS = [
    (0, "#4a3528"),
    (0.2, "#b98a5c"),
    (0.4, "#e9cfa4"),
    (0.55, "#c9885a"),
    (0.7, "#f3e3c6"),
    (0.85, "#a86c4c"),
    (1, "#e0b98a"),
]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    across, down = x - _CENTRE[0], y - _CENTRE[1]
    u = c.keep((across * math.cos(_TILT) + down * math.sin(_TILT)) / _RADIUS)
    v = c.keep((down * math.cos(_TILT) - across * math.sin(_TILT)) / _RADIUS)
    sky = c.keep(_space(x, y))
    ball, disc = _ball(u, v)
    ring, cover = _ring(u, v)
    near = c.keep(c.step(-0.003, 0.003, v))
    behind = c.keep(c.mix(sky, ring, cover * (1 - near)))
    with_ball = c.keep(c.mix(behind + _air(u, v), ball, disc))
    front = c.mix(with_ball, ring, cover * near)
    return c.developed(front, exposure=1.3, grain=0.008, seed=3)


def _space(x: c.Picture, y: c.Picture) -> c.Picture:
    cloud = c.ease(c.step(-0.3, 1.0, c.noise(SIZE, 0.5, seed=5, octaves=7)))
    other = c.ease(c.step(-0.2, 1.0, c.noise(SIZE, 0.4, seed=15, octaves=7)))
    band = (c.distance(x * 0.35, y + x * 0.45, (0.3, 0.85)) * -3).exp()
    mist = cloud * band * c.colour("#7a4a9a", 0.5) + other * band * c.colour("#2a6a9a", 0.35)
    faint = c.stars(SIZE, 2.95, 0.5, seed=31) * (0.25 + band)
    return mist + c.colour("#04060f") + faint + c.stars(SIZE, 3.9, 0.9, seed=33) * 2


def _ball(u: c.Picture, v: c.Picture) -> tuple[c.Picture, c.Picture]:
    flat = c.keep(u * u + v * v)
    z = c.keep(c.clamp(1 - flat) ** 0.5)
    longitude = c.keep(z.atan2(u) / 360)
    latitude = c.keep(c.clamp(v * 0.5 + 0.5))
    storm = c.noise((1600, 1600), 0.12, seed=7, octaves=6)
    swirl = c.keep(c.shifted(storm, longitude * 0.7, latitude * 1.0))
    stripe = c.row([0.5 + 0.5 * k for k in c.skyline(1600, seed=8, roughness=0.72, pieces=9)])
    bands = c.shifted(
        stripe.replicate(1, 2), latitude * 0 + (latitude + swirl * 0.018) * 799, latitude * 0
    )
    skin = c.ramp(c.clamp(bands * 0.9 + 0.05 + swirl * 0.12), _BANDS)
    sun = c.ease(c.step(-0.22, 1.0, u * -0.62 + v * -0.36 + z * 0.62))
    gap = c.keep(c.length(u, v * 3.1 + 0.55))
    shadow = 1 - 0.55 * c.step(1.28, 1.36, gap) * c.step(2.2, 2.1, gap) * c.step(0.1, -0.1, v)
    rim = (1 - z) ** 3 * c.colour("#9fb8e8", 0.35)
    lit = skin * (sun * shadow * 1.5 + 0.012) + rim * sun
    return c.keep(lit), c.clamp((1 - c.length(u, v)) * _RADIUS * SIZE[1] + 0.5)


def _air(u: c.Picture, v: c.Picture) -> c.Picture:
    outside = c.clamp(c.length(u, v) - 1)
    return (outside * -26).exp() * c.step(0.4, -0.9, u + v * 0.5) * c.colour("#8fb0f0", 0.16)


def _ring(u: c.Picture, v: c.Picture) -> tuple[c.Picture, c.Picture]:
    far = c.keep(c.length(u, v * 3.4))
    grooves = c.skyline(1600, seed=18, roughness=0.8, pieces=12)
    groove = c.row([0.55 + 0.4 * value for value in grooves]).replicate(1, 2)
    place = c.keep(c.clamp((far - 1.3) / 0.95))
    dense = c.clamp(c.shifted(groove, place * 799, far * 0))
    edge = c.step(1.3, 1.34, far) * c.step(2.25, 2.2, far)
    gap = 1 - 0.9 * c.step(1.86, 1.875, far) * c.step(1.94, 1.925, far)
    dark = 1 - 0.93 * c.step(1.02, 0.94, (u - v * -1.9).abs()) * c.step(-0.05, 0.05, u) * c.step(
        0.1, -0.1, v
    )
    shine = c.ramp(place, [(0, "#8a6a4c"), (0.4, "#e8cfa6"), (0.7, "#c9a67c"), (1, "#8f7a66")])
    return c.keep(shine * dark * (0.5 + 0.7 * dense)), c.keep(edge * gap * (0.25 + 0.75 * dense))
