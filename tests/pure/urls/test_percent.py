import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import InvalidRequest
from resizer.urls.keys import decode, encode, refuse_controls

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(texts, st.sampled_from(["", "/", "=", "/=:@"]))
def test_what_is_encoded_is_decoded_again(text: str, safe: str) -> None:
    coded = encode(text, safe, "key")
    assert coded.isascii()
    assert decode(coded, "key") == text


@given(texts)
def test_text_without_a_percent_sign_stands_for_itself(text: str) -> None:
    plain = text.replace("%", "")
    assert decode(plain, "key") == plain


@pytest.mark.parametrize("raw", ["%", "a%2", "%zz", "%%41", "100%"])
def test_a_percent_sign_that_encodes_nothing_is_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="There is a % in the key") as caught:
        decode(raw, "key")
    assert "%25" in str(caught.value.accepted)


@pytest.mark.parametrize("raw", ["%ff", "%c3", "%ed%a0%80", "\udcff"])
def test_bytes_that_are_no_utf_8_are_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest, match="in the key that is not UTF-8"):
        decode(raw, "key")


def test_surrogates_cannot_be_encoded() -> None:
    with pytest.raises(InvalidRequest, match="UTF-8"):
        encode("\ud800", "", "key")


@pytest.mark.parametrize("control", ["\0", "\n", "\x1f", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused_encoded_or_not(control: str) -> None:
    for refuse in (
        lambda: decode(control, "key"),
        lambda: decode(encode(control, "", "key"), "key"),
        lambda: refuse_controls(control, "key"),
    ):
        with pytest.raises(InvalidRequest, match="a control character in the key"):
            refuse()
