import base64
import hmac
from collections.abc import Callable, Sequence
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest, SignatureExpired, SignatureMismatch
from resizer.urls import signing
from resizer.urls.dialect import DialectSettings
from resizer.urls.dialects.cloudflare import SCHEME, parse, signed_text, write
from tests.support.urls import sign

SECRET = "test-key-0123456789abcdef0123456789abcdef"
OPTIONS = ("width=400", "format=auto", "exp=1798761600")
KEY = "photos/cat.jpg"
SIGNATURE = "q1Gsm681qN5sS32bHYiSQrDvmFaCEr-HrSPTi5-O5iQ"
VECTORS = [
    (
        f"width=400,format=auto,exp=1798761600,sig={SIGNATURE}/photos/cat.jpg",
        "width=400\nformat=auto\nexp=1798761600\n\nphotos/cat.jpg",
    ),
    (
        "w=300,h=200,fit=pad,background=rgb%280%200%200%20%2F%2050%25%29,"
        "sig=zmRnfssixmvylZs85j4FrW5ZsxjeM9gBBR87tJTm4j4"
        "/photos/Zo%C3%AB%20%26%20friends%2C%20100%25.jpg",
        "w=300\nh=200\nfit=pad\nbackground=rgb(0 0 0 / 50%)\n\nphotos/Zoë & friends, 100%.jpg",
    ),
]
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=12)


@pytest.mark.parametrize(("tail", "signed"), VECTORS)
def test_the_published_vectors_are_signed_and_accepted(tail: str, signed: str) -> None:
    request = parse(tail, DialectSettings(max_side=8192))
    assert request.signed == signed.encode()
    assert request.scheme.sign(SECRET, request.signed) == request.signature
    signing.verify(request.scheme, [SECRET], request.signed, request.signature)


@pytest.mark.parametrize(("tail", "signed"), VECTORS)
def test_writing_a_signed_url_gives_the_published_one(tail: str, signed: str) -> None:
    options, _, key = signed.partition("\n\n")
    assert write(options.split("\n"), key, SECRET) == tail


@given(st.lists(lines), lines, st.lists(lines), lines)
@example(["a", ""], "b", ["a"], "\tb")
@example([], "a", [""], "a")
@example(["a", "b"], "c", ["a"], "b")
def test_nothing_slides_between_options_and_key(
    options: list[str], key: str, other_options: list[str], other_key: str
) -> None:
    same_text = signed_text(options, key) == signed_text(other_options, other_key)
    assert same_text == ((options, key) == (other_options, other_key))


@pytest.mark.parametrize(
    ("options", "key"), [(["width=1\n"], "a"), (["width=1", "\n"], "a"), (["width=1"], "a\nb")]
)
def test_a_line_feed_is_refused_on_either_side(options: list[str], key: str) -> None:
    with pytest.raises(InvalidRequest, match="line feed"):
        sign(SECRET, options, key)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="Unicode"):
        sign(SECRET, ["width=1"], "\udcff")


def verify(secrets: Sequence[str], options: Sequence[str], key: str, signature: str | None) -> None:
    signing.verify(SCHEME, secrets, signed_text(options, key), signature)


def _percent_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.mark.parametrize(
    "reencode",
    [
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="()!*';:@&=+$"),
        _percent_all,
    ],
    ids=["everything reserved", "as little as a path needs", "every byte, lower-case hex"],
)
def test_a_proxy_that_reencodes_changes_nothing(reencode: Callable[[str], str]) -> None:
    options = ["width=300", "background=rgb(0 0 0 / 50%)", "exp=1798761600"]
    key = "photos/Zoë & friends, 100%+.jpg"
    signature = sign(SECRET, options, key)
    parts = ",".join(reencode(part) for part in [*options, f"sig={signature}"])
    segments = "/".join(reencode(segment) for segment in key.split("/"))
    request = parse(f"{parts}/{segments}", DialectSettings(max_side=8192))
    signing.verify(request.scheme, [SECRET], request.signed, request.signature)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (("width=401", *OPTIONS[1:]), KEY),
        (("w=400", *OPTIONS[1:]), KEY),
        (tuple(reversed(OPTIONS)), KEY),
        (OPTIONS[:-1], KEY),
        ((*OPTIONS, "dpr=2"), KEY),
        (OPTIONS, "photos/dog.jpg"),
        (OPTIONS, f"/{KEY}"),
        (OPTIONS, KEY.upper()),
    ],
)
def test_a_signature_holds_for_nothing_else(options: tuple[str, ...], key: str) -> None:
    verify([SECRET], OPTIONS, KEY, SIGNATURE)
    with pytest.raises(SignatureMismatch):
        verify([SECRET], options, key, SIGNATURE)


def test_any_of_several_keys_is_accepted_so_that_keys_can_be_rotated() -> None:
    old = sign("old", OPTIONS, KEY)
    new = sign("new", OPTIONS, KEY)
    assert old != new
    for signature in (old, new):
        verify(["new", "old"], OPTIONS, KEY, signature)
    with pytest.raises(SignatureMismatch):
        verify(["new"], OPTIONS, KEY, old)


def test_every_key_is_compared_even_after_one_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    compare = hmac.compare_digest

    def counted(right: bytes, claimed: bytes) -> bool:
        compared.append(right)
        return compare(right, claimed)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    verify([SECRET, "second", "third"], OPTIONS, KEY, SIGNATURE)
    assert compared == [sign(s, OPTIONS, KEY).encode() for s in (SECRET, "second", "third")]


def test_without_keys_or_without_a_signature_nothing_is_accepted() -> None:
    with pytest.raises(SignatureMismatch):
        verify([], OPTIONS, KEY, SIGNATURE)
    with pytest.raises(SignatureMismatch, match="not signed"):
        verify([SECRET], OPTIONS, KEY, None)


def test_only_one_of_the_spellings_that_decode_to_the_same_bytes_is_accepted() -> None:
    digest = base64.urlsafe_b64decode(f"{SIGNATURE}=")
    last = BASE64URL.index(SIGNATURE[-1])
    twins = [SIGNATURE[:-1] + BASE64URL[last ^ bits] for bits in (1, 2, 3)]
    for twin in twins:
        assert base64.urlsafe_b64decode(f"{twin}=") == digest
    standard = SIGNATURE.replace("-", "+").replace("_", "/")
    assert standard != SIGNATURE
    for spelling in [*twins, standard, f"{SIGNATURE}=", f" {SIGNATURE}", digest.hex(), ""]:
        with pytest.raises(SignatureMismatch):
            verify([SECRET], OPTIONS, KEY, spelling)


@pytest.mark.parametrize("signature", ["ключ", "é" * 43, "\udcff", SIGNATURE[:-1] + "Q\u0301"])
def test_a_signature_that_is_not_ascii_is_a_mismatch_like_any_other(signature: str) -> None:
    with pytest.raises(SignatureMismatch):
        verify([SECRET], OPTIONS, KEY, signature)


def test_the_errors_show_neither_the_key_nor_the_right_signature() -> None:
    with pytest.raises(SignatureMismatch) as caught:
        verify([SECRET], OPTIONS, KEY, "wrong")
    assert SECRET not in str(caught.value)
    assert SIGNATURE not in str(caught.value)


@pytest.mark.parametrize(
    ("now", "expired"),
    [(0.0, False), (99.999, False), (100.0, True), (100.001, True), (1e12, True)],
)
def test_a_url_is_good_until_its_expiry(now: float, expired: bool) -> None:
    if not expired:
        signing.check_expiry(100, now)
        return
    with pytest.raises(SignatureExpired):
        signing.check_expiry(100, now)


def test_a_url_without_an_expiry_does_not_expire() -> None:
    signing.check_expiry(None, 1e12)
