import pytest

from resizer.errors import InvalidRequest
from resizer.model.transform import BLACK, Box, Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.preset import Preset, parse_preset
from tests.support.urls import SETTINGS, read, refuse


@pytest.mark.parametrize("spelling", ["hero", "preset=hero", "preset%3Dhero", "h%65ro"])
def test_a_preset_is_applied_by_its_name_alone_or_by_preset(spelling: str) -> None:
    request = parse(f"{spelling}/a", SETTINGS)
    assert request.preset == "hero"
    assert request.explicit == frozenset()
    assert request.transform == SETTINGS.presets["hero"].transform


@pytest.mark.parametrize("options", ["hero,w=300,dpr=2", "w=300,dpr=2,hero", "w=300,hero,dpr=2"])
def test_a_url_overrides_its_preset_wherever_it_stands(options: str) -> None:
    hero = SETTINGS.presets["hero"].transform
    assert parse(f"{options}/a", SETTINGS).transform == Transform(
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


def test_onerror_redirects_where_there_is_a_fallback() -> None:
    assert parse("onerror=redirect,w=1/a", SETTINGS).redirect_on_error
    assert not parse("w=1/a", SETTINGS).redirect_on_error
    assert refuse("onerror=redirect,w=1/a", DialectSettings(max_side=10)).option == "onerror"


def test_a_preset_may_redirect_on_error_under_the_same_rule() -> None:
    presets = {"safe": parse_preset("safe", "w=1,onerror=redirect", 8192)}
    allowed = DialectSettings(max_side=10, presets=presets, onerror_allowed=True)
    assert parse("safe/a", allowed).redirect_on_error
    assert refuse("safe/a", DialectSettings(max_side=10, presets=presets)).option == "onerror"
