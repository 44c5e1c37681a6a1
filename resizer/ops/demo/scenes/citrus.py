"""Slices of orange, lemon, lime and grapefruit, seen from above in hard light."""

from functools import cache

import pyvips

from resizer.ops.demo import canvas as c

SIZE = c.SQUARE
_TILE = (600, 600)
# rind, pulp at the heart, pulp outside, pith, segments
_FRUITS = {
    "orange": ("#f58a07", "#ffb84a", "#fb8c00", "#fff0d2", 10),
    "lemon": ("#f7d11e", "#fff3a0", "#fbe04a", "#fffbe3", 9),
    "lime": ("#5f9e1f", "#dcf08a", "#a8d13f", "#f5fae0", 8),
    "grapefruit": ("#f3935a", "#ff8f86", "#ee4b4f", "#ffe6d6", 11),
}
# fruit, x, y, radius, angle
_PLATE = [
    ("grapefruit", 0.30, 0.33, 0.245, 12),
    ("orange", 0.74, 0.27, 0.205, 40),
    ("lime", 0.52, 0.60, 0.140, 5),
    ("lemon", 0.24, 0.74, 0.170, 70),
    ("orange", 0.80, 0.76, 0.225, 15),
    ("lemon", 0.53, 0.06, 0.150, 33),
    ("lime", 0.985, 0.49, 0.130, 51),
    ("grapefruit", 0.51, 1.03, 0.235, 25),
    ("lime", 0.03, 0.54, 0.125, 20),
    ("orange", 0.02, 1.00, 0.200, 60),
    ("lemon", 0.01, 0.05, 0.165, 8),
    ("grapefruit", 1.01, 0.02, 0.190, 45),
]


def draw() -> c.Picture:
    x, y = c.places(SIZE)
    table = c.keep(c.ramp((x + y) * 0.5, [(0, "#8fdcd6"), (1, "#4fb3bd")]))
    slices = {name: c.keep(_slice(*fruit)) for name, fruit in _FRUITS.items()}
    shadow = c.blurred(c.keep(_shadows(x, y)), 0.012)
    turned = [_turned(slices[name], radius, angle) for name, _, _, radius, angle in _PLATE]
    left = [
        round(at[1] * SIZE[0] - tile.width / 2) for at, tile in zip(_PLATE, turned, strict=True)
    ]
    top = [
        round(at[2] * SIZE[1] - tile.height / 2) for at, tile in zip(_PLATE, turned, strict=True)
    ]
    bare = (table * (1 - shadow * [0.72, 0.55, 0.48])).copy(interpretation="scrgb")
    laid = bare.composite(turned, "over", x=left, y=top, compositing_space="scrgb")
    return c.developed(c.keep(laid[0:3]), exposure=1.25, grain=0.008, seed=8)


def _shadows(x: c.Picture, y: c.Picture) -> c.Picture:
    masks = [
        c.clamp((radius - c.distance(x, y, (across + 0.022, down + 0.030))) * 700)
        for _, across, down, radius, _ in _PLATE
    ]
    return c.clamp(pyvips.Image.sum(masks))


def _turned(tile: c.Picture, radius: float, angle: float) -> c.Picture:
    scale = radius * 2 * SIZE[1] / (_TILE[0] * 0.96)
    return c.keep(tile.similarity(scale=scale, angle=angle).copy(interpretation="scrgb"))


def _slice(rind: str, heart: str, pulp: str, pith: str, segments: int) -> c.Picture:
    x, y = c.places(_TILE)
    u, v = c.keep((x - 0.5) / 0.48), c.keep((y - 0.5) / 0.48)
    r = c.keep(c.length(u, v))
    turn = c.keep(v.atan2(u) / 360)
    wobble = c.noise(_TILE, 0.3, seed=segments, octaves=3) * 0.03
    part = ((turn + wobble * 0.3) * segments).remainder(1.0)
    wall = c.keep((0.5 - (part - 0.5).abs()) * r * (6.28 / segments))
    inside = c.keep(_segment(wall, r, wobble))
    flesh = _flesh(r, turn, inside, heart, pulp)
    skin = c.noise(_TILE, 0.02, seed=4, octaves=2) * 0.10 + 1
    white = c.mix(r * 0 + c.colour(pith), c.colour(heart), c.step(0.9, 0.0, r) * 0.25)
    face = c.mix(white, c.colour(rind), c.ease(c.step(0.925, 0.955, r)))
    whole = c.mix(face * skin, flesh, c.ease(c.step(0.0, 0.022, inside)))
    light = 1.05 - (u + v) * 0.08 - c.step(0.97, 1.0, r) * 0.25
    return (whole * light).bandjoin(c.clamp((1 - r) * 0.48 * _TILE[1] + 0.5))


def _segment(wall: c.Picture, r: c.Picture, wobble: c.Picture) -> c.Picture:
    """How far inside a segment, rounded at its corners: below 0 is pith."""
    outer, inner = 0.875 + wobble * 0.5 - r, r - 0.09
    least = [(edge * -34).exp() for edge in (wall - 0.012, outer, inner)]
    return pyvips.Image.sum(least).log() * (-1 / 34)


def _flesh(r: c.Picture, turn: c.Picture, inside: c.Picture, heart: str, pulp: str) -> c.Picture:
    cells, grains = _textures()
    sacs = c.keep(c.tiled(cells, turn * 5, r * 0.55))
    grain = c.keep(c.tiled(grains, turn * 6, r * 0.35))
    tone = c.clamp(r * 0.75 + grain * 0.16 + sacs * 0.35 - inside * 1.2)
    glint = c.ease(c.step(0.35, 0.8, grain)) * 0.35
    return c.ramp(tone, [(0, heart), (1, pulp)]) * (1.12 - sacs * 0.35) + glint * c.colour(heart)


@cache
def _textures() -> tuple[c.Picture, c.Picture]:
    cells = c.keep(pyvips.Image.worley(*c.TEXTURE, cell_size=32, seed=5).cast("float"))
    return c.keep(cells / cells.max()), c.noise(c.TEXTURE, 1 / 32, seed=6, octaves=4)
