"""The report as one HTML page beside a folder of pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tests.fidelity.inputs import Input

PICTURES = "pictures"

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2rem; color: #223; background: #fff }
nav { columns: 16rem; margin: 1rem 0 2rem }
nav a { display: block }
section { border-top: 2px solid #ccd; padding-top: .5rem; margin-top: 2rem }
.row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-end; margin: .5rem 0 1rem }
figure { margin: 0 }
figcaption { font-size: 12px; max-width: 15rem; overflow-wrap: anywhere }
img { display: block; background:
  repeating-conic-gradient(#dde 0 25%, #fff 0 50%) 0 0 / 16px 16px }
.refused { color: #a22 }
h3 { font-size: 12px; text-transform: uppercase; letter-spacing: .08em; margin: .5rem 0 0 }
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture, or the reason why there is none."""

    caption: str
    facts: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One input: the original, and what every operation made of it, in groups."""

    input: Input
    beside: Sequence[Shown]
    """The original itself, and what another program makes of it."""
    groups: dict[str, list[Shown]]


def write(folder: Path, sections: Sequence[Section], about: str) -> Path:
    """The page; the pictures must lie in `folder`/pictures already."""
    page = folder / "index.html"
    page.write_text("".join(_page(sections, about)), encoding="utf-8")
    return page


def _page(sections: Sequence[Section], about: str) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><meta charset="utf-8"><title>Fidelity</title>'
    yield f"<style>{_STYLE}</style><h1>Fidelity</h1><p>{escape(about)}</p><nav>"
    for number, section in enumerate(sections):
        yield f'<a href="#i{number}">{escape(section.input.name)}</a>'
    yield "</nav>"
    for number, section in enumerate(sections):
        yield f'<section id="i{number}"><h2>{escape(section.input.name)}</h2>'
        yield f"<p>{escape(section.input.note)}</p>"
        yield _row("original", section.beside)
        for name, shown in section.groups.items():
            yield _row(name, shown)
        yield "</section>"


def _row(name: str, shown: Sequence[Shown]) -> str:
    figures = "".join(map(_figure, shown))
    return f'<h3>{escape(name)}</h3><div class="row">{figures}</div>'


def _figure(one: Shown) -> str:
    caption = f"<figcaption><b>{escape(one.caption)}</b><br>{escape(one.facts)}</figcaption>"
    if one.file is None:
        return f'<figure class="refused">{caption}</figure>'
    source = f"{PICTURES}/{one.file}"
    return f'<figure><img loading="lazy" src="{source}" alt="">{caption}</figure>'
