import pytest

from resizer.errors import SourceNotFound
from resizer.model.transform import Box, Transform
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.options import OPTIONS
from tests.support.urls import SETTINGS, options_of, read, refuse


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


def test_options_may_stand_in_any_order() -> None:
    options = ["w=400", "h=300", "fit=cover", "g=0.5x0.2", "q=80", "f=webp"]
    assert read(*options) == read(*reversed(options))


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
    request = parse("w=0400,hero,b%61ckground=%23FFF,exp=1798761600,sig=abc/a%2Fb", SETTINGS)
    assert options_of(request) == ("w=0400", "hero", "background=#FFF", "exp=1798761600")
    assert request.explicit == {"width", "background", "expires"}
    assert (request.signature, request.expires) == ("abc", 1798761600)
    assert request.key == "a/b"


def test_without_signature_expiry_and_preset_they_are_none() -> None:
    request = parse("w=1/a", SETTINGS)
    assert (request.signature, request.expires, request.preset) == (None, None, None)


def test_an_empty_signature_is_a_signature_all_the_same() -> None:
    assert parse("w=1,sig=/a", SETTINGS).signature == ""


def test_commas_are_split_before_decoding() -> None:
    assert (
        read("background=rgb(240,40,145)")
        == parse("background=rgb%28240%2C40%2C145%29/a", SETTINGS).transform
    )
    assert refuse("background=rgb(240,40,145)/a").option == "background"


@pytest.mark.parametrize("options", ["w=%", "w=1%zz", "w=%ff", "w=1%0A", "w=1%00", "w=\udcff"])
def test_options_that_do_not_decode_are_refused(options: str) -> None:
    assert "options" in str(refuse(f"{options}/a"))


@pytest.mark.parametrize("tail", ["w=1", "w=1/", "w=1//"])
def test_an_empty_key_is_not_found(tail: str) -> None:
    with pytest.raises(SourceNotFound):
        parse(tail, SETTINGS)


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
        ("width=3000,dpr=2.7308", False),
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
        parse(f"{options}/a", SETTINGS)
        return
    error = refuse(f"{options}/a")
    assert error.option in ("width", "height")
    assert "8192" in str(error)


def test_trims_sides_make_one_rectangle() -> None:
    rectangle = Transform(trim=Box(left=1, top=2, width=3, height=4))
    assert read("trim.height=4", "trim.width=3", "trim.top=2", "trim.left=1") == rectangle
