"""URLs as the loaders that exist for Cloudflare build them, read unchanged."""

import pytest

from resizer.model.formats import Format
from resizer.model.transform import Colour, Fit, Point, Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse

SETTINGS = DialectSettings(max_side=8192)
CAT = "photos/cat.jpg"

UNPIC = [
    # The defaults of unpic's cloudflare provider: f=auto and fit=cover after what was asked for.
    (
        "width=100,height=200,f=auto,fit=cover/photos/cat.jpg",
        Transform(width=100, height=200, format=Format.AUTO, fit=Fit.COVER),
    ),
    (
        "background=red,width=128,height=128,f=webp,fit=cover/photos/cat.jpg",
        Transform(
            background=Colour(255, 0, 0), width=128, height=128, format=Format.WEBP, fit=Fit.COVER
        ),
    ),
    (
        "width=400,quality=75,anim=false,rotate=90,metadata=copyright,f=auto,fit=cover/photos/cat.jpg",
        Transform(width=400, quality=75, anim=False, rotate=90, format=Format.AUTO, fit=Fit.COVER),
    ),
]

NUXT = [
    # @nuxt/image: short names in the order of the modifiers, its fits mapped to Cloudflare's.
    (
        "w=200,h=100,fit=contain,q=80,f=webp/photos/cat.jpg",
        Transform(width=200, height=100, fit=Fit.CONTAIN, quality=80, format=Format.WEBP),
    ),
    ("h=300,fit=scale-down/photos/cat.jpg", Transform(height=300)),
    ("w=200,h=100,fit=pad/photos/cat.jpg", Transform(width=200, height=100, fit=Fit.PAD)),
    ("w=200,h=100,fit=crop/photos/cat.jpg", Transform(width=200, height=100, fit=Fit.CROP)),
    (
        "w=200,dpr=2,g=0.5x0.2,sharpen=1,f=auto/photos/cat.jpg",
        Transform(width=200, dpr=2, gravity=Point(0.5, 0.2), sharpen=1, format=Format.AUTO),
    ),
]

NEXT = [
    # The custom loader of the Next.js documentation puts a slash before `src`, which has its own.
    (
        "width=640,quality=75,format=auto//photos/cat.jpg",
        Transform(width=640, quality=75, format=Format.AUTO),
    ),
    # That of Cloudflare's documentation takes one of them away, and leaves quality to the server.
    ("width=3840/photos/cat.jpg", Transform(width=3840)),
    ("width=640,quality=90/photos/cat.jpg", Transform(width=640, quality=90)),
]


@pytest.mark.parametrize(("tail", "transform"), UNPIC + NUXT + NEXT)
def test_a_loaders_url_is_read_as_it_is(tail: str, transform: Transform) -> None:
    request = parse(tail, SETTINGS)
    assert (request.transform, request.key) == (transform, CAT)


@pytest.mark.parametrize(
    "tail",
    [
        "h=300,fit=contain/https://s3.example.com/burger.jpeg",
        "width=200,f=webp,fit=cover/https://s3.example.com/burger.jpeg",
        "width=200,f=webp,fit=cover/https%3A%2F%2Fs3.example.com%2Fburger.jpeg",
    ],
)
def test_an_absolute_url_is_a_key_like_any_other_and_is_never_fetched(tail: str) -> None:
    assert parse(tail, SETTINGS).key == "https://s3.example.com/burger.jpeg"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("my%20cat.jpg", "my cat.jpg"),
        ("caf%C3%A9/a(1).jpg", "café/a(1).jpg"),
        ("a@2x.jpg", "a@2x.jpg"),
    ],
)
def test_paths_as_browsers_encode_them_are_read(path: str, key: str) -> None:
    assert parse(f"width=1/{path}", SETTINGS).key == key
