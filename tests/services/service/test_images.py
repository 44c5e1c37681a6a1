"""What the whole gateway answers over a real socket: private S3 bucket, real Redis, workers."""

import re

import httpx
import pytest

from tests.support.live import KEY, Gateway, cache_status, problem
from tests.support.pictures import jpeg, png, size
from tests.support.servers import S3Bucket


def test_the_bucket_denies_anonymous_reads(bucket: S3Bucket) -> None:
    assert httpx.get(f"{bucket.endpoint}/{bucket.name}/{KEY}").status_code == 403


def test_a_signed_avif_is_answered_from_each_tier_revalidated_and_forgotten(
    gateway: Gateway, bucket: S3Bucket
) -> None:
    url = gateway.signed(KEY, "width=200", "format=avif")
    first = gateway.get(url)
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/avif"
    assert size(first.content) == (200, 150)
    assert cache_status(first) == "resizer; fwd=uri-miss; fwd-status=200; stored"
    assert first.headers["server-timing"].startswith("fetch;dur=")

    again = gateway.get(url)
    assert cache_status(again) == "resizer; hit; detail=memory"
    assert again.content == first.content

    before = confirming(gateway)
    with Gateway(gateway.environment) as second:
        shared = second.get(url.replace(gateway.url, second.url))
        assert cache_status(shared) == "resizer; hit; detail=redis"
        assert shared.content == first.content
        assert shared.headers["etag"] == first.headers["etag"]

        kept = gateway.get(url, if_none_match=f'"x", W/{first.headers["etag"]}')
        assert kept.status_code == 304
        assert not kept.content
        assert kept.headers["cache-control"] == first.headers["cache-control"]

        bucket.put(KEY, jpeg(640, 480, (0, 0, 200)))
        dry = gateway.cli("flush", KEY, "--dry-run")
        assert dry.stdout == "would flush 1 variant of 1 original\n"
        assert cache_status(gateway.get(url)) == "resizer; hit; detail=memory"
        flushed = gateway.cli("flush", KEY)
        assert flushed.stdout.startswith("flushed 1 variant of 1 original; ")
        assert confirming_in(flushed.stdout) == before + 1
        for running in (gateway, second):
            fresh = running.get(url.replace(gateway.url, running.url))
            assert fresh.content != first.content


def confirming(gateway: Gateway) -> int:
    """How many confirm a flush: whatever runs on its Redis."""
    return confirming_in(gateway.cli("flush", "nobody.jpg").stdout)


def confirming_in(told: str) -> int:
    (count,) = re.findall(r"; confirmed by (\d+) gateways?$", told)
    return int(count)


def test_head_is_get_without_a_body(open_gateway: Gateway) -> None:
    url = f"{open_gateway.url}/img/width=100/{KEY}"
    for _ in range(2):
        head, get = httpx.head(url), httpx.get(url)
        assert head.status_code == 200
        assert not head.content
        for name in ("content-length", "content-type", "etag", "cache-control", "last-modified"):
            assert head.headers[name] == get.headers[name]


def test_an_unmodified_image_is_not_sent_again(open_gateway: Gateway) -> None:
    url = f"/img/width=100/{KEY}"
    modified = open_gateway.get(url).headers["last-modified"]
    assert open_gateway.get(url, if_modified_since=modified).status_code == 304
    assert open_gateway.get(url, if_none_match="*").status_code == 304
    other = open_gateway.get(url, if_none_match='"other"', if_modified_since=modified)
    assert other.status_code == 200


def test_auto_is_one_variant_for_each_format(open_gateway: Gateway) -> None:
    url = f"/img/width=100,format=auto/{KEY}"
    browsers = [
        "image/avif,image/webp,image/apng,*/*;q=0.8",
        "image/avif, image/webp, */*",
        "image/webp,*/*",
        "image/webp",
        "*/*",
        "image/png,image/*;q=0.8,*/*;q=0.5",
    ]
    misses = open_gateway.sample("resizer_misses_total")
    replies = [open_gateway.get(url, accept=accept) for accept in browsers]
    types = [reply.headers["content-type"] for reply in replies]
    assert types == ["image/avif"] * 2 + ["image/webp"] * 2 + ["image/jpeg"] * 2
    assert all(reply.headers["vary"] == "Accept" for reply in replies)
    assert open_gateway.sample("resizer_misses_total") == misses + 3
    assert "vary" not in open_gateway.get(f"/img/width=100,format=webp/{KEY}").headers


def test_any_page_may_embed_an_image(open_gateway: Gateway) -> None:
    headers = open_gateway.get(f"/img/width=100/{KEY}").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-tag"] == f"{KEY},photos/,resizer"
    assert headers["surrogate-key"] == f"{KEY} photos/ resizer"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"/img/widht=3/{KEY}", 400, "widht"),
        (f"/img/width=0/{KEY}", 400, "width"),
        (f"/img/width=3,w=4/{KEY}", 400, "width"),
        (f"/img/fit=stretch/{KEY}", 400, "fit"),
        ("/img/width=3/../secret", 400, ".."),
        ("/img/width=3/a%00b", 400, "control"),
        ("/img/width=3/a%0Ab", 400, "control"),
        ("/img/width=3/%FF", 400, "UTF-8"),
        ("/img/width=3/", 404, ""),
        ("/img/width=3/photos/none.jpg", 404, ""),
        ("/elsewhere", 404, "/img/"),
        (f"/%69mg/width=3/{KEY}", 404, "/img/"),
        (f"/img%2Fwidth=3/{KEY}", 404, "/img/"),
        (f"/cdn-cgi%2Fimage/width=3/{KEY}", 404, "/img/"),
    ],
)
def test_bad_input_is_a_problem_that_names_it(
    open_gateway: Gateway, path: str, status: int, said: str
) -> None:
    with httpx.Client() as client:
        target = {"target": path.encode()}
        reply = client.send(httpx.Request("GET", open_gateway.url, extensions=target))
    assert reply.status_code == status, reply.text
    members = problem(reply)
    assert said in str(members["detail"])
    assert "max-age=" in reply.headers["cache-control"]
    assert "test-originals" not in reply.text


def test_other_methods_are_refused(open_gateway: Gateway) -> None:
    refused = httpx.post(f"{open_gateway.url}/img/width=3/{KEY}")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    assert httpx.options(f"{open_gateway.url}/img/width=3/{KEY}").status_code == 204


def test_only_pictures_come_out(open_gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("secrets.env", b"PASSWORD=hush")
    bucket.put("page.html", b"<script>alert(1)</script>")
    for key in ("secrets.env", "page.html"):
        refused = open_gateway.get(f"/img/width=10/{key}")
        assert refused.status_code == 422
        assert "hush" not in refused.text
        assert "script" not in refused.text


def test_transparency_meets_its_background(open_gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("logo.png", png(64, 48))
    kept = open_gateway.get("/img/width=32,format=auto/logo.png", accept="*/*")
    assert kept.headers["content-type"] == "image/png"
    flat = open_gateway.get("/img/width=32,format=jpeg,background=red/logo.png")
    assert flat.headers["content-type"] == "image/jpeg"
