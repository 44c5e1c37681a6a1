"""What tests of URLs share: settings with presets; short ways to read, sign and be refused."""

from collections.abc import Sequence

import pytest

from resizer.errors import InvalidRequest
from resizer.model.transform import Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import SCHEME, parse, signed_text, write
from resizer.urls.preset import parse_preset
from resizer.urls.request import ImageRequest

SETTINGS = DialectSettings(
    max_side=8192,
    presets={
        "hero": parse_preset("hero", "width=1600,fit=cover,format=auto,trim.left=5", 8192),
        "thumb.2": parse_preset("thumb.2", "w=200,h=200", 8192),
    },
    onerror_allowed=True,
)


def read(*options: str, settings: DialectSettings = SETTINGS) -> Transform:
    return parse(write(options, "cat.jpg"), settings).transform


def refuse(tail: str, settings: DialectSettings = SETTINGS) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parse(tail, settings)
    return caught.value


def sign(secret: str, options: Sequence[str], key: str) -> str:
    """The value of `sig` in a native URL."""
    return SCHEME.sign(secret, signed_text(options, key))


def options_of(request: ImageRequest) -> tuple[str, ...]:
    """The decoded options of a native URL, `sig` left out."""
    return tuple(request.signed.decode().split("\n")[:-2])
