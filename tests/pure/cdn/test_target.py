import pytest

from resizer.cdn.target import Target, read_target
from resizer.cdn.vendors import VENDORS


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cloudfront:E2EXAMPLE", ("cloudfront", "E2EXAMPLE")),
        ("cloudfront-path:E2EXAMPLE", ("cloudfront-path", "E2EXAMPLE")),
        ("cloudflare:023e105f4ecef8ad", ("cloudflare", "023e105f4ecef8ad")),
        ("cloudflare-url:023e105f4ecef8ad", ("cloudflare-url", "023e105f4ecef8ad")),
        ("fastly:SU1Z0isxPaozGVKXdv0eY", ("fastly", "SU1Z0isxPaozGVKXdv0eY")),
        ("ban:http://varnish:6081/", ("ban", "http://varnish:6081")),
        ("purge:https://[::1]:8443/edge", ("purge", "https://[::1]:8443/edge")),
    ],
)
def test_a_target_is_a_vendor_and_an_address(text: str, named: tuple[str, str]) -> None:
    name, address = named
    target = Target(VENDORS[name], address)
    assert read_target(text) == target
    assert read_target(str(target)) == target


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("akamai:1", "cloudflare, cloudflare-url, cloudfront"),
        ("cloudfront", "cloudfront: must be followed by an id"),
        ("cloudflare:../x", "must be followed by an id"),
        ("ban:varnish", "must be followed by an http:// or https:// URL"),
        ("ban:ftp://varnish", "must be followed by an http:// or https:// URL"),
        ("purge:http://nginx:port", "must be followed by an http:// or https:// URL"),
        ("purge:http://me:hush@nginx", "without a password"),
        ("purge:http://nginx/?a", "without a password, a query"),
    ],
)
def test_another_text_is_refused_with_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", "[?]")) as caught:
        read_target(text)
    assert "hush" not in str(caught.value)
