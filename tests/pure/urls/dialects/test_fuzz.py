"""Whatever a path holds, it is understood or refused: nothing else ever comes out."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest, SourceNotFound
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.keys import percent_encode
from resizer.urls.options import BY_SPELLING, REFUSED_NAMES
from resizer.urls.preset import parse_preset
from resizer.urls.request import ImageRequest
from tests.pure.urls.test_options import ACCEPTED

SETTINGS = DialectSettings(max_side=8192, presets={"hero": parse_preset("hero", "w=1", 8192)})
NAMES = [*BY_SPELLING, *REFUSED_NAMES, "hero", "", "Ñ", "trim.x", "__class__"]
VALUES = (
    "0 1 400 8193 1.5 1e5 nan inf -1 ٣ auto cover webp high true false red border face 0.5x0.5 x hv"
    " 90 fast redirect hero 1;2;3;4 left=1 %23fff rgb(0,0,0) rgb%280%200%200%29 lab(1e300%20x)"
    " %00 %0a % %zz %ff %F0%9F%98%80 \udcff \ud800 😀 (((((((( " + "9" * 300
).split()
KEYS = [
    "/photos/cat.jpg",
    "/a//b%20c.jpg",
    "/%25.jpg",
    "/a+b",
    "/cat.jpg",
    "//cat.jpg",
    "/",
    "",
    "/../x",
    "/%2e%2e/x",
    "/%",
    "/%ff",
    "/a%00",
    "/%0D%0A",
    "/" + "a" * 1100,
    "/😀+%20",
    "/\udcff",
    "?a#b",
]
RIGHT = [f"{name}={value}" for name, values in ACCEPTED.items() for value in values]
JUNK = ["%", ",", "=", "/", ";", "%2", "\x00", "\n", "é", "\udc80", "sig=", "exp="]


def outcome(tail: str) -> str:
    """The class of what came out. Anything but these three is a fault of the parser's."""
    try:
        request = parse(tail, SETTINGS)
    except (InvalidRequest, SourceNotFound) as error:
        return (
            type(error).__name__ if 0 < len(str(error)) < 700 else f"a message of {len(str(error))}"
        )
    assert isinstance(request, ImageRequest)
    assert request.key
    assert str(request.transform) == str(request.transform).strip()
    return "ImageRequest"


def drawn_option(chance: random.Random) -> str:
    return f"{chance.choice(NAMES)}={chance.choice(VALUES)}"


def drawn_tail(chance: random.Random) -> str:
    options = [
        percent_encode(chance.choice(RIGHT), "=", "options")
        if chance.random() < 0.7
        else drawn_option(chance)
        for _ in range(chance.choice([1, 1, 2, 5]))
    ]
    tail = ",".join(options) + chance.choice(KEYS)
    for _ in range(chance.choice([0, 0, 1, 4])):
        where = chance.randrange(len(tail) + 1)
        tail = tail[:where] + chance.choice(JUNK) + tail[where:]
    return tail


def test_thousands_of_almost_right_paths_are_understood_or_refused() -> None:
    chance = random.Random(20261121)
    outcomes = Counter(outcome(drawn_tail(chance)) for _ in range(10_000))
    assert set(outcomes) == {"ImageRequest", "InvalidRequest", "SourceNotFound"}
    assert outcomes["ImageRequest"] > 500


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_any_text_at_all_is_understood_or_refused(tail: str) -> None:
    outcome(tail)
    outcome(f"w=1/{tail}")
    outcome(f"{tail}/cat.jpg")
    outcome(f"background={tail}/cat.jpg")
