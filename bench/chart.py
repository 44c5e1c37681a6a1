"""The chart of the README: how many times as fast as each peer, as bars, in SVG."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.row import Row

WIDTH, LABEL, END = 760, 330, 60
_BAR, _GAP, _TOP, _GROUP = 16, 8, 58, 26
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 } .group { font-weight: 600 } .quiet { fill: #57606a }
.ahead { fill: #1a7f64 } .behind { fill: #b7791f } .even { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9da7b1 } .even { stroke: #9da7b1 }
  .ahead { fill: #3fb68b } .behind { fill: #d9a441 }
}
"""


def chart(rows: Sequence[Row], title: str, under: str) -> str:
    """A bar for each row that is a ratio against a peer; those of one peer together."""
    shown = [row for row in rows if row.peer and row.figure is not None]
    most = max((row.figure or 0 for row in shown), default=1.0)
    scale = (WIDTH - LABEL - END) / max(most, 1.25)
    parts, y = [], _TOP
    for peer in dict.fromkeys(row.peer for row in shown):
        parts.append(_text(12, y + 14, f"against {peer}", "group"))
        y += _GROUP
        for row in (row for row in shown if row.peer == peer):
            parts.append(_bar(row, y, scale))
            y += _BAR + _GAP
    even = LABEL + scale
    line = f'<line class="even" x1="{even:.1f}" x2="{even:.1f}" y1="{_TOP - 6}" y2="{y}"/>'
    head = _text(12, 22, title, "title") + _text(12, 42, under, "quiet")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 12}"'
        f' viewBox="0 0 {WIDTH} {y + 12}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n{head}\n" + "\n".join(parts) + f"\n{line}\n</svg>\n"
    )


def _bar(row: Row, y: int, scale: float) -> str:
    figure = row.figure or 0
    kind = "ahead" if figure >= 1 else "behind"
    end = LABEL + figure * scale
    return (
        _text(24, y + 13, row.what.partition(", against")[0])
        + f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{figure * scale:.1f}"'
        + f' height="{_BAR}" rx="2"/>'
        + _text(round(end) + 6, y + 13, f"{figure:.2f}×")
    )


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{named}>{escape(words)}</text>'
