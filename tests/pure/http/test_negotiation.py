import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.http.negotiation import MAX_LENGTH, negotiate, resolve_format, varies
from resizer.model.formats import Format
from resizer.model.transform import Transform

AVIF, WEBP, JPEG = Format.AUTO_AVIF, Format.AUTO_WEBP, Format.AUTO_JPEG

BROWSERS = [
    ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", AVIF),  # Chrome
    ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", AVIF),  # Firefox
    ("image/avif,image/webp,*/*", AVIF),  # Firefox 93
    ("image/webp,image/avif,image/jxl,image/heic,image/png,image/svg+xml,image/*;q=0.8", AVIF),
    ("image/webp,*/*", WEBP),  # Firefox 65
    ("image/webp,image/apng,image/*,*/*;q=0.8", WEBP),  # Chrome 80
    ("image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", JPEG),  # Safari 13
    ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", AVIF),  # opened in a tab
    ("*/*", JPEG),  # curl, most crawlers
    ("image/*", JPEG),
    ("image/*,*/*;q=0.8", JPEG),
    ("", JPEG),
    ("text/html", JPEG),
]

WEIGHTS = [
    ("image/avif;q=0", JPEG),
    ("image/avif;q=0.0,image/webp", WEBP),
    ("image/avif;q=0.000,image/webp;q=0.001", WEBP),
    ("image/avif;q=0.5,image/webp;q=0.9", WEBP),
    ("image/avif;q=0.9,image/webp;q=0.5", AVIF),
    ("image/webp,image/avif", AVIF),
    ("image/webp;q=0.8,image/avif;q=0.8", AVIF),
    ("image/avif;q=0.2,image/jpeg", JPEG),
    ("image/avif;q=0.2,image/*;q=0.1,*/*", AVIF),
    ("image/avif;q=0.2,*/*;q=0.9", JPEG),
    ("image/webp;q=0.5,image/jpeg;q=0.1,image/*", WEBP),
    ("image/avif;q=1.000", AVIF),
    ("image/avif,image/avif;q=0", AVIF),
]

SPELLINGS = [
    ("IMAGE/AVIF", AVIF),
    ("image/AVIF;Q=0,image/webp", WEBP),
    ("  image/avif  ;  q=0  ,\timage/webp\t", WEBP),
    ("image/avif;profile=x;q=0,image/webp", WEBP),
    ('image/avif;note="a,image/webp;q=1";q=0', JPEG),
    ('image/png;note=",image/avif,"', JPEG),
    (r'image/png;note="\",image/avif"', JPEG),
    ("image/png;note=image/avif", JPEG),
    ("image/avif;sq=0", AVIF),
    ("image/avif-sequence", JPEG),
    ("application/image/avif", JPEG),
    (",,image/webp,,", WEBP),
]

MALFORMED = [
    ("image/avif;q=", JPEG),
    ("image/avif;q=abc", JPEG),
    ("image/avif;q=2", JPEG),
    ("image/avif;q=1.5,image/webp", WEBP),
    ("image/avif;q=-1", JPEG),
    ("image/avif;q=1e0", JPEG),
    ("image/avif;q=nan", JPEG),
    ("image/avif;q=٠", JPEG),
    ("image avif", JPEG),
    ('image/avif;"', AVIF),
    (";;;,q=1,\x00\xff", JPEG),
]


@pytest.mark.parametrize(("accept", "chosen"), BROWSERS + WEIGHTS + SPELLINGS + MALFORMED)
def test_the_format_that_a_client_named_and_likes_best_is_chosen(
    accept: str, chosen: Format
) -> None:
    assert negotiate(accept) is chosen


@given(st.text() | st.text('image/avwebpjg*;q=.01, "\\\t'))
def test_no_header_raises(accept: str) -> None:
    assert negotiate(accept) in (AVIF, WEBP, JPEG)


def test_a_long_header_is_read_only_so_far_and_never_to_half_a_range() -> None:
    cut_before_its_q = "x," * (MAX_LENGTH // 2 - 5) + "image/avif;q=0"
    assert cut_before_its_q[:MAX_LENGTH].endswith("image/avif")
    assert negotiate(cut_before_its_q) is JPEG
    assert negotiate("image/webp," + "x," * 1_000_000) is WEBP
    assert negotiate("x" * 1_000_000) is JPEG
    assert negotiate('"' + '\\"' * 1_000_000) is JPEG


def test_auto_becomes_the_negotiated_format_and_nothing_else_changes() -> None:
    asked = Transform(width=400, format=Format.AUTO)
    assert resolve_format(asked, "image/webp") == Transform(width=400, format=Format.AUTO_WEBP)
    assert varies(asked)


@pytest.mark.parametrize("named", [None, *(f for f in Format if f is not Format.AUTO)])
def test_a_named_format_stays_whatever_the_client_accepts(named: Format | None) -> None:
    asked = Transform(width=400, format=named)
    assert resolve_format(asked, "image/avif") == asked
    assert not varies(asked)


@pytest.mark.parametrize("named", [None, Format.AUTO, Format.AVIF, Format.PNG])
def test_fast_means_jpeg_whatever_the_format_and_the_client(named: Format | None) -> None:
    asked = Transform(format=named, fast=True)
    assert resolve_format(asked, "image/avif") == Transform(format=Format.AUTO_JPEG, fast=True)
    assert not varies(asked)


def test_fast_leaves_json_alone() -> None:
    asked = Transform(format=Format.JSON, fast=True)
    assert resolve_format(asked, "image/avif") == asked
    assert not varies(asked)


@given(st.sampled_from([None, *Format]), st.booleans())
def test_the_reply_varies_exactly_when_the_client_decides(named: Format | None, fast: bool) -> None:
    asked = Transform(format=named, fast=fast)
    outcomes = {resolve_format(asked, accept) for accept in ("image/avif", "image/webp", "")}
    assert varies(asked) == (len(outcomes) > 1)


def test_three_variants_serve_every_browser() -> None:
    asked = Transform(width=400, format=Format.AUTO)
    texts = {str(resolve_format(asked, accept)) for accept, _ in BROWSERS}
    assert texts == {f"width=400,format={format_}" for format_ in (AVIF, WEBP, JPEG)}
