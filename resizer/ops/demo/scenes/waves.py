"""An animation: flat waves rolling under a low sun, 20 frames that repeat without a seam."""

import math

import pyvips

from resizer.ops.demo import canvas as c

SIZE = (720, 480)
FRAMES = 20
_SEA = ["#2f6f9f", "#255d8c", "#1c4a76", "#143a61", "#0d2a4b", "#071b35"]
_BACKGROUND = (
    '<linearGradient id="s" x2="0" y2="1"><stop stop-color="#fbd3a0"/>'
    '<stop offset=".62" stop-color="#f2896b"/></linearGradient>'
    '<rect width="960" height="640" fill="url(#s)"/>'
    '<circle cx="480" cy="300" r="150" fill="#ffb27a"/>'
    '<circle cx="480" cy="300" r="116" fill="#ffd08c"/>'
    '<circle cx="480" cy="300" r="84" fill="#fff1c4"/>'
)


def draw() -> c.Picture:
    """All frames under one another, as libvips keeps animations."""
    frames = [_frame(number / FRAMES) for number in range(FRAMES)]
    stack = pyvips.Image.arrayjoin(frames, across=1).copy()
    stack.set_type(pyvips.GValue.gint_type, "page-height", SIZE[1])
    stack.set_type(pyvips.GValue.gint_type, "loop", 0)
    stack.set_type(pyvips.GValue.array_int_type, "delay", [90] * FRAMES)
    return stack


def _frame(turn: float) -> c.Picture:
    waves = "".join(_wave(index, shade, turn) for index, shade in enumerate(_SEA))
    size = f'viewBox="0 0 960 640" width="{SIZE[0]}" height="{SIZE[1]}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    svg = f"{head}{_BACKGROUND}{_boat(turn)}{waves}</svg>"
    return pyvips.Image.svgload_buffer(svg.encode())[0:3]


def _height(index: int, x: float, turn: float) -> float:
    """Whole turns only: the last frame meets the first."""
    way = -1 if index % 2 else 1
    slow = math.sin(math.tau * (x / (420 + 40 * index) + way * turn + index * 0.37))
    fast = math.sin(math.tau * (x / (170 + 25 * index) - way * 2 * turn + index * 0.61))
    return 350 + 44 * index + (9 + 3 * index) * slow + (3 + index) * fast


def _wave(index: int, shade: str, turn: float) -> str:
    points = " ".join(f"{x},{_height(index, x, turn):.1f}" for x in range(0, 972, 12))
    return f'<polygon fill="{shade}" points="{points} 960,640 0,640"/>'


def _boat(turn: float) -> str:
    level = _height(0, 640, turn)
    lean = math.degrees(math.atan2(_height(0, 665, turn) - _height(0, 615, turn), 50))
    shapes = (
        '<path fill="#fff6e6" d="M3-104Q58-52 62-20H3Z"/>'
        '<path fill="#ffe0bd" d="M-4-88Q-34-46-42-20H-4Z"/>'
        '<path fill="#7a2f3c" d="M-54-14H70L52 14H-36Z"/>'
    )
    return f'<g transform="translate(640 {level:.1f}) rotate({lean:.2f})">{shapes}</g>'
