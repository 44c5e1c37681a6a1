"""CSS colours: a Colour or a ValueError, and a Colour's own text reads as itself."""

from resizer.urls.colour import read_colour
from tests.fuzz.target import Target


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        colour = read_colour(text)
    except ValueError:
        return
    assert len(text) <= 128
    channels = (colour.red, colour.green, colour.blue, colour.alpha)
    assert all(type(channel) is int and 0 <= channel <= 255 for channel in channels)
    assert read_colour(str(colour)) == colour


TARGET = Target(
    check,
    seeds=[
        *(b"red", b"#fff", b"#12345678", b"transparent", b"currentcolor", b"rebeccapurple"),
        *(b"rgb(240, 40, 145)", b"rgb(0 0 0 / 50%)", b"rgba(1,2,3,.4)", b"hsl(120deg 100% 25%)"),
        *(b"hwb(0.5turn 20% none)", b"lab(50% 40 -20)", b"lch(29.2345% 44.2 27)"),
        *(b"oklab(40.1% 0.1143 0.045)", b"oklch(60% 0.15 50 / 1)", b"color(display-p3 1 0.5 0)"),
        *(b"color(srgb-linear 1e9 0 0)", b"color(xyz-d50 .1 .2 .3)", b"color(rec2020 0 0 0)"),
        *(b"color(a98-rgb 1 1 1)", b"color(prophoto-rgb .1 .9 .5)", b"rgb(" * 30, b"lab(nan 0 0)"),
        *(b"color(rec2020 1e300 0 0)", b"color(display-p3 0 -1e300 0)", b"lab(1e300% 0 0)"),
    ],
    words=[
        *(b"rgb(", b"hsl(", b"hwb(", b"lab(", b"lch(", b"oklab(", b"oklch(", b"color(", b"none"),
        *(b"srgb", b"srgb-linear", b"display-p3", b"a98-rgb", b"prophoto-rgb", b"rec2020"),
        *(b"xyz", b"xyz-d50", b"xyz-d65", b"deg", b"rad", b"grad", b"turn", b"calc(", b"infinity"),
        *(
            b"1e300",
            b"1e309",
            b"-1e-400",
            b"/*",
            b"*/",
            b"url(",
            b"\\0",
            b"--",
            b"!important",
            b"%",
        ),
    ],
)
