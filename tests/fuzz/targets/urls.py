"""The native grammar: a path in, an ImageRequest or a refusal out, and the way back."""

from resizer.errors import InvalidRequest, SourceNotFound
from resizer.model.transform import Box, Colour, Edges, Point, Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse, write
from resizer.urls.option_list import MAX_LENGTH, with_width
from resizer.urls.options import BY_SPELLING, REFUSED_NAMES
from resizer.urls.preset import parse_preset
from resizer.urls.request import ImageRequest
from tests.fuzz.oracles import check_refusal, has_controls
from tests.fuzz.target import Target
from tests.pure.urls.test_options import ACCEPTED
from tests.support.urls import options_of

MAX_SIDE = 8192
SETTINGS = DialectSettings(
    max_side=MAX_SIDE,
    presets={
        "hero": parse_preset("hero", "width=1600,fit=cover,format=auto,trim.left=5", MAX_SIDE),
        "thumb.2": parse_preset("thumb.2", "w=200,h=200,onerror=redirect", MAX_SIDE),
    },
    onerror_allowed=True,
)
RANGES = {
    "dpr": (1, 3),
    "blur": (1, 250),
    "sharpen": (0, 10),
    "brightness": (0.0001, 1000),
    "contrast": (0.0001, 1000),
    "gamma": (0.0001, 1000),
    "saturation": (0, 1000),
}
"""From docs/urls.md."""


def check(data: bytes) -> None:
    tail = data.decode("utf-8", "surrogateescape")
    try:
        request = parse(tail, SETTINGS)
    except (InvalidRequest, SourceNotFound) as error:
        check_refusal(error, 400, 404)
        return
    check_key(request.key)
    check_bounds(request.transform)
    check_canonical(request.transform)
    check_written(request)


def check_key(key: str) -> None:
    assert 0 < len(key.encode()) <= 1024
    assert not has_controls(key)
    assert ".." not in key.split("/")


def check_bounds(transform: Transform) -> None:
    for side in (transform.width, transform.height):
        assert side is None or 1 <= side <= MAX_SIDE
    for name, (low, high) in RANGES.items():
        value = getattr(transform, name)
        assert value is None or low <= value <= high, f"{name}={value}"
    assert not isinstance(transform.quality, int) or 1 <= transform.quality <= 100
    if isinstance(transform.gravity, Point):
        assert 0 <= transform.gravity.x <= 1
        assert 0 <= transform.gravity.y <= 1
    if transform.border:
        check_edges(transform.border.edges)
        check_colour(transform.border.colour)
    if isinstance(transform.trim, Edges):
        check_edges(transform.trim)
    if isinstance(transform.trim, Box):
        assert transform.trim.width != 0
        assert transform.trim.height != 0
    if transform.background:
        check_colour(transform.background)


def check_edges(edges: Edges) -> None:
    sides = (edges.top, edges.right, edges.bottom, edges.left)
    assert all(0 <= side <= 65_535 for side in sides)
    assert any(sides)


def check_colour(colour: Colour) -> None:
    channels = (colour.red, colour.green, colour.blue, colour.alpha)
    assert all(type(channel) is int and 0 <= channel <= 255 for channel in channels)


def check_canonical(transform: Transform) -> None:
    """Its text, the field it is cached under, reads as itself; `write` encodes what it must."""
    canonical = str(transform)
    if not canonical:
        assert transform == Transform()
        return
    again = parse(write(canonical.split(","), "key"), SETTINGS).transform
    assert again == transform
    assert str(again) == canonical


def check_written(request: ImageRequest) -> None:
    options = options_of(request)
    signature = [] if request.signature is None else [f"sig={request.signature}"]
    tail = write([*options, *signature], request.key)
    assert tail.isascii()
    if len(tail.partition("/")[0]) > MAX_LENGTH:
        return  # it came with characters that should have been encoded, and were counted as one
    assert parse(tail, SETTINGS) == request
    narrow = with_width(options, 1)
    try:
        narrower = parse(write(narrow, request.key), SETTINGS)
    except InvalidRequest as error:  # a border that only fitted without a width
        check_refusal(error, 400)
        return
    assert narrower.transform.width == 1
    assert narrower.key == request.key


NAMES = [*BY_SPELLING, *REFUSED_NAMES, *SETTINGS.presets]
TARGET = Target(
    check,
    seeds=[
        b"width=400,format=auto/photos/cat.jpg",
        b"w=400,h=300,fit=cover,g=0.5x0.2,q=80,f=webp/photos/cat.jpg",
        b"trim.left=10,trim.width=500,w=200/photos/cat.jpg",
        b"background=rgb%28240%2C40%2C145%29,fit=pad,w=80,h=80/%2Fphotos//c%C3%A4t.jpg",
        b"border=1;2;3;4;navy,hero,dpr=2/https://example.com/a%20b",
        b"preset=thumb.2,exp=1798761600,sig=q1Gsm681qN5sS32bHYiSQrDvmFaCEr-HrSPTi5-O5iQ/a.jpg",
        *(
            f"{name}={value.replace(',', '%2C')}/a.jpg".encode()
            for name, values in ACCEPTED.items()
            for value in values
        ),
    ],
    words=[
        *(f"{name}=".encode() for name in NAMES),
        *(value.encode() for values in ACCEPTED.values() for value in values if len(value) > 2),
        *(b"%2C", b"%2F", b"%25", b"%3D", b"%00", b"%F0%9F%98%80", b"\xff", b"../", b"hero,"),
    ],
)
