"""SVGs that ask for the moon, or for somebody else's files."""

import base64
import gzip

from tests.support.bombs.jpeg import SOUND as JPEG
from tests.support.bombs.jpeg import of_size as jpeg_of_size
from tests.support.bombs.png import of_size as png_of_size


def svg(inside: str, width: object = 100, height: object = 100, before: str = "") -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'{before}<svg {names} width="{width}" height="{height}">{inside}</svg>'.encode()


def ladder(ground: str, rung: str, height: int) -> str:
    """Elements N that each draw the one below, ever so often."""
    rungs = (rung.replace("N", str(n)).replace("BELOW", str(n - 1)) for n in range(1, height))
    return f"<defs>{ground.replace('N', '0')}{''.join(rungs)}</defs>"


def filtered(filter_: str, inside: str = "", *, side: int = 3000) -> bytes:
    drawn = inside or f'<rect width="{side}" height="{side}" filter="url(#f)"/>'
    return svg(f'<filter id="f">{filter_}</filter>{drawn}', side, side)


def embedded(data: bytes, kind: str) -> bytes:
    coded = base64.b64encode(data).decode()
    return svg(f'<image width="100" height="100" href="data:image/{kind};base64,{coded}"/>')


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
RECT = '<rect width="100" height="100" FILL/>'
TWICE = RECT.replace("FILL", 'mask="url(#BELOW)" fill="url(#BELOW)"') * 2
USES = '<g id="N">' + '<use href="#BELOW"/>' * 10 + "</g>"
NOISE = '<feTurbulence baseFrequency=".01" numOctaves="9"/>'
ELEMENTS, DEEP, TIME = "more than 100,000 elements", "more than 256 deep", "longer than"

BOMBS = {
    "a billion laughs": (
        svg("&e9;", before=f"<!DOCTYPE svg [<!ENTITY e0 'ha'>{LAUGHS}]>"),
        "entity",
    ),
    "one long entity, often": (
        svg("&e;" * 9000, before=f"<!DOCTYPE svg [<!ENTITY e '{'x' * 900}'>]>"),
        "entities",
    ),
    "an external entity": (
        svg("&e;", before='<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
        "entity",
    ),
    "10⁹ uses": (svg(ladder('<g id="N"/>', USES, 10) + '<use href="#9"/>'), ELEMENTS),
    "2³⁹ masks": (
        svg(ladder('<mask id="N"/>', f'<mask id="N">{TWICE}</mask>', 40)),
        ELEMENTS,
    ),
    "2³⁹ patterns": (
        svg(ladder('<pattern id="N"/>', f'<pattern id="N">{TWICE}</pattern>', 40)),
        ELEMENTS,
    ),
    "a chain of 20,000 clip paths": (
        svg(ladder('<clipPath id="N"/>', '<clipPath id="N" clip-path="url(#BELOW)"/>', 20_000)),
        DEEP,
    ),
    "30,000 groups in groups": (svg("<g>" * 30_000 + "</g>" * 30_000), DEEP),
    "200,000 circles": (svg('<circle r="4"/>' * 200_000), ELEMENTS),
    "a use of itself": (svg('<g id="a"><use href="#a"/></g>'), "within itself"),
    "9 MB of text": (svg(f"<text>{'a b' * 3_000_000}</text>"), "more than 8 MiB"),
    "an svgz bomb": (gzip.compress(svg(" " * 50_000_000)), "more than 8 MiB"),
    "an svgz in an svgz": (gzip.compress(gzip.compress(svg(""))), "gzip"),
    "2,000 times noise": (filtered(NOISE * 2000, side=3000), ""),
    "3,000 rectangles of noise": (
        filtered(NOISE, RECT.replace("FILL", 'filter="url(#f)"') * 3000, side=100),
        TIME,
    ),
    "a huge blur": (filtered('<feGaussianBlur stdDeviation="9999"/>'), ""),
    "a huge dilation": (filtered('<feMorphology operator="dilate" radius="900"/>'), ""),
    "a matrix of 200×200": (
        filtered(f'<feConvolveMatrix order="200" kernelMatrix="{"1 " * 40_000}"/>'),
        "",
    ),
    "5,000,000 dashes": (
        svg('<path d="M0 0H1000000" stroke="red" stroke-dasharray="0.1 0.1"/>'),
        "",
    ),
    "a line of 240 kB": (svg(f'<text y="20">{"a" * 240_000}</text>'), ""),
    "paths to nowhere": (svg('<path d="M1e308 NaN L-1e308 inf" stroke="red"/>'), ""),
    "10⁹ wide": (svg("", 1_000_000_000, 1), ""),
    "10³⁰ wide": (svg("", "1e30", "1e30"), ""),
    "of no size": (svg("", 0, 0), ""),
    "less than nothing": (svg("", -5, -5), ""),
    "a PNG of 400 MP inside": (embedded(png_of_size(20_000, 20_000), "png"), "pixels, more than"),
    "a JPEG of 4.3 GP inside": (embedded(jpeg_of_size(JPEG, 65_500, 65_500), "jpeg"), "pixels"),
    "an SVG bomb inside": (embedded(svg("<g/>" * 150_000), "svg+xml"), ELEMENTS),
    "a script": (svg("<script>alert(1)</script>" + RECT.replace("FILL", "")), ""),
    "20,000 rules": (
        svg("<style>" + "g g g rect{fill:red}" * 20_000 + "</style>" + "<g><g/></g>" * 9000),
        "",
    ),
}
