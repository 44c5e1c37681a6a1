"""The gallery page of `resizer demo`: one self-contained HTML document over some images."""

import shlex
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from string import Template
from typing import TypeAlias

WriteUrl: TypeAlias = Callable[[Sequence[str], str], str]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What the page needs and nothing else: send it as `Content-Security-Policy`."""

MOST_TILES = 60
WIDTHS = (320, 480, 640, 960, 1280, 1600)

# Six tiles fill three rows of four columns: name, height for a width of 1, share of the page
_SHAPES = {"plain": (3 / 4, 1), "big": (3 / 4, 2), "tall": (3 / 2, 1), "wide": (3 / 8, 2)}
_PATTERN = ("big", "tall", "plain", "plain", "wide", "wide")

_FITS = (
    ("fit=contain", "All of it, inside the box"),
    ("fit=cover", "Fills the box, the rest is cut"),
    ("fit=cover,gravity=top", "The same, keeping the top"),
    ("fit=cover,gravity=0.5x0.75", "The same, keeping a place"),
    ("fit=pad,background=#e0529c", "Inside the box, filled up"),
    ("fit=squeeze", "Exactly the box, distorted"),
)
_FORMATS = ("jpeg", "webp", "avif")
_EFFECTS = (
    ("saturation=0", "Grey"),
    ("blur=40", "Blurred"),
    ("brightness=1.2,contrast=1.25", "Brighter, harder"),
    ("saturation=1.8", "More colour"),
    ("flip=h", "Mirrored"),
    ("rotate=180", "Turned"),
    ("border=16;white", "Framed"),
    ("quality=10", "As few bytes as can be"),
)


def page(samples: Sequence[str], url: WriteUrl, origin: str = "http://127.0.0.1:8080") -> str:
    """The page's HTML for these keys, the first `MOST_TILES` of them as tiles.

    `url` makes the path of a variant from options (`["width=320", "format=auto"]`, as in the URL
    grammar but not encoded) and a key; it encodes both, commas of the key included. `origin` is
    what the lines to copy start with. Needs nothing but these URLs: see CONTENT_SECURITY_POLICY.
    """
    shown = list(samples[:MOST_TILES])
    return Template(_file("gallery.html")).substitute(
        style=_file("gallery.css"),
        script=_file("gallery.js"),
        hero=_hero(shown, url),
        tiles="\n".join(_tile(index, key, url) for index, key in enumerate(shown)),
        more=_more(len(samples) - len(shown)),
        panels=_panels(shown, url, origin) if shown else _EMPTY,
    )


_EMPTY = '<p class="empty">There are no pictures here yet.</p>'


def _file(name: str) -> str:
    return (files("resizer.ops.demo") / name).read_text(encoding="utf-8")


def _more(count: int) -> str:
    return f'<p class="more">… and {count} more.</p>' if count > 0 else ""


def _hero(shown: Sequence[str], url: WriteUrl) -> str:
    if not shown:
        return ""
    return _image(shown[0], url, ["fit=cover"], ratio=9 / 16, sizes="100vw", eager=True, alt="")


def _tile(index: int, key: str, url: WriteUrl) -> str:
    shape = _PATTERN[index % len(_PATTERN)]
    ratio, share = _SHAPES[shape]
    sizes = (
        f"(min-width: 1500px) {share * 365}px, (min-width: 800px) {share * 25}vw, {share * 50}vw"
    )
    large = escape(url(["width=2000", "format=auto"], key))
    image = _image(key, url, ["fit=cover"], ratio=ratio, sizes=sizes)
    folder = str(PurePosixPath(key).parent)
    return (
        f'<figure class="tile {shape}"><a href="{large}">{image}</a><figcaption>'
        f"<b>{escape(_name(key))}</b><small>{escape('' if folder == '.' else folder)}</small>"
        f"<output></output></figcaption></figure>"
    )


def _image(
    key: str,
    url: WriteUrl,
    options: Sequence[str],
    ratio: float,
    sizes: str,
    eager: bool = False,
    alt: str | None = None,
) -> str:
    """An `<img>` in every width, each of the same proportions, so that nothing moves."""
    each = [
        (
            width,
            url([f"width={width}", f"height={round(width * ratio)}", *options, "format=auto"], key),
        )
        for width in WIDTHS
    ]
    srcset = ", ".join(f"{path} {width}w" for width, path in each)
    loading = 'fetchpriority="high"' if eager else 'loading="lazy" decoding="async"'
    spoken = escape(_name(key) if alt is None else alt)
    return (
        f'<img src="{escape(each[2][1])}" srcset="{escape(srcset)}" sizes="{sizes}" width="640" '
        f'height="{round(640 * ratio)}" {loading} alt="{spoken}">'
    )


def _name(key: str) -> str:
    return PurePosixPath(key).stem or key


def _panels(shown: Sequence[str], url: WriteUrl, origin: str) -> str:
    """Fits on the second picture (the upright one of the samples), the rest on others."""
    upright, colourful, detailed, first = (shown[at % len(shown)] for at in (1, 2, 4, 0))
    fits = [
        _figure(["width=360", "height=240", *options.split(",")], options, about, upright, url)
        for options, about in _FITS
    ]
    effects = [
        _figure(
            ["width=360", "height=240", "fit=cover", *options.split(",")],
            options,
            about,
            colourful,
            url,
        )
        for options, about in _EFFECTS
    ]
    formats = [_format(name, detailed, url) for name in _FORMATS]
    return Template(_file("panels.html")).substitute(
        fits="\n".join(fits),
        effects="\n".join(effects),
        formats="\n".join(formats),
        commands="\n".join(_command(*line) for line in _commands(first, upright, url, origin)),
    )


def _figure(options: Sequence[str], text: str, about: str, key: str, url: WriteUrl) -> str:
    path = escape(url([*options, "format=auto"], key))
    spoken = escape(f"{_name(key)}: {about}")
    return (
        f'<figure><a class="box" href="{path}"><img src="{path}" loading="lazy" alt="{spoken}">'
        f"</a><figcaption><code>{escape(text)}</code>{escape(about)}<output></output></figcaption></figure>"
    )


def _format(name: str, key: str, url: WriteUrl) -> str:
    path = escape(url(["width=800", f"format={name}"], key))
    return (
        f'<li data-url="{path}"><a href="{path}"><code>format={name}</code></a>'
        f'<span class="bar"><i></i></span><output></output></li>'
    )


def _commands(large: str, upright: str, url: WriteUrl, origin: str) -> list[tuple[str, str]]:
    """What to do, and the line that does it."""

    def quoted(options: Sequence[str], key: str) -> str:
        return shlex.quote(origin + url(options, key))

    auto = quoted(["width=800", "format=auto"], large)
    pad = quoted(["width=400", "height=400", "fit=pad", "background=gold", "format=webp"], upright)
    described = quoted(["width=800", "format=json"], large)
    wrong = quoted(["width=800", "fit=stretch"], large)
    return [
        (
            "An AVIF, because the client can read it",
            f"curl -o photo.avif -H 'Accept: image/avif' {auto}",
        ),
        ("How it came: see Cache-Status and Server-Timing", f"curl -sD - -o /dev/null {auto}"),
        ("A square WebP, padded with gold", f"curl -o square.webp {pad}"),
        ("The original and the variant, described", f"curl -s {described}"),
        ("A mistake, explained", f"curl -s {wrong}"),
    ]


def _command(about: str, line: str) -> str:
    return f"<li><span>{escape(about)}</span><pre><code>{escape(line)}</code></pre></li>"
