import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest, SourceNotFound
from resizer.urls.keys import (
    MAX_BYTES,
    check_key,
    percent_decode,
    percent_encode,
    read_key,
    refuse_controls,
    write_key,
)

NASTY = "/%+#?,=&;:@!*'() .\\\"<>|~-_aAzZ09é日😀\u200d\ufeff"
characters = st.characters(exclude_categories=["Cs", "Cc"])
keys = (st.text(characters, min_size=1, max_size=60) | st.text(NASTY, min_size=1)).filter(
    lambda key: ".." not in key.split("/") and len(key.encode()) <= MAX_BYTES
)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("photos/cat.jpg", "photos/cat.jpg"),
        ("photos%2Fcat.jpg", "photos/cat.jpg"),
        ("my%20cat.jpg", "my cat.jpg"),
        ("a+b.jpg", "a+b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("%252e%252e/a", "%2e%2e/a"),
        ("a%23b%3Fc", "a#b?c"),
        ("a,b=c,sig=d", "a,b=c,sig=d"),
        ("Zo%C3%AB/%E7%8C%AB/%F0%9F%98%80.jpg", "Zoë/猫/😀.jpg"),
        ("zo%c3%ab", "zoë"),
        ("Zoë", "Zoë"),
        ("Zo\udcc3\udcab", "Zoë"),
        ("a//b", "a//b"),
        ("a/", "a/"),
        ("a/./b", "a/./b"),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        ("https://example.com/cat.jpg", "https://example.com/cat.jpg"),
    ],
)
def test_a_key_is_percent_decoded_once_and_otherwise_left_alone(raw: str, key: str) -> None:
    assert read_key(raw) == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("/photos/cat.jpg", "photos/cat.jpg"),
        ("//photos/cat.jpg", "/photos/cat.jpg"),
        ("%2Fphotos/cat.jpg", "/photos/cat.jpg"),
        ("/%2Fphotos/cat.jpg", "/photos/cat.jpg"),
        ("%2F", "/"),
    ],
)
def test_one_literal_slash_in_front_is_a_loaders_and_an_encoded_one_is_the_keys(
    raw: str, key: str
) -> None:
    assert read_key(raw) == key


@given(keys)
@example("/leading")
@example("//twice")
@example("a//b")
@example("%2F")
@example("é" * (MAX_BYTES // 2))
def test_what_is_written_is_read_back(key: str) -> None:
    assert read_key(write_key(key)) == key


@given(keys)
def test_a_written_key_holds_nothing_that_a_proxy_might_take_for_syntax(key: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", write_key(key))


def test_slashes_inside_a_key_are_written_as_slashes() -> None:
    assert write_key("a/b//c d.jpg") == "a/b//c%20d.jpg"


@pytest.mark.parametrize("raw", ["", "/"])
def test_an_empty_key_is_no_image(raw: str) -> None:
    with pytest.raises(SourceNotFound):
        read_key(raw)


@pytest.mark.parametrize(
    "raw",
    ["..", "../a", "a/..", "a/../b", "%2e%2e/a", "a/.%2E/b", "a%2F..%2Fb", "/../a", "//..//a"],
)
def test_a_way_up_is_refused_however_it_is_spelled(raw: str) -> None:
    with pytest.raises(InvalidRequest, match=r"`\.\.`"):
        read_key(raw)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_control_characters_are_refused_encoded_and_bare(code: int) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in chr(code).encode())
    for raw in (f"a{encoded}b", f"a{chr(code)}b"):
        with pytest.raises(InvalidRequest, match="control character"):
            read_key(raw)


@pytest.mark.parametrize(
    "raw", ["%", "a%", "a%2", "%zz", "%2", "100%.jpg", "%%25", "%u0041", "% 20"]
)
def test_a_percent_sign_without_two_digits_is_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="hexadecimal") as caught:
        read_key(raw)
    assert "%25" in (caught.value.accepted or "")


@pytest.mark.parametrize(
    "raw", ["%FF", "%C3", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "\udcff", chr(0xD800), "a\udcc3"]
)
def test_what_is_not_utf8_is_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="UTF-8"):
        read_key(raw)


def test_a_key_has_at_most_as_many_bytes_as_s3_holds() -> None:
    assert read_key("%C3%A9" * 512) == "é" * 512
    assert read_key("a" * 1024) == "a" * 1024
    for raw in ("a" * 1025, "%C3%A9" * 512 + "a", "a" * 10_000_000, "%61" * 1025):
        with pytest.raises(InvalidRequest, match="too long"):
            read_key(raw)


@pytest.mark.parametrize("key", ["a\nb", "a/../b", "a" * 1025, "\udcff"])
def test_what_cannot_be_read_is_not_written(key: str) -> None:
    with pytest.raises(InvalidRequest):
        write_key(key)


@given(keys)
def test_every_key_that_is_read_passes_the_check_that_operators_use(key: str) -> None:
    assume(not key.startswith("/"))
    check_key(read_key(write_key(key)))


texts = st.text(characters)


@given(texts, st.sampled_from(["", "/", "=", "/=:@"]))
def test_what_is_encoded_is_decoded_again(text: str, safe: str) -> None:
    coded = percent_encode(text, safe, "key")
    assert coded.isascii()
    assert percent_decode(coded, "key") == text


@given(texts)
def test_text_without_a_percent_sign_stands_for_itself(text: str) -> None:
    plain = text.replace("%", "")
    assert percent_decode(plain, "key") == plain


@pytest.mark.parametrize("raw", ["%", "a%2", "%zz", "%%41", "100%"])
def test_a_percent_sign_that_encodes_nothing_is_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="There is a % in the key") as caught:
        percent_decode(raw, "key")
    assert "%25" in str(caught.value.accepted)


@pytest.mark.parametrize("raw", ["%ff", "%c3", "%ed%a0%80", "\udcff"])
def test_bytes_that_are_no_utf_8_are_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="in the key that is not UTF-8"):
        percent_decode(raw, "key")


def test_surrogates_cannot_be_encoded() -> None:
    with pytest.raises(InvalidRequest, match="UTF-8"):
        percent_encode("\ud800", "", "key")


@pytest.mark.parametrize("control", ["\0", "\n", "\x1f", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused_encoded_or_not(control: str) -> None:
    for refuse in (
        lambda: percent_decode(control, "key"),
        lambda: percent_decode(percent_encode(control, "", "key"), "key"),
        lambda: refuse_controls(control, "key"),
    ):
        with pytest.raises(InvalidRequest, match="a control character in the key"):
            refuse()
