import asyncio
import time
from dataclasses import replace

from resizer.http.headers import CachePolicy
from resizer.http.known_urls import KnownUrls
from resizer.model.flush import Flush
from resizer.model.formats import Format
from resizer.model.freshness import Freshness
from resizer.model.image import Variant
from resizer.model.transform import Transform
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import parse
from resizer.urls.request import ImageRequest
from tests.support.harness import Harness

POLICY = CachePolicy(60, 3600, 30, 600, 10)
URL = b"/img/width=100,format=webp/a"


def asked(tail: str) -> ImageRequest:
    return parse(tail, DialectSettings(max_side=8192))


async def filled(*transforms: Transform) -> tuple[Harness, KnownUrls]:
    harness = Harness()
    for transform in transforms:
        await harness.gateway.get("a", transform)
    return harness, KnownUrls(harness.gateway, POLICY)


def found(hits: KnownUrls, url: bytes, accept: bytes = b"") -> tuple[bytes, Variant]:
    """The end of the reply's head, and what memory holds."""
    hit = hits.find((url, accept))
    assert hit is not None
    known, variant = hit
    return hits.tail(known), variant


def test_a_url_is_known_once_it_was_answered() -> None:
    async def scene() -> None:
        _, hits = await filled(Transform(width=100, format=Format.WEBP))
        assert hits.find((URL, b"")) is None
        hits.remember(URL, asked("width=100,format=webp/a"))
        tail, variant = found(hits, URL)
        assert variant.body.startswith(b"a v1")
        assert b"cache-control: public, max-age=60, s-maxage=3600" in tail
        assert b"vary" not in tail

    asyncio.run(scene())


def test_a_variant_that_left_memory_is_not_found() -> None:
    async def scene() -> None:
        harness, hits = await filled(Transform(width=100, format=Format.WEBP))
        hits.remember(URL, asked("width=100,format=webp/a"))
        harness.memory.clear()
        assert hits.find((URL, b"")) is None

    asyncio.run(scene())


def test_a_partial_variant_is_left_to_the_ordinary_way() -> None:
    async def scene() -> None:
        harness = Harness(freshness=Freshness(60, 0, 0, partial_for=60))
        harness.renderer.partial = True
        await harness.gateway.get("a", Transform(width=100, format=Format.WEBP))
        hits = KnownUrls(harness.gateway, POLICY)
        hits.remember(URL, asked("width=100,format=webp/a"))
        assert len(harness.memory) == 1
        assert hits.find((URL, b"")) is None

    asyncio.run(scene())


def test_accept_decides_where_the_format_is_auto() -> None:
    async def scene() -> None:
        formats = (Format.AUTO_AVIF, Format.AUTO_WEBP, Format.AUTO_JPEG)
        _, hits = await filled(*(Transform(width=9, format=format_) for format_ in formats))
        url = b"/img/width=9,format=auto/a"
        hits.remember(url, asked("width=9,format=auto/a"))
        for accept, format_ in zip((b"image/avif", b"image/webp", b"*/*"), formats, strict=True):
            tail, variant = found(hits, url, accept)
            assert variant.body.endswith(f"format={format_}".encode())
            assert b"vary: Accept\r\n" in tail
        assert hits.find((url, b"image/avif," + b"a/b," * 1000)) is None

    asyncio.run(scene())


def test_an_expired_url_is_left_to_the_ordinary_way() -> None:
    async def scene() -> None:
        _, hits = await filled(Transform(width=100, format=Format.WEBP))
        request = asked("width=100,format=webp/a")
        soon = int(time.time()) + 30
        hits.remember(b"/good", replace(request, expires=soon))
        hits.remember(b"/gone", replace(request, expires=int(time.time()) - 1))
        tail, _ = found(hits, b"/good")
        assert b"max-age=2" in tail
        assert b"max-age=60" not in tail
        assert tail.endswith(b"\r\n\r\n")
        assert hits.find((b"/gone", b"")) is None

    asyncio.run(scene())


def test_a_url_that_shows_several_originals_is_known_and_left_to_the_ordinary_way() -> None:
    async def scene() -> None:
        _, hits = await filled(Transform(width=100, format=Format.WEBP))
        request = replace(asked("width=100,format=webp/a"), overlays=("logo.png",))
        assert hits.remember(URL, request)
        assert not hits.remember(URL, request)
        assert hits.find((URL, b"")) is None
        assert hits.begin((URL, b"")) is None
        hits.forget(Flush(key="logo.png"))
        assert hits.remember(URL, request)

    asyncio.run(scene())


def test_the_oldest_url_is_forgotten_and_a_long_one_never_known() -> None:
    async def scene() -> None:
        _, hits = await filled(Transform(width=100, format=Format.WEBP))
        request = asked("width=100,format=webp/a")
        for number in range(20_001):
            hits.remember(b"/%d" % number, request)
        assert hits.find((b"/0", b"")) is None
        assert hits.find((b"/1", b""))
        hits.remember(b"/" * 2000, request)
        assert hits.find((b"/" * 2000, b"")) is None

    asyncio.run(scene())
