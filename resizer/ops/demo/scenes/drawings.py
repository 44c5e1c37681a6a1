"""The two drawings that are not photos: a vector picture and a logo with transparency."""

import math

import pyvips

from resizer.ops.demo import canvas as c

LOGO_SIZE = (1200, 800)
_BALLOONS = [  # x, y, size, colours
    (330, 250, 1.0, "#e4572e", "#ffc914"),
    (800, 180, 0.62, "#17bebb", "#fff3d6"),
    (960, 390, 0.42, "#76448a", "#f5b7b1"),
    (585, 420, 0.34, "#2e86de", "#fdf2c4"),
]
_HILLS = ["#f6b98f", "#e58f7b", "#b9667a", "#7c4a73", "#46335f", "#231f45"]


def balloons() -> str:
    """An SVG file's text, 1200 × 800: balloons over hills in the morning."""
    hills = "".join(_hill(index, shade) for index, shade in enumerate(_HILLS))
    flight = "".join(_balloon(*balloon) for balloon in _BALLOONS)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 800" width="1200" height="800">'
        '<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#8fd3e8"/>'
        '<stop offset=".5" stop-color="#fde7c3"/>'
        '<stop offset=".75" stop-color="#fbc59a"/></linearGradient></defs>'
        '<rect width="1200" height="800" fill="url(#sky)"/>'
        '<circle cx="700" cy="470" r="74" fill="#fff6dd"/>'
        f"{_clouds()}{hills}{flight}</svg>"
    )


def _clouds() -> str:
    dice = c.dice(12)
    puffs = []
    for left, top, size in (
        (90, 130, 1.0),
        (930, 90, 0.8),
        (470, 90, 0.6),
        (1010, 300, 0.55),
        (60, 400, 0.6),
    ):
        for puff in range(6):
            x, y = left + puff * 34 * size, top + dice.uniform(-9, 9) * size
            puffs.append(
                f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{46 * size:.0f}" ry="{17 * size:.0f}"/>'
            )
    return f'<g fill="#fff" fill-opacity=".55">{"".join(puffs)}</g>'


def _hill(index: int, shade: str) -> str:
    points = []
    for x in range(0, 1216, 16):
        wave = math.sin(x / (190 - 12 * index) + index * 1.9) + 0.45 * math.sin(
            x / 71 + index * 2.7
        )
        points.append(f"{x},{500 + 48 * index - (34 - 3 * index) * wave:.0f}")
    return f'<polygon fill="{shade}" points="{" ".join(points)} 1200,800 0,800"/>'


def _balloon(x: float, y: float, size: float, one: str, two: str) -> str:
    """An envelope of seven gores, lit from the right, and a basket on four ropes."""
    gores = "".join(
        f'<path d="M0-130C{k * 1.42} -130 {k * 1.42} 20 {k * 0.3} 92'
        f'H{-k * 0.3}C{-k * 1.42} 20 {-k * 1.42} -130 0-130Z" fill="{two if turn % 2 else one}"/>'
        for turn, k in enumerate((100, 72, 44, 17))
    )
    rest = (
        '<path d="M0-130C-142-130-142 20-30 92H-6C-70 20-80-90 0-130Z" fill-opacity=".13"/>'
        '<path d="M-29 92L-16 132M29 92L16 132M-10 92L-6 132M10 92L6 132" stroke="#4a3428" '
        'stroke-width="2"/><path d="M-19 131H19L15 160Q0 164-15 160Z" fill="#8a5a34"/>'
        '<path d="M-20 129H20V136H-20Z" fill="#5c3a20"/>'
    )
    return f'<g transform="translate({x} {y}) scale({size})">{gores}{rest}</g>'


def logo() -> c.Picture:
    """One picture in three sizes, each frame inside the next; the rest is transparent."""
    shapes = (
        '<defs><linearGradient id="a" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#7c5cff"/>'
        '<stop offset=".55" stop-color="#e0529c"/>'
        '<stop offset="1" stop-color="#ff9a5a"/></linearGradient><clipPath id="p">'
        '<rect x="330" y="310" width="380" height="300" rx="34"/></clipPath></defs>'
        '<g fill="none" stroke="url(#a)" stroke-width="20" stroke-linecap="round">'
        '<rect x="330" y="190" width="540" height="420" rx="58" stroke-opacity=".35"/>'
        '<rect x="330" y="250" width="460" height="360" rx="46" stroke-opacity=".65"/></g>'
        '<rect x="330" y="310" width="380" height="300" rx="34" fill="url(#a)"/>'
        '<g clip-path="url(#p)"><circle cx="600" cy="402" r="42" fill="#fff3d6"/>'
        '<path d="M300 620L452 432L546 546L600 490L730 620Z" fill="#fff" fill-opacity=".92"/></g>'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LOGO_SIZE[0]}" height="{LOGO_SIZE[1]}">'
    )
    return pyvips.Image.svgload_buffer(f"{head}{shapes}</svg>".encode())
