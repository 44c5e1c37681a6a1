"""What tests of URLs share: a grammar with presets, and short ways to read and to be refused."""

import pytest

from resizer.errors import InvalidRequest
from resizer.model.transform import Transform
from resizer.urls.dialects.cloudflare import DialectSettings, parse, write
from resizer.urls.preset import parse_preset

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
