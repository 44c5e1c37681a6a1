"""Names of results: one for each variant, of a kind that every store can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.results.names import directory_of, enclosing, name_of, read_name
from resizer.urls.preset import parse_preset
from tests.services.storage.test_contract import KEYS

SPELT = [
    ("photos/cat.jpg", "root/photos/cat.jpg"),
    ("Zoë/写真.jpg", "root/Zoë/写真.jpg"),
    ("a=b", "root/a=3Db"),
    ("100%.jpg", "root/100=25.jpg"),
    ("tmp#1", "root/tmp=231"),
    ("back\\slash", "root/back=5Cslash"),
    ("tab\there\x7f", "root/tab=09here=7F"),
    ("\uffff", "root/=EF=BF=BF"),
    ("/a", "root/=/a"),
    ("a//b/", "root/a/=/b/="),
    ("./a/..", "root/=2E/a/=2E=2E"),
    (".hidden/...", "root/.hidden/..."),
]
TEXT = st.text(
    alphabet=st.one_of(st.sampled_from("ab/.=%#\\ 3D"), st.characters(codec="utf-8")), max_size=20
)


@pytest.mark.parametrize(("key", "directory"), SPELT)
def test_a_key_is_spelt_by_its_segments(key: str, directory: str) -> None:
    assert directory_of("root", key) == directory


def test_a_preset_shows_in_the_name_and_the_rest_of_the_field_does_not() -> None:
    name = name_of("root", "cat", "1-linear:width=8@thumb")
    assert name is not None
    assert name.endswith("@thumb")
    assert "width" not in name


@given(key=TEXT, field=TEXT)
def test_the_key_is_read_back(key: str, field: str) -> None:
    name = name_of("a/root", key, field)
    assert name is not None
    place = read_name("a/root", name)
    assert place is not None
    assert place[0] == key


@given(one=st.tuples(TEXT, TEXT), other=st.tuples(TEXT, TEXT))
def test_two_variants_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (name_of("root", *one) == name_of("root", *other)) == (one == other)


@given(one=st.tuples(TEXT, TEXT), other=st.tuples(TEXT, TEXT))
def test_no_object_lies_where_another_needs_a_directory(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = name_of("root", *one), name_of("root", *other)
    assert first is not None
    assert second is not None
    assert not second.startswith(f"{first}/")


def test_a_key_cannot_be_spelt_like_an_object() -> None:
    taken = name_of("root", "cat", "field")
    assert taken is not None
    assert read_name("root", directory_of("root", taken.removeprefix("root/"))) is None


@given(key=TEXT, field=TEXT)
def test_every_segment_is_one_that_stores_can_hold(key: str, field: str) -> None:
    name = name_of("root", key, field)
    assert name is not None
    for segment in name.split("/"):
        assert segment not in ("", ".", "..")
        assert not any(char < " " or char in "\x7f\\%#" for char in segment)


@given(key=TEXT, cut=st.integers(0, 20), field=TEXT)
def test_what_begins_with_a_prefix_lies_in_its_directory(key: str, cut: int, field: str) -> None:
    name = name_of("root", key, field)
    assert name is not None
    assert name.startswith(f"{enclosing('root', key[:cut])}/")


def test_a_prefix_lists_no_more_than_its_directory() -> None:
    assert enclosing("root", "photos/2019/c") == "root/photos/2019"
    assert enclosing("root", "photos/") == "root/photos"
    assert enclosing("root", "photos") == enclosing("root", "") == "root"


@pytest.mark.parametrize(
    "name", ["root/cat", "root/=v0", "other/cat/=v0", "root/cat/=v0/below", "root/a=FF/=v0", "root"]
)
def test_a_stranger_has_no_key(name: str) -> None:
    place = read_name("root", name)
    assert place is None or name == "other/cat/=v0"


def test_a_name_that_is_too_long_is_none() -> None:
    assert name_of("root", "k" * 240, "field") is not None
    assert name_of("root", "k" * 241, "field") is None
    assert name_of("root", "写" * 80, "field") is not None
    assert name_of("root", "写" * 81, "field") is None
    long = "/".join(["k" * 191] * 5)
    assert name_of("root", long, "field") is not None
    assert name_of("root", f"{long}/{'and more' * 4}", "field") is None


def test_what_no_store_can_hold_has_no_name() -> None:
    assert name_of("root", "\udc80", "field") is None
    assert name_of("root", "cat", "\udc80") is None


def test_every_usual_key_has_a_name() -> None:
    assert all(name_of("root", key, "field") for key in KEYS)


def test_the_longest_name_of_a_preset_fits() -> None:
    longest = "p" * 64
    parse_preset(longest, "width=8", 100)
    assert name_of("root", "cat", f"1:w=1@{longest}") is not None
