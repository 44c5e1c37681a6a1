import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.transform import Colour
from resizer.urls.colour import MAX_LENGTH, read_colour

GREEN = Colour(0, 128, 0)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", Colour(255, 0, 0)),
        ("RebeccaPurple", Colour(102, 51, 153)),
        ("transparent", Colour(0, 0, 0, 0)),
        ("#f80", Colour(255, 136, 0)),
        ("#F808", Colour(255, 136, 0, 136)),
        ("#ff88", Colour(255, 255, 136, 136)),
        ("#ff8800", Colour(255, 136, 0)),
        ("#ff880080", Colour(255, 136, 0, 128)),
        ("rgb(240,40,145)", Colour(240, 40, 145)),
        ("rgba(240, 40, 145, .5)", Colour(240, 40, 145, 128)),
        ("rgb(0 0 0 / 50%)", Colour(0, 0, 0, 128)),
        ("rgb(100% 50% 0%)", Colour(255, 128, 0)),
        ("rgb(1 2 3", Colour(1, 2, 3)),
        ("rgb(none 20 none)", Colour(0, 20, 0)),
        ("rgb(300 -20 0 / 7)", Colour(255, 0, 0)),
        ("hsl(120 100% 25%)", GREEN),
        ("hsla(240, 100%, 50%, 20%)", Colour(0, 0, 255, 51)),
        ("hsl(0.5turn 100% 50%)", Colour(0, 255, 255)),
        ("hwb(120 0% 49.8039%)", GREEN),
    ],
)
def test_srgb_colours_are_read_in_every_notation(text: str, colour: Colour) -> None:
    assert read_colour(text) == colour


@pytest.mark.parametrize(
    "text",
    [
        "lab(46.2775% -47.5521 48.5837)",
        "lch(46.2775% 67.9892 134.3912)",
        "oklab(51.975% -0.1403 0.10768)",
        "oklch(51.975% 0.17686 142.495)",
        "color(srgb 0 0.50196 0)",
        "color(srgb-linear 0 0.21586 0)",
        "color(display-p3 0.21604 0.49418 0.13151)",
        "color(a98-rgb 0.281363 0.498012 0.116746)",
        "color(prophoto-rgb 0.230479 0.395789 0.129968)",
        "color(rec2020 0.235202 0.431704 0.085432)",
        "color(xyz 0.07719 0.15438 0.02573)",
        "color(xyz-d65 0.07719 0.15438 0.02573)",
        "color(xyz-d50 0.08312 0.154746 0.020961)",
    ],
)
def test_css_green_is_the_same_green_in_every_colour_space(text: str) -> None:
    """The coordinates are those of the web platform's own tests of CSS Color 4."""
    assert read_colour(text) == GREEN


@pytest.mark.parametrize(
    "space",
    ["srgb-linear", "display-p3", "a98-rgb", "prophoto-rgb", "rec2020"],
)
def test_black_and_white_are_black_and_white_in_every_space(space: str) -> None:
    assert read_colour(f"color({space} 0 0 0)") == Colour(0, 0, 0)
    assert read_colour(f"color({space} 1 1 1)") == Colour(255, 255, 255)


def test_a_colour_outside_srgb_is_clipped() -> None:
    assert read_colour("color(display-p3 1 0 0)") == Colour(255, 0, 0)
    assert read_colour("oklch(70% 0.4 150 / 50%)").red == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reddish",
        "currentcolor",
        "f80",
        "#f",
        "#gggggg",
        "rgb(1,2)",
        "rgb(1 2% 3)",
        "color()",
        "color(cmyk 0 0 0)",
        "lab(1 2)",
        "light-dark(red, blue)",
        "url(http://example.com)",
        "red blue",
        "red;",
        "rgb(1e999 0 0)",
        "lab(50 1e200 0)",
        "oklch(1e30 1e30 1e30)",
        "hsl(1e999 1% 1%)",
        "(" * MAX_LENGTH,
        "red" + " " * 1_000_000,
    ],
)
def test_what_is_not_a_colour_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_colour(text)


@given(
    st.text()
    | st.text("rgbhslavcok#()%/,. 0123456789e-none+;{}[]\"'", max_size=40)
    | st.from_regex(
        r"\A(rgb|hsl|hwb|lab|lch|oklab|oklch|color)\((srgb|xyz|rec2020)?"
        r"( (-?[0-9]{1,4}(e[0-9]{1,3})?%?|none|9deg|x|,|/)){0,6}\)?\Z"
    )
)
def test_any_text_is_a_colour_or_a_value_error(text: str) -> None:
    try:
        colour = read_colour(text)
    except ValueError:
        return
    assert all(0 <= c <= 255 for c in (colour.red, colour.green, colour.blue, colour.alpha))


@given(*[st.integers(0, 255)] * 4)
def test_a_colours_own_text_is_read_back(red: int, green: int, blue: int, alpha: int) -> None:
    colour = Colour(red, green, blue, alpha)
    assert read_colour(str(colour)) == colour
