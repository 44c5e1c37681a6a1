import pytest

from resizer.model.formats import Format
from resizer.model.transform import (
    BLACK,
    CENTRE,
    Border,
    Box,
    Colour,
    Edges,
    Fit,
    Flip,
    Gamut,
    Metadata,
    Point,
    Quality,
    Saliency,
    Transform,
    UniformEdge,
)
from resizer.urls.dialects.cloudflare import parse, write
from resizer.urls.options import BY_SPELLING, OPTIONS
from tests.support.urls import SETTINGS, read, refuse

ACCEPTED: dict[str, dict[str, Transform]] = {
    "width": {
        "1": Transform(width=1),
        "8192": Transform(width=8192),
        "0400": Transform(width=400),
    },
    "height": {"1": Transform(height=1), "8192": Transform(height=8192)},
    "dpr": {
        "1": Transform(),
        "2": Transform(dpr=2),
        "3.0": Transform(dpr=3),
        "1.5": Transform(dpr=1.5),
        "1.3333333333333333": Transform(dpr=1.3333),
    },
    "fit": {fit.value: Transform(fit=fit) for fit in Fit},
    "gravity": {
        "auto": Transform(gravity=Saliency()),
        "left": Transform(gravity=Point(0, 0.5)),
        "right": Transform(gravity=Point(1, 0.5)),
        "top": Transform(gravity=Point(0.5, 0)),
        "bottom": Transform(gravity=Point(0.5, 1)),
        "center": Transform(),
        "0.5x0.5": Transform(gravity=CENTRE),
        "0x1": Transform(gravity=Point(0, 1)),
        ".25x1.0": Transform(gravity=Point(0.25, 1)),
    },
    "quality": {
        "1": Transform(quality=1),
        "100": Transform(quality=100),
        **{quality.value: Transform(quality=quality) for quality in Quality},
    },
    "format": {
        name: Transform(format=Format(name))
        for name in ("auto", "avif", "webp", "jpeg", "baseline-jpeg", "png", "gif", "json")
    },
    "anim": {"true": Transform(), "false": Transform(anim=False)},
    "page": {"1": Transform(page=1), "2": Transform(page=2), "65535": Transform(page=65_535)},
    "background": {
        "red": Transform(background=Colour(255, 0, 0)),
        "#0f08": Transform(background=Colour(0, 255, 0, 136)),
        "rgb(240,40,145)": Transform(background=Colour(240, 40, 145)),
        "rgb(0 0 0 / 50%)": Transform(background=Colour(0, 0, 0, 128)),
        "hsl(120 100% 25%)": Transform(background=Colour(0, 128, 0)),
    },
    "border": {
        "4": Transform(border=Border(Edges(4, 4, 4, 4), BLACK)),
        "4;navy": Transform(border=Border(Edges(4, 4, 4, 4), Colour(0, 0, 128))),
        "1;2;3;4": Transform(border=Border(Edges(1, 2, 3, 4), BLACK)),
        "1;2;3;4;rgb(9, 8, 7)": Transform(border=Border(Edges(1, 2, 3, 4), Colour(9, 8, 7))),
        "0": Transform(),
        "0;0;0;0;red": Transform(),
    },
    "blur": {"1": Transform(blur=1), "250": Transform(blur=250), "2.5": Transform(blur=2.5)},
    "sharpen": {"0": Transform(), "10": Transform(sharpen=10), "0.5": Transform(sharpen=0.5)},
    "brightness": {"1": Transform(), "0.0001": Transform(brightness=0.0001)},
    "contrast": {"1.0": Transform(), "1000": Transform(contrast=1000)},
    "gamma": {"0.5": Transform(gamma=0.5)},
    "saturation": {"0": Transform(saturation=0), "1": Transform()},
    "rotate": {degrees: Transform(rotate=int(degrees)) for degrees in ("90", "180", "270")},
    "flip": {flip.value: Transform(flip=flip) for flip in Flip},
    "trim": {
        "20;30;20;0": Transform(trim=Edges(20, 30, 20, 0)),
        "0;0;0;0": Transform(),
        "border": Transform(trim=UniformEdge()),
        "left=1;top=2;width=3": Transform(trim=Box(1, 2, 3)),
    },
    "trim.left": {"7": Transform(trim=Box(left=7)), "0": Transform()},
    "trim.top": {"7": Transform(trim=Box(top=7))},
    "trim.width": {"7": Transform(trim=Box(width=7))},
    "trim.height": {"7": Transform(trim=Box(height=7))},
    "gamut": {"srgb": Transform(), "p3": Transform(gamut=Gamut.P3)},
    "metadata": {kept.value: Transform(metadata=kept) for kept in Metadata},
    "compression": {"fast": Transform(fast=True)},
    "onerror": {"redirect": Transform()},
    "preset": {
        "hero": Transform(width=1600, fit=Fit.COVER, format=Format.AUTO, trim=Box(left=5)),
    },
}

REFUSED: dict[str, list[str]] = {
    "width": [
        "",
        "0",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "1_000",
        "４００",
        "٤",
        " 1",
        "1 ",
        "8193",
        "auto",
    ],
    "height": ["0", "auto", "8193", "9" * 12, "9" * 1000, "0x10"],
    "dpr": ["0", "0.99", "3.1", "3.00005", "nan", "inf", "1e0", "-2", "1.", "1,5", "1.2.3"],
    "fit": ["", "Cover", "fill", "inside", "outside"],
    "gravity": ["face", "side", "centre", "0.5", "x", "0.5x", "1.1x0", "-0x0", "0x0x0", "nanxnan"],
    "quality": ["0", "101", "80.5", "auto", "medium", "HIGH", "²", "-"],
    "format": ["jpg", "auto-avif", "auto-jpeg", "AVIF", "svg", "heic", "original"],
    "anim": ["1", "0", "True", "yes"],
    "page": ["", "0", "-1", "1.5", "65536", "last", "１"],
    "background": ["", "nosuch", "currentcolor", "f00", "url(x)", "red;blue"],
    "border": ["", "1;2", "1;2;3", "1;2;3;4;5", "red", "-1", "1;2;3;4;red;5", "65536", "1.5"],
    "blur": ["0", "0.99", "250.1", "1e2"],
    "sharpen": ["-1", "10.1", ""],
    "brightness": ["0", "0.00001", "-1", "1000.1", "1e308", "9" * 400],
    "contrast": ["0", "infinity"],
    "gamma": ["0", "NaN"],
    "saturation": ["-0.1", "1001", "0." + "0" * 21],
    "rotate": ["0", "45", "360", "90.0", "-90"],
    "flip": ["vh", "H", "true"],
    "trim": [
        "",
        "1",
        "1;2;3",
        "1;2;3;4;5",
        "1;2;3;-4",
        "auto",
        "left=1;left=2",
        "right=1",
        "width=0",
    ],
    "trim.left": ["-1", "65536", "1.5"],
    "trim.top": ["x"],
    "trim.width": ["0"],
    "trim.height": ["0"],
    "gamut": ["", "P3", "display-p3", "rec2020"],
    "metadata": ["all", ""],
    "compression": ["slow", "true"],
    "onerror": ["ignore"],
    "preset": ["", "her", "hero,dpr=2", "width"],
    "exp": ["", "0", "-1", "1.5", "tomorrow", "1798761600000", "١"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in ACCEPTED for value in ACCEPTED[name]]
)
def test_every_option_reads_what_it_accepts(name: str, value: str) -> None:
    assert read(f"{name}={value}") == ACCEPTED[name][value]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in REFUSED for value in REFUSED[name]]
)
def test_every_option_refuses_the_rest_and_says_what_it_accepts(name: str, value: str) -> None:
    error = refuse(write(["anim=true", f"{name}={value}"], "cat.jpg"))
    assert error.option == name
    assert error.accepted
    assert name in str(error)
    assert len(str(error)) < 300


def test_the_tables_above_leave_no_option_out() -> None:
    assert set(ACCEPTED) == set(OPTIONS) - {"exp", "sig"}
    assert set(REFUSED) == set(OPTIONS) - {"sig"}


@pytest.mark.parametrize(
    ("short", "name"),
    [("w", "width"), ("h", "height"), ("q", "quality"), ("f", "format"), ("g", "gravity")],
)
def test_the_short_names_mean_the_long_ones(short: str, name: str) -> None:
    for value, transform in ACCEPTED[name].items():
        assert read(f"{short}={value}") == transform
    assert parse(f"{short}={next(iter(ACCEPTED[name]))}/a", SETTINGS).explicit == {name}
    assert {s for s in BY_SPELLING if s not in OPTIONS} == {"w", "h", "q", "f", "g"}
