"""Two thousand URLs nobody would write, to a running gateway: never a 500, never a hang."""

import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.support.live import Gateway
from tests.support.pictures import jpeg, png

PATHS = 2000
PRINTABLE = "".join(map(chr, range(33, 127)))
"""What a client can put on the wire; the rest it must encode."""
OPTIONS = [
    *("width=9", "w=0", "w=-1", "w=9e9", "w=1_0", "w=٣", "w=", "w", "height=7", "h=8193", "dpr=2"),
    *("dpr=nan", "fit=cover", "fit=pad", "fit=squeeze", "fit=aspect-crop", "fit=crop", "fit=x"),
    *("g=auto", "g=0.5x0.2", "g=2x2", "g=left", "g=x", "q=1", "q=100", "q=low", "q=101", "f=auto"),
    *("f=json", "f=gif", "f=png", "f=avif", "f=webp", "f=heic", "anim=false", "anim=maybe"),
    *("background=red", "background=rgb%280%200%200%20%2F%2050%25%29", "background=url(x)"),
    *(
        "border=2;red",
        "border=1;2;3;4",
        "border=99999",
        "blur=3",
        "blur=0",
        "sharpen=1",
        "rotate=90",
    ),
    *(
        "brightness=2",
        "contrast=0",
        "gamma=0.5",
        "saturation=0",
        "rotate=45",
        "flip=hv",
        "trim=1;1;1;1",
    ),
    *(
        "trim=9;9;9;9",
        "trim.left=3",
        "trim.width=0",
        "trim=border",
        "metadata=keep",
        "compression=fast",
    ),
    *(
        "onerror=redirect",
        "preset=thumb",
        "thumb",
        "exp=1",
        "exp=99999999999",
        "sig=x",
        "face",
        "zoom=1",
    ),
    *("=", ",", "%", "%zz", "%00", "%0A", "%FF", "scq=50", "width=auto", "upscale=generate"),
]
KEYS = [
    *(
        "a.jpg",
        "b.png",
        "none.jpg",
        "",
        "/",
        "//",
        "..",
        "../a.jpg",
        "%2e%2e/a.jpg",
        "a%00b",
        "a%0Ab",
    ),
    *("%FF%FE", "%", "%2", "☃.jpg", "%E2%98%83", "a//b", "/a.jpg", "%2F", "%2Fetc%2Fpasswd", "."),
    *(
        "./a.jpg",
        "x" * 1025,
        "a b",
        "a+b",
        "a?b#c",
        "a,b=c",
        "\\..\\a",
        "CON",
        "a.jpg/",
        "a.jpg%20",
    ),
]
PREFIXES = (
    "/img/",
    "/cdn-cgi/image/",
    "/img",
    "/img//",
    "/",
    "/IMG/",
    "/img/img/",
    "/%69mg/",
    "/img%2F",
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    images: Path = tmp_path_factory.mktemp("images")
    (images / "a.jpg").write_bytes(jpeg(20, 16))
    (images / "b.png").write_bytes(png(12, 20))
    with Gateway(source=images, urls="open", presets="thumb:w=8,h=8,fit=cover") as running:
        yield running


def urls(dice: random.Random) -> Iterator[str]:
    """Mostly well-formed URLs of odd parts, one in ten with bytes changed at random."""
    while True:
        options = ",".join(dice.choices(OPTIONS, k=dice.randint(0, 4)))
        url = f"{dice.choice(PREFIXES[:2] * 8 + PREFIXES)}{options}/{dice.choice(KEYS)}"
        if dice.random() < 0.1:
            place = dice.randrange(len(url))
            url = url[:place] + chr(dice.choice([*range(33, 127), 233])) + url[place + 1 :]
        yield url


def test_no_path_is_answered_with_a_500(gateway: Gateway) -> None:
    made = urls(random.Random(2))
    seen: dict[int, int] = {}
    with httpx.Client(timeout=30) as client:
        for url in (next(made) for _ in range(PATHS)):
            target = {"target": quote(url, safe=PRINTABLE).encode()}
            reply = client.send(httpx.Request("GET", gateway.url, extensions=target))
            assert reply.status_code in (200, 400, 404, 410, 422), (url, reply.text)
            seen[reply.status_code] = seen.get(reply.status_code, 0) + 1
    assert sum(seen.values()) == PATHS
    assert seen[200] > 20
    assert seen[400] > 200
    assert seen[404] > 100
    assert gateway.sample('resizer_worker_deaths_total{reason="crash"}') == 0
