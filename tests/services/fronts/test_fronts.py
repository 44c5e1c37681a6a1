"""What a gateway and a CDN in front of it do together: the same for nginx and Varnish."""

import asyncio

import httpx
import pytest

from resizer.urls.dialects import DIALECTS
from tests.support.fronts import Front, Requests
from tests.support.live import KEY, Gateway, problem
from tests.support.pictures import jpeg
from tests.support.servers import S3Bucket

BROWSERS = {
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8": "image/avif",
    "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5": "image/avif",
    "image/webp,image/avif,image/jxl,*/*;q=0.8": "image/avif",
    "IMAGE/AVIF, */*": "image/avif",
    "image/avif ;v=1;q=0.9": "image/avif",
    "image/webp,image/avif;q=0.5": "image/avif",
    "image/webp,image/apng,image/*,*/*;q=0.8": "image/webp",
    "image/avif;q=0,image/webp": "image/webp",
    "image/avif;v=1; q=0.00, image/webp;q=0.5": "image/webp",
    "image/avifs,image/webp": "image/webp",
    "image/webp;q=0, image/avif; q=0.0": "image/jpeg",
    "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5": "image/jpeg",
    "*/*": "image/jpeg",
    "": "image/jpeg",
}
"""`Accept` of browsers and of the contrary, and the format that fits."""

AWKWARD_KEYS = [
    "/leads.jpg",
    "a//b.jpg",
    "a///b//c.jpg",
    "white space/ñandú 日本.jpg",
    "comma,semi;colon:and=equals.jpg",
    "100%/2%20 %2F.jpg",
    "plus+and&amp.jpg",
    "what?#is.jpg",
    "dots../.../.hidden/..a.jpg",
    "https://host/cat.jpg",
    "back\\slash~'\"<>|^`{}[].jpg",
    "日" * 300 + ".jpg",
    "/".join(["directory"] * 100) + ".jpg",
]
COLOUR = "background=rgb(240,40,145)"


@pytest.fixture(params=["nginx", "varnish"])
def front(request: pytest.FixtureRequest) -> Front:
    front: Front = request.getfixturevalue(request.param)
    return front


@pytest.fixture
def requests(front: Front) -> Requests:
    return Requests(front.gateway)


def signed(gateway: Gateway, key: str, *options: str) -> str:
    return gateway.signed(key, *options).removeprefix(gateway.url)


def statuses(entries: list[dict[str, object]]) -> list[object]:
    return [entry["status"] for entry in entries]


def test_the_second_request_does_not_reach_the_gateway(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    first, second = front.ask(url), front.ask(url)
    assert statuses(requests.new()) == [200]
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    for name in ("etag", "last-modified", "cache-control", "access-control-allow-origin"):
        assert first.headers[name] == second.headers[name]
    assert "; fwd=miss" in first.headers["cache-status"].rpartition(", ")[2]
    assert "; hit" in second.headers["cache-status"].rpartition(", ")[2]


def test_both_prefixes_are_forwarded(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100").replace("/img/", "/cdn-cgi/image/", 1)
    assert front.ask(url).status_code == front.ask(url).status_code == 200
    assert [entry["path"] for entry in requests.new()] == [DIALECTS.redact(url)]


def test_a_conditional_request_is_answered_in_front(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    first = front.ask(url)
    by_tag = front.ask(url, if_none_match=first.headers["etag"])
    by_time = front.ask(url, if_modified_since=first.headers["last-modified"])
    assert by_tag.status_code == by_time.status_code == 304
    assert not by_tag.content
    assert by_tag.headers["etag"] == first.headers["etag"]
    assert front.ask(url, if_none_match='"other"').status_code == 200
    assert statuses(requests.new()) == [200]


def test_any_number_of_accepts_are_three_variants(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100", "format=auto")
    types = {accept: front.ask(url, accept=accept).headers["content-type"] for accept in BROWSERS}
    assert types == BROWSERS
    assert front.ask(url).headers["vary"] == "Accept"
    assert statuses(requests.new()) == [200, 200, 200]


def test_a_format_that_is_named_is_rendered_once(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100", "format=webp")
    misses = front.gateway.sample("resizer_misses_total")
    types = {front.ask(url, accept=accept).headers["content-type"] for accept in BROWSERS}
    assert types == {"image/webp"}
    assert len(requests.new()) <= 3
    assert front.gateway.sample("resizer_misses_total") == misses + 1


def test_purge_of_a_url_forgets_every_variant_of_it_and_no_other(
    front: Front, requests: Requests
) -> None:
    url, other = (signed(front.gateway, KEY, f"width={w}", "format=auto") for w in (100, 101))
    for accept in BROWSERS:
        front.ask(url, accept=accept)
        front.ask(other, accept=accept)
    assert len(requests.new()) == 6
    assert front.ask(url, "PURGE", host="purged-from-inside").status_code == 200
    for accept in BROWSERS:
        assert front.ask(url, accept=accept).headers["content-type"] == BROWSERS[accept]
        front.ask(other, accept=accept)
    assert len(requests.new()) == 3


def test_purge_finds_what_there_is(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100", "format=auto")
    assert front.ask(url, "PURGE").status_code == 200
    assert front.ask(url, accept="image/webp").status_code == 200
    assert front.ask(url, "PURGE").status_code == 200
    assert front.ask(url, accept="image/webp").status_code == 200
    assert len(requests.new()) == 2


def test_a_stranger_may_not_purge(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    front.ask(url)
    assert front.ask(url, "PURGE", address="127.0.0.2").status_code == 403
    assert front.ask("/purge/jpeg", address="127.0.0.2").status_code == 404
    front.ask(url)
    assert len(requests.new()) == 1


def test_awkward_keys_arrive_as_they_were_signed(
    front: Front, requests: Requests, bucket: S3Bucket
) -> None:
    urls = []
    for key in AWKWARD_KEYS:
        bucket.put(key, jpeg(32, 24))
        urls.append(signed(front.gateway, key, "width=16", "height=16", "fit=pad", COLOUR))
    for url in urls:
        assert front.ask(url).status_code == front.ask(url).status_code == 200
    arrived = [DIALECTS.redact(url[:1024]) for url in urls]
    assert [entry["path"] for entry in requests.new()] == arrived
    for url in urls:
        assert front.ask(url, "PURGE").status_code == 200
        assert front.ask(url).status_code == 200
    assert [entry["path"] for entry in requests.new()] == arrived


def test_a_signature_that_is_wrong_is_refused(front: Front) -> None:
    url = signed(front.gateway, KEY, "width=100")
    refused = front.ask(url.replace("width=100", "width=101"))
    assert problem(refused)["type"] == "urn:resizer:problem:signature-mismatch"


def test_a_way_up_leads_nowhere(front: Front) -> None:
    for way in ("..", "%2e%2e", "%2E.", "a%2F..%2F..", "a/../..", "..%5C"):
        for target in ("metrics", "readyz", "img/width=3/photos/cat.jpg"):
            reply = front.ask(f"/img/{way}/{target}")
            assert reply.status_code in (400, 403, 404)
            assert "resizer_" not in reply.text


def test_what_is_no_image_is_not_forwarded(front: Front) -> None:
    for path in ("/", "/metrics", "/healthz", "/readyz", "//metrics", "/%6detrics", "/img"):
        reply = front.ask(path)
        assert reply.status_code == 404
        assert "x-request-id" not in reply.headers


def test_a_query_makes_no_other_image(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    assert {front.ask(url + query).status_code for query in ("", "?a=1", "?b=2/../c")} == {200}
    assert len(requests.new()) == 1
    assert front.ask(url + "?c=3", "PURGE").status_code == 200
    front.ask(url)
    assert len(requests.new()) == 1


def test_a_cookie_makes_no_other_image(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    for person in ("a", "b"):
        assert front.ask(url, cookie=person, authorization=person).status_code == 200
    assert len(requests.new()) == 1


def test_head_is_get_without_a_body(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    head, get, again = front.ask(url, "HEAD"), front.ask(url), front.ask(url, "HEAD")
    assert not head.content
    assert not again.content
    for name in ("content-length", "content-type", "etag", "cache-control", "last-modified"):
        assert head.headers[name] == get.headers[name] == again.headers[name]
    assert len(get.content) == int(head.headers["content-length"])
    assert len(requests.new()) == 1


def test_other_methods_are_answered_by_the_gateway(front: Front) -> None:
    url = signed(front.gateway, KEY, "width=100")
    assert front.ask(url, "OPTIONS").status_code == 204
    assert problem(front.ask(url, "POST"))["type"] == "urn:resizer:problem:method-not-allowed"
    assert front.ask(url).status_code == 200


def test_a_herd_in_front_is_one_request_and_one_render(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=99", "format=auto")
    rendered = 'resizer_renders_total{format="image/webp"}'
    renders = front.gateway.sample(rendered)

    async def herd() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=20) as client:
            accept = {"accept": "image/webp,*/*"}
            asks = (client.get(front.url + url, headers=accept) for _ in range(100))
            return await asyncio.gather(*asks)

    replies = asyncio.run(herd())
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert len(requests.new()) == 1
    assert front.gateway.sample(rendered) == renders + 1


def test_a_range_breaks_nothing(front: Front, requests: Requests) -> None:
    url = signed(front.gateway, KEY, "width=100")
    cold = front.ask(url, range="bytes=10-19")
    whole = front.ask(url)
    warm = front.ask(url, range="bytes=10-19")
    assert len(whole.content) == int(whole.headers["content-length"]) > 20
    for part in (cold, warm):
        expected = whole.content[10:20] if part.status_code == 206 else whole.content
        assert part.status_code in (200, 206)
        assert part.content == expected
    assert len(requests.new()) == 1


def test_browsers_are_not_shown_the_tags(front: Front) -> None:
    url = signed(front.gateway, KEY, "width=100")
    assert "surrogate-key" in front.gateway.get(url).headers
    for reply in (front.ask(url), front.ask(url)):
        assert not {"surrogate-key", "cache-tag"} & set(reply.headers)
