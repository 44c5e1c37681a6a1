import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from resizer.cdn.call import PurgeRequest
from resizer.cdn.target import PurgePolicy, calls_for, read_target
from resizer.cdn.vendors import NEEDS, TOKENS, VENDORS
from resizer.cdn.vendors.cloudfront import EVERY_IMAGE, Invalidation
from resizer.model.flush import Flush
from resizer.settings.settings import Settings
from resizer.urls.dialects import DIALECTS

POLICY = PurgePolicy(
    (), "https://img.example.com/", {"cloudflare_token": "cf-hush", "fastly_token": "f-hush"}
)
CAT = Flush(key="photos/cat.jpg")
PATHS = ["/img/width=9/photos/cat.jpg", "/img/hero/photos/cat.jpg"]


def requests(
    target: str, flushes: list[Flush], paths: list[str] | None = None, policy: PurgePolicy = POLICY
) -> list[PurgeRequest]:
    calls = calls_for(read_target(target), policy, flushes, paths or [])
    return [call for call in calls if isinstance(call, PurgeRequest)]


def invalidated(target: str, flushes: list[Flush], paths: list[str] | None = None) -> list[str]:
    calls = calls_for(read_target(target), POLICY, flushes, paths or [])
    return [item for call in calls if isinstance(call, Invalidation) for item in call.items]


def sent(request: PurgeRequest) -> dict[str, list[str]]:
    assert request.body is not None
    content: dict[str, list[str]] = json.loads(request.body)
    return content


@pytest.mark.parametrize(
    ("flush", "tag"),
    [
        (CAT, "photos/cat.jpg"),
        (Flush(prefix="photos/2019"), "photos/"),
        (Flush(tag="thumb"), "preset-thumb"),
        (Flush(), "resizer"),
    ],
)
def test_what_knows_tags_is_told_the_tag_of_the_flush(flush: Flush, tag: str) -> None:
    assert invalidated("cloudfront:E1", [flush]) == [f"#{tag}"]
    (cloudflare,) = requests("cloudflare:z1", [flush])
    assert cloudflare.url == "https://api.cloudflare.com/client/v4/zones/z1/purge_cache"
    assert cloudflare.headers["Authorization"] == "Bearer cf-hush"
    assert sent(cloudflare) == {"tags": [tag]}
    (fastly,) = requests("fastly:s1", [flush])
    assert fastly.url == "https://api.fastly.com/service/s1/purge"
    assert fastly.headers["Fastly-Key"] == "f-hush"
    assert "Fastly-Soft-Purge" not in fastly.headers
    assert sent(fastly) == {"surrogate_keys": [tag]}
    (ban,) = requests("ban:http://varnish", [flush])
    assert (ban.method, ban.url) == ("BAN", "http://varnish/")
    assert ban.headers == {"Host": "img.example.com", "Surrogate-Key": tag}


def test_what_knows_urls_is_told_those_that_were_noted() -> None:
    (cloudflare,) = requests("cloudflare-url:z1", [CAT], PATHS)
    site = "https://img.example.com"
    assert sent(cloudflare) == {"files": [site + path for path in sorted(PATHS)]}
    assert invalidated("cloudfront-path:E1", [CAT], PATHS) == sorted(PATHS)


def test_a_server_is_asked_to_purge_each_path() -> None:
    purges = requests("purge:http://nginx:81/edge/", [CAT], PATHS)
    assert [(one.method, one.url) for one in purges] == [
        ("PURGE", f"http://nginx:81/edge{path}") for path in sorted(PATHS)
    ]
    assert all(one.headers == {"Host": "img.example.com"} for one in purges)


def test_without_a_public_url_the_host_is_the_servers_own() -> None:
    (ban,) = requests("ban:http://varnish", [CAT], policy=PurgePolicy(()))
    assert "Host" not in ban.headers


@pytest.mark.parametrize("flush", [Flush(prefix="photos/"), Flush(tag="thumb"), Flush()])
def test_of_more_than_keys_cloudfront_forgets_every_image_path(flush: Flush) -> None:
    assert invalidated("cloudfront-path:E1", [flush], PATHS) == [*EVERY_IMAGE]
    assert invalidated("cloudfront-path:E1", [CAT, flush]) == [*EVERY_IMAGE]


def test_of_many_paths_too() -> None:
    many = [f"/img/w={number}/photos/cat.jpg" for number in range(201)]
    assert invalidated("cloudfront-path:E1", [CAT], many[:200]) == sorted(many[:200])
    assert invalidated("cloudfront-path:E1", [CAT], many) == [*EVERY_IMAGE]


def test_the_image_paths_are_those_that_the_gateway_serves() -> None:
    assert tuple(f"{prefix}*" for prefix in DIALECTS.prefixes) == EVERY_IMAGE


@pytest.mark.parametrize("target", ["cloudfront-path:E1", "cloudflare-url:z1", "purge:http://n"])
def test_what_knows_urls_gets_no_call_when_none_was_noted(target: str) -> None:
    assert calls_for(read_target(target), POLICY, [CAT], []) == []


def test_many_tags_travel_together_as_far_as_each_api_allows() -> None:
    flushes = [Flush(key=f"photos/{number:05}.jpg") for number in range(2001)]
    calls = calls_for(read_target("cloudfront:E1"), POLICY, flushes, [])
    invalidations = [call for call in calls if isinstance(call, Invalidation)]
    assert [len(one.items) for one in invalidations] == [1000, 1000, 1]
    assert len({one.reference for one in invalidations}) == 3
    assert [len(sent(one)["tags"]) for one in requests("cloudflare:z", flushes)] == [100] * 20 + [1]
    keys = [len(sent(one)["surrogate_keys"]) for one in requests("fastly:s", flushes)]
    assert keys == [256] * 7 + [209]
    bans = [one.headers["Surrogate-Key"] for one in requests("ban:http://v", flushes)]
    assert all(len(ban) <= 2000 for ban in bans)
    assert len(bans) == 18
    assert " ".join(bans).split() == [f"photos/{number:05}.jpg" for number in range(2001)]


def test_one_tag_of_several_flushes_is_purged_once() -> None:
    assert invalidated("cloudfront:E1", [CAT, CAT, Flush(prefix="a/b"), Flush(prefix="a/c")]) == [
        "#photos/cat.jpg",
        "#a/",
    ]


@given(st.text(max_size=30) | st.just("/img/w=9/a%2cb\udcff"))
def test_a_path_is_sent_as_it_came_as_far_as_a_request_line_can_hold_it(path: str) -> None:
    url = requests("purge:http://n", [CAT], ["/img/" + path])[0].url
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    if path.isascii() and path.isprintable() and " " not in path:
        assert url == "http://n/img/" + path


def test_what_a_vendor_needs_is_a_setting_and_its_token_a_secret() -> None:
    assert set(NEEDS) <= set(Settings.model_fields)
    assert all(Settings.model_fields[name].annotation is SecretStr for name in TOKENS)


def test_every_vendor_has_one_name_and_keeps_a_pace() -> None:
    assert all(vendor.name == name for name, vendor in VENDORS.items())
    assert {"cloudfront", "cloudflare", "fastly", "ban", "purge"} <= VENDORS.keys()
    assert all(vendor.pause > 0 for vendor in VENDORS.values())


def test_tokens_do_not_show_in_what_is_printed() -> None:
    calls = [*requests("cloudflare:z", [CAT]), *requests("fastly:s", [CAT])]
    assert "hush" not in f"{POLICY!r} {calls!r}"
