"""The chart of the README: how many times as fast as each peer, as bars, in SVG.

The axis is logarithmic and bars begin at 1, so that twice and half as fast are as long.
"""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.row import Row

WIDTH = 760
_LEFT, _RIGHT = 300, 700
"""Where the axis begins and ends; figures stand outside of the bars."""
_BAR, _GAP, _TOP, _GROUP = 16, 8, 82, 26
_MARKS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 } .group { font-weight: 600 }
.quiet { fill: #57606a } .mark { fill: #57606a; text-anchor: middle }
.left { text-anchor: end } .ahead { fill: #1a7f64 } .behind { fill: #b7791f }
line { stroke: #57606a; stroke-opacity: .25 } .even { stroke-opacity: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet, .mark { fill: #9da7b1 } line { stroke: #9da7b1 }
  .ahead { fill: #3fb68b } .behind { fill: #d9a441 }
}
"""


def chart(rows: Sequence[Row], title: str, under: str) -> str:
    """A bar for each row that is a ratio against a peer; those of one peer together."""
    shown = [row for row in rows if row.peer and row.figure]
    figures = [row.figure or 1.0 for row in shown]
    axis = Axis(min(0.5, *figures, 1.0), max(2.0, *figures, 1.0))
    parts, y = [], _TOP
    for peer in dict.fromkeys(row.peer for row in shown):
        parts.append(_text(12, y + 13, f"against {peer}", "group"))
        y += _GROUP
        for row in (row for row in shown if row.peer == peer):
            parts.append(_bar(row, y, axis))
            y += _BAR + _GAP
    head = [_text(12, 22, title, "title"), _text(12, 42, under, "quiet"), *axis.marks(y)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 8}"'
        f' viewBox="0 0 {WIDTH} {y + 8}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join([*head, *parts]) + "\n</svg>\n"
    )


class Axis:
    """From ratios to places, between the least and the largest."""

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def __call__(self, ratio: float) -> float:
        whole = math.log(self.most / self.least)
        return _LEFT + (_RIGHT - _LEFT) * math.log(ratio / self.least) / whole

    def marks(self, bottom: int) -> list[str]:
        """A line and a label at each power of two within."""
        parts = []
        for mark in (mark for mark in _MARKS if self.least <= mark <= self.most):
            x, kind = self(mark), ' class="even"' if mark == 1 else ""
            line = f'<line{kind} x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{bottom}"/>'
            parts += [line, _text(round(x), _TOP - 14, f"{mark:g}×", "mark")]
        return parts


def _bar(row: Row, y: int, axis: Axis) -> str:
    figure = row.figure or 1.0
    even, end = axis(1.0), axis(figure)
    kind = "ahead" if figure >= 1 else "behind"
    words = f"{figure:.2f}×"
    return (
        _text(24, y + 13, row.what.partition(", against")[0])
        + f'<rect class="{kind}" x="{min(even, end):.1f}" y="{y}"'
        + f' width="{abs(end - even):.1f}" height="{_BAR}" rx="2"/>'
        + (_text(end + 6, y + 13, words) if figure >= 1 else _text(end - 6, y + 13, words, "left"))
    )


def _text(x: float, y: int, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y}"{named}>{escape(words)}</text>'
