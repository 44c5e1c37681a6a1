import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest, SourceNotFound
from resizer.transform import (
    BLACK,
    CENTRE,
    Border,
    Box,
    Colour,
    Edges,
    Fit,
    Flip,
    Format,
    Metadata,
    Point,
    Quality,
    Saliency,
    Transform,
    UniformEdge,
)
from resizer.urls.cloudflare import Grammar, parse, with_width, write
from resizer.urls.options import BY_SPELLING, OPTIONS
from resizer.urls.preset import Preset, parse_preset
from tests.test_urls_key import keys
from tests.transforms import transforms

GRAMMAR = Grammar(
    max_side=8192,
    presets={
        "hero": parse_preset("hero", "width=1600,fit=cover,format=auto,trim.left=5", 8192),
        "thumb.2": parse_preset("thumb.2", "w=200,h=200", 8192),
    },
    onerror_allowed=True,
)
UNBOUNDED = Grammar(max_side=10**9)

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
    "metadata": ["all", ""],
    "compression": ["slow", "true"],
    "onerror": ["ignore"],
    "preset": ["", "her", "hero,dpr=2", "width"],
    "exp": ["", "0", "-1", "1.5", "tomorrow", "1798761600000", "١"],
}


def read(*options: str, grammar: Grammar = GRAMMAR) -> Transform:
    return parse(write(options, "cat.jpg"), grammar).transform


def refuse(tail: str, grammar: Grammar = GRAMMAR) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(tail, grammar)
    return caught.value


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
    assert parse(f"{short}={next(iter(ACCEPTED[name]))}/a", GRAMMAR).names == (name,)
    assert {s for s in BY_SPELLING if s not in OPTIONS} == {"w", "h", "q", "f", "g"}


def test_options_may_stand_in_any_order() -> None:
    options = ["w=400", "h=300", "fit=cover", "g=0.5x0.2", "q=80", "f=webp"]
    assert read(*options) == read(*reversed(options))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("face=true", "face is not offered"),
        ("zoom=0.5", "zoom is not offered"),
        ("segment=foreground", "segment is not offered"),
        ("upscale=generate", "upscale is not offered"),
        ("g=face", "g=face is not offered"),
        ("scq=50", "scq is not available yet"),
        ("slow-connection-quality=50", "slow-connection-quality is not available yet"),
        ("width=auto", "width=auto is not available yet"),
        ("w=auto", "w=auto is not available yet"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(text: str, what: str) -> None:
    assert str(refuse(f"{text}/cat.jpg")).startswith(what)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("widht=400", "width"),
        ("qualty=1", "quality"),
        ("trim.with=1", "trim.width"),
        ("hiro", "hero"),
    ],
)
def test_a_misspelt_name_is_told_what_it_may_have_meant(text: str, hint: str) -> None:
    error = refuse(f"{text}/cat.jpg")
    assert f"did you mean {hint}?" in str(error)
    assert error.option == text.partition("=")[0]


def test_an_unknown_option_is_told_all_that_there_are() -> None:
    error = refuse("colour=red/cat.jpg")
    assert error.option == "colour"
    assert all(name in (error.accepted or "") for name in OPTIONS)


@pytest.mark.parametrize(
    "options",
    [
        "w=1,w=1",
        "w=1,width=2",
        "q=80,f=webp,quality=70",
        "trim=1;2;3;4,trim.width=5",
        "trim.width=5,trim=border",
        "trim.left=1,trim.left=1",
        "hero,hero",
        "hero,thumb.2",
        "hero,preset=thumb.2",
        "exp=1,w=1,exp=1",
    ],
)
def test_a_repeated_option_is_refused(options: str) -> None:
    assert "given twice" in str(refuse(f"{options}/cat.jpg"))


@pytest.mark.parametrize("options", ["", "sig=x", "exp=1798761600", "exp=1798761600,sig=x"])
def test_a_url_needs_an_option_that_says_something_about_the_picture(options: str) -> None:
    assert "no options" in str(refuse(f"{options}/cat.jpg"))


@pytest.mark.parametrize("options", [",", "w=1,", ",w=1", "w=1,,h=1", "=", "=1"])
def test_an_empty_option_is_refused(options: str) -> None:
    assert "empty option" in str(refuse(f"{options}/cat.jpg"))


def test_an_option_without_a_value_is_refused() -> None:
    assert refuse("width/cat.jpg").option == "width"
    assert "has no value" in str(refuse("w/cat.jpg"))


def test_a_url_without_options_is_told_so() -> None:
    assert "photos is neither an option nor a preset" in str(refuse("photos/cat.jpg"))


@pytest.mark.parametrize("options", ["sig=x,w=1", "w=1,sig=x,h=1", "w=1,sig=x,sig=y"])
def test_the_signature_is_the_last_option(options: str) -> None:
    assert refuse(f"{options}/cat.jpg").option == "sig"


def test_what_is_signed_is_each_option_as_written_but_decoded() -> None:
    request = parse("w=0400,hero,b%61ckground=%23FFF,exp=1798761600,sig=abc/a%2Fb", GRAMMAR)
    assert request.options == ("w=0400", "hero", "background=#FFF", "exp=1798761600")
    assert request.names == ("width", "preset", "background", "exp")
    assert (request.signature, request.expires) == ("abc", 1798761600)
    assert request.key == "a/b"


def test_without_signature_expiry_and_preset_they_are_none() -> None:
    request = parse("w=1/a", GRAMMAR)
    assert (request.signature, request.expires, request.preset) == (None, None, None)


def test_an_empty_signature_is_a_signature_all_the_same() -> None:
    assert parse("w=1,sig=/a", GRAMMAR).signature == ""


def test_commas_are_split_before_decoding() -> None:
    assert (
        read("background=rgb(240,40,145)")
        == parse("background=rgb%28240%2C40%2C145%29/a", GRAMMAR).transform
    )
    assert refuse("background=rgb(240,40,145)/a").option == "background"


@pytest.mark.parametrize("options", ["w=%", "w=1%zz", "w=%ff", "w=1%0A", "w=1%00", "w=\udcff"])
def test_options_that_do_not_decode_are_refused(options: str) -> None:
    assert "options" in str(refuse(f"{options}/a"))


@pytest.mark.parametrize("tail", ["w=1", "w=1/", "w=1//"])
def test_an_empty_key_is_not_found(tail: str) -> None:
    with pytest.raises(SourceNotFound):
        parse(tail, GRAMMAR)


@pytest.mark.parametrize(
    "options",
    ["," * 10_000_000, "w" * 10_000_000, "w=1," * 1000, "anim=true," * 40, "w=" + "9" * 5000],
)
def test_very_long_options_are_refused_before_they_are_read(options: str) -> None:
    assert "too long" in str(refuse(f"{options}/cat.jpg"))


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ("width=8192", True),
        ("width=8193", False),
        ("width=4096,dpr=2", True),
        ("width=4097,dpr=2", False),
        ("height=2731,dpr=3", False),
        ("width=2730,dpr=3", True),
        ("width=6400,dpr=1.28", True),
        ("width=8190,border=1", True),
        ("width=8190,border=2", False),
        ("height=8190,border=0;2;1;2", True),
        ("height=8190,border=2;0;1;0", False),
        ("border=2048,dpr=3", False),
        ("preset=hero,dpr=3", True),
        ("preset=hero,width=8000,dpr=3", False),
    ],
)
def test_the_box_with_dpr_and_border_has_at_most_the_configured_side(
    options: str, fits: bool
) -> None:
    if fits:
        parse(f"{options}/a", GRAMMAR)
        return
    error = refuse(f"{options}/a")
    assert error.option in ("width", "height")
    assert "8192" in str(error)


def test_trims_sides_make_one_rectangle() -> None:
    rectangle = Transform(trim=Box(left=1, top=2, width=3, height=4))
    assert read("trim.height=4", "trim.width=3", "trim.top=2", "trim.left=1") == rectangle


# Presets


@pytest.mark.parametrize("spelling", ["hero", "preset=hero", "preset%3Dhero", "h%65ro"])
def test_a_preset_is_applied_by_its_name_alone_or_by_preset(spelling: str) -> None:
    request = parse(f"{spelling}/a", GRAMMAR)
    assert request.preset == "hero"
    assert request.names == ("preset",)
    assert request.transform == GRAMMAR.presets["hero"].transform


@pytest.mark.parametrize("options", ["hero,w=300,dpr=2", "w=300,dpr=2,hero", "w=300,hero,dpr=2"])
def test_a_url_overrides_its_preset_wherever_it_stands(options: str) -> None:
    hero = GRAMMAR.presets["hero"].transform
    assert parse(f"{options}/a", GRAMMAR).transform == Transform(
        width=300, dpr=2, fit=hero.fit, format=hero.format, trim=hero.trim
    )


@pytest.mark.parametrize("default", ["fit=scale-down", "trim=0;0;0;0"])
def test_a_url_can_take_back_what_its_preset_says(default: str) -> None:
    field = default.partition("=")[0]
    taken_back = getattr(read("hero", default), field)
    assert taken_back == getattr(Transform(), field)
    assert taken_back != getattr(read("hero"), field)


def test_a_trim_in_the_url_overrides_the_presets_whole_trim() -> None:
    assert read("hero", "trim.width=9").trim == Box(width=9)


def test_a_preset_is_written_like_a_urls_options() -> None:
    preset = parse_preset("thumb", "width=200,h=100,background=rgb%280%2C0%2C0%29", 8192)
    assert preset == Preset("thumb", Transform(width=200, height=100, background=BLACK))


@pytest.mark.parametrize(
    "name",
    ["width", "w", "sig", "trim.width", "zoom", "scq", "", "a b", "a=b", "a,b", "a/b", "%61"],
)
def test_a_preset_cannot_have_a_name_that_a_url_could_not_tell_from_something_else(
    name: str,
) -> None:
    with pytest.raises(InvalidRequest, match="name a preset"):
        parse_preset(name, "width=1", 8192)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("exp=1,w=1", "exp"),
        ("w=1,sig=x", "sig"),
        ("preset=hero", "preset"),
        ("hero", "hero"),
        ("", None),
        ("w=8193", "width"),
        ("w=1,w=1", "width"),
    ],
)
def test_a_preset_holds_good_options_about_the_picture_only(text: str, option: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_preset("thumb", text, 8192)
    assert caught.value.option == option


# onerror


def test_onerror_redirects_where_there_is_a_fallback() -> None:
    assert parse("onerror=redirect,w=1/a", GRAMMAR).redirect_on_error
    assert not parse("w=1/a", GRAMMAR).redirect_on_error
    assert refuse("onerror=redirect,w=1/a", Grammar(max_side=10)).option == "onerror"


def test_a_preset_may_redirect_on_error_under_the_same_rule() -> None:
    presets = {"safe": parse_preset("safe", "w=1,onerror=redirect", 8192)}
    allowed = Grammar(max_side=10, presets=presets, onerror_allowed=True)
    assert parse("safe/a", allowed).redirect_on_error
    assert refuse("safe/a", Grammar(max_side=10, presets=presets)).option == "onerror"


# Writing


def _written(options: Sequence[str], key: str) -> tuple[tuple[str, ...], str]:
    request = parse(write(options, key), GRAMMAR)
    return request.options, request.key


spelled = st.sampled_from(
    [f"{name}={value}" for name, values in ACCEPTED.items() for value in values] + ["thumb.2"]
)


@given(st.lists(spelled, min_size=1, max_size=8, unique_by=lambda o: o.partition("=")[0]), keys)
def test_what_is_written_is_read_back(options: list[str], key: str) -> None:
    assume(not ("thumb.2" in options and any(o.startswith("preset=") for o in options)))
    assume(not any(o.startswith("trim=") for o in options) or not _has_trim_sides(options))
    assume(not any(o.endswith("=8192") for o in options))
    assert _written(options, key) == (tuple(options), key)


def _has_trim_sides(options: Sequence[str]) -> bool:
    return any(option.startswith("trim.") for option in options)


@given(transforms, keys)
def test_a_transforms_own_text_is_read_back_as_the_same_transform(
    transform: Transform, key: str
) -> None:
    assume(transform != Transform())
    tail = write(str(transform).split(","), key)
    request = parse(tail, UNBOUNDED)
    assert (request.transform, request.key) == (transform, key)


@given(transforms, keys)
def test_a_written_url_holds_nothing_that_a_proxy_might_take_for_syntax(
    transform: Transform, key: str
) -> None:
    tail = write(str(transform).split(","), key, signature="abc-_")
    assert re.fullmatch(r"(?:[A-Za-z0-9._~=,/-]|%[0-9A-F]{2})+", tail)


def test_the_signature_is_written_last() -> None:
    assert write(["w=1", "f=auto"], "a b", "xyz") == "w=1,f=auto,sig=xyz/a%20b"


def test_a_key_that_no_url_can_hold_is_not_written() -> None:
    with pytest.raises(InvalidRequest):
        write(["w=1"], "a/../b")
    with pytest.raises(SourceNotFound):
        write(["w=1"], "")


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (["width=400", "format=auto"], ("width=320", "format=auto")),
        (["format=auto", "w=400", "dpr=2"], ("format=auto", "width=320", "dpr=2")),
        (["format=auto"], ("width=320", "format=auto")),
        (["hero", "trim.width=5"], ("width=320", "hero", "trim.width=5")),
        ([], ("width=320",)),
    ],
)
def test_a_width_is_set_for_a_srcset(options: list[str], changed: tuple[str, ...]) -> None:
    assert with_width(options, 320) == changed
    assert read(*changed).width == 320
