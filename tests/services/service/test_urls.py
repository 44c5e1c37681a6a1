"""Which URLs and keys the whole gateway lets in."""

import time

import pytest

from tests.support.live import KEY, SECRET, Gateway, problem
from tests.support.pictures import jpeg, size
from tests.support.servers import RedisServer, S3Bucket

AWKWARD = [
    "with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "%2e%2e.jpg",
    "hash#tag.jpg",
    "what?.jpg",
    "a,b=c.jpg",
    "Zoë & friends.jpg",
    "猫/写真.jpg",
    "🐈.jpg",
    "a//b.jpg",
    "/leading.jpg",
]


@pytest.mark.parametrize("key", AWKWARD)
def test_a_key_is_whatever_s3_takes(gateway: Gateway, bucket: S3Bucket, key: str) -> None:
    bucket.put(key, jpeg(50, 40))
    reply = gateway.get(gateway.signed(key, "width=25"))
    assert reply.status_code == 200, reply.text
    assert size(reply.content) == (25, 20)


def test_a_signature_survives_a_proxy_that_encodes_anew(gateway: Gateway, bucket: S3Bucket) -> None:
    bucket.put("Zoë & friends.jpg", jpeg(50, 40))
    url = gateway.signed("Zoë & friends.jpg", "width=25", "background=rgb(1,2,3)")
    path = url.removeprefix(gateway.url)
    lower = path.replace("%C3%AB", "%c3%ab").replace("&", "%26")
    for form in (path, lower, path.replace("sig=", "%73ig=")):
        assert gateway.get(form).status_code == 200, form


def test_what_is_not_signed_is_refused(gateway: Gateway) -> None:
    url = gateway.signed(KEY, "width=100")
    assert gateway.get(f"/img/width=100/{KEY}").status_code == 403
    assert gateway.get(url.replace("width=100", "width=101")).status_code == 403
    assert gateway.get(url.replace("cat.jpg", "dog.jpg")).status_code == 403
    signature = url.partition("sig=")[2].partition("/")[0]
    assert gateway.get(url.replace(signature, "A" * 43)).status_code == 403
    refusal = problem(gateway.get(f"/img/width=100/{KEY}"))
    assert refusal["type"] == "urn:resizer:problem:signature-mismatch"


def test_an_expired_url_is_gone_even_when_cached(gateway: Gateway) -> None:
    url = gateway.signed(KEY, "width=100", f"exp={int(time.time()) + 3}")
    fresh = gateway.get(url)
    assert fresh.status_code == 200
    ages = [part.split("=") for part in fresh.headers["cache-control"].split(", ")[1:]]
    assert all(int(seconds) <= 3 for _, seconds in ages)
    expiry = int(url.partition("exp=")[2].partition(",")[0])
    time.sleep(max(0.0, expiry - time.time()) + 0.05)
    gone = gateway.get(url)
    assert gone.status_code == 410
    assert problem(gone)["title"] == "URL expired"


def test_an_old_key_is_accepted_while_keys_rotate(
    gateway: Gateway, bucket: S3Bucket, redis_server: RedisServer
) -> None:
    url = gateway.signed(KEY, "width=100").removeprefix(gateway.url)
    for keys, status in ((f"new,{SECRET}", 200), ("new", 403)):
        with Gateway(source=bucket.url, signing_keys=keys) as rotated:
            assert rotated.get(url).status_code == status


def test_presets_and_listed_widths_need_no_signature(bucket: S3Bucket) -> None:
    with Gateway(
        source=bucket.url,
        urls="presets",
        signing_keys=SECRET,
        presets="thumb:width=80,height=80,fit=cover",
        widths="320,640",
    ) as running:
        assert size(running.get(f"/img/thumb/{KEY}").content) == (80, 80)
        assert running.get(f"/img/preset=thumb/{KEY}").status_code == 200
        assert size(running.get(f"/img/width=320/{KEY}").content) == (320, 240)
        for options in ("width=321", "width=320,height=2", "thumb,q=3", "format=webp"):
            refused = running.get(f"/img/{options}/{KEY}")
            assert refused.status_code == 403, options
            assert "320, 640" in str(problem(refused)["detail"])
        assert running.get(running.signed(KEY, "width=321")).status_code == 200


def test_an_error_leads_to_the_fallback_where_the_url_says_so(bucket: S3Bucket) -> None:
    with Gateway(source=bucket.url, urls="open", fallback="https://cdn.test/none.png") as running:
        lost = running.get("/img/width=10,onerror=redirect/none.jpg")
        assert (lost.status_code, lost.headers["location"]) == (302, "https://cdn.test/none.png")
        assert running.get("/img/width=10/none.jpg").status_code == 404
        assert running.get("/img/widht=10,onerror=redirect/none.jpg").status_code == 400


def test_a_prefix_is_all_that_can_be_reached(bucket: S3Bucket) -> None:
    bucket.put("public/in.jpg", jpeg(20, 20))
    bucket.put("out.jpg", jpeg(20, 20))
    with Gateway(source=f"{bucket.url}/public", urls="open") as running:
        assert running.get("/img/width=10/in.jpg").status_code == 200
        for path in ("out.jpg", "..%2Fout.jpg", "/out.jpg", "%2Fout.jpg", "public/in.jpg"):
            assert running.get(f"/img/width=10/{path}").status_code in (400, 404), path
