import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.cache_tags import tags_for, tags_of
from resizer.model.flush import Flush

KEYS = st.text(st.sampled_from("ab/é ,*\n") | st.characters(exclude_categories=["Cs"]), min_size=1)
DEEP_KEYS = st.builds(
    lambda name, depth: name * depth,
    st.sampled_from(["/", "a/", "é/", "x" * 99]),
    st.integers(1, 500),
)


@pytest.mark.parametrize(
    ("key", "preset", "tags"),
    [
        ("cat.jpg", None, ["cat.jpg", "resizer"]),
        ("cat.jpg", "thumb", ["cat.jpg", "preset-thumb", "resizer"]),
        (
            "photos/2019/Zoë 1.jpg",
            None,
            ["photos/2019/Zo%C3%AB%201.jpg", "photos/", "photos/2019/", "resizer"],
        ),
        ("a//b", None, ["a//b", "a/", "a//", "resizer"]),
        ("/a", None, ["/a", "/", "resizer"]),
        ("a,b (1)*.jpg", None, ["a%2Cb%20%281%29%2A.jpg", "resizer"]),
        ("photos/", None, ["photos/", "resizer"]),
        ("resizer", None, ["resizer"]),
    ],
)
def test_a_reply_is_tagged_with_its_key_its_directories_its_preset_and_all(
    key: str, preset: str | None, tags: list[str]
) -> None:
    assert tags_of(key, preset) == tags


@pytest.mark.parametrize(
    ("flush", "tags"),
    [
        (Flush(key="photos/Zoë.jpg"), ["photos/Zo%C3%AB.jpg"]),
        (Flush(prefix="photos/2019/"), ["photos/2019/"]),
        (Flush(prefix="photos/2019/0"), ["photos/2019/"]),
        (Flush(prefix="phot"), ["resizer"]),
        (Flush(tag="thumb"), ["preset-thumb"]),
        (Flush(), ["resizer"]),
    ],
)
def test_a_flush_purges_one_tag(flush: Flush, tags: list[str]) -> None:
    assert tags_for(flush) == tags


def test_a_key_too_long_for_a_tag_is_hashed_apart_from_others() -> None:
    (first, *_), (second, *_) = tags_of("x" * 251, None), tags_of("x" * 252, None)
    assert first.startswith("sha256-")
    assert first != second
    assert tags_for(Flush(key="x" * 251)) == [first]


@given(KEYS, KEYS | DEEP_KEYS)
def test_a_purge_of_what_is_shown_over_an_original_reaches_the_reply(key: str, shown: str) -> None:
    tags = tags_of(key, None, [shown])
    for flush in (Flush(key=shown), Flush(prefix=shown[: shown.rfind("/") + 1]), Flush(key=key)):
        assert set(tags_for(flush)) <= set(tags)
    assert len(tags) == len(set(tags))


@given(KEYS | DEEP_KEYS, st.none() | st.just("thumb"))
def test_tags_are_few_and_short_words_whatever_the_key(key: str, preset: str | None) -> None:
    tags = tags_of(key, preset)
    assert len(tags) == len(set(tags)) <= 45
    assert len(",".join(tags)) <= 1500
    for tag in tags:
        assert 1 <= len(tag) <= 250
        assert tag.isascii()
        assert tag.isprintable()
        assert not set(tag) & set(' ,"\\*$()+?[]{}|^')


@given(KEYS | DEEP_KEYS, KEYS | DEEP_KEYS, st.none() | st.just("thumb"))
def test_a_purge_reaches_all_that_its_flush_matches(
    start: str, rest: str, preset: str | None
) -> None:
    key = start + rest
    flushes = [Flush(key=key), Flush(prefix=start), Flush(prefix=start + "/"), Flush()]
    for flush in flushes:
        if flush.matches(key, ""):
            assert set(tags_for(flush)) <= set(tags_of(key, preset))
    assert set(tags_for(Flush(tag="thumb"))) <= set(tags_of(key, "thumb"))


def test_a_purge_of_a_directory_takes_no_other_directory_along() -> None:
    assert not set(tags_for(Flush(prefix="photos/2019/"))) & set(tags_of("photos/2020/a", None))
