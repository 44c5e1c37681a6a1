from dataclasses import replace

import pytest

from resizer.errors import SignatureMismatch
from resizer.urls.access import Access, Urls, authorise
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse, write
from resizer.urls.preset import parse_preset
from resizer.urls.request import ImageRequest

KEY = "photos/cat.jpg"
SETTINGS = DialectSettings(
    max_side=8192, presets={"thumb": parse_preset("thumb", "width=200", 8192)}
)
SIGNED = Access(Urls.SIGNED, ("new", "old"))
PRESETS = Access(Urls.PRESETS, ("new",), frozenset({320, 640}))
OPEN = Access(Urls.OPEN)


def request(*options: str, secret: str | None = None) -> ImageRequest:
    return parse(write(options, KEY, secret), SETTINGS)


@pytest.mark.parametrize("secret", ["new", "old"])
def test_any_of_the_keys_is_accepted(secret: str) -> None:
    authorise(request("width=3", secret=secret), SIGNED)


@pytest.mark.parametrize("access", [SIGNED, PRESETS, Access(Urls.OPEN, ("new",))])
def test_a_wrong_signature_is_refused_under_every_rule(access: Access) -> None:
    with pytest.raises(SignatureMismatch):
        authorise(request("width=320", secret="guessed"), access)


def test_without_keys_nothing_is_signed() -> None:
    with pytest.raises(SignatureMismatch):
        authorise(request("width=3", secret="any"), Access(Urls.SIGNED))


def test_an_unsigned_url_is_refused_unless_open() -> None:
    authorise(request("width=3"), OPEN)
    with pytest.raises(SignatureMismatch, match="sig=… as its last option"):
        authorise(request("width=3"), SIGNED)


@pytest.mark.parametrize("options", [("thumb",), ("preset=thumb",), ("width=320",), ("w=640",)])
def test_presets_and_listed_widths_need_no_signature(options: tuple[str, ...]) -> None:
    authorise(request(*options), PRESETS)


@pytest.mark.parametrize(
    "options",
    [
        ("width=321",),
        ("width=320", "height=10"),
        ("thumb", "dpr=2"),
        ("thumb", "width=321"),
        ("format=auto",),
        ("thumb", "exp=9999999999"),
        ("width=320", "quality=1"),
    ],
)
def test_nothing_else_does(options: tuple[str, ...]) -> None:
    with pytest.raises(SignatureMismatch, match="320, 640"):
        authorise(request(*options), PRESETS)
    authorise(request(*options, secret="new"), PRESETS)


def test_an_original_as_it_is_is_no_preset() -> None:
    with pytest.raises(SignatureMismatch):
        authorise(replace(request("thumb"), preset=None), PRESETS)


def test_secrets_are_not_shown() -> None:
    assert "new" not in repr(SIGNED)
