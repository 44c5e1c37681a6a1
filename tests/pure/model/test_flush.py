"""Flush: what it matches, and its form on the wire."""

import pytest

from resizer.model.flush import Flush

PHOTO, PRESET = "1:width=100", "1:width=200@thumb"


@pytest.mark.parametrize(
    "flush", [Flush(key="a"), Flush(key=""), Flush(prefix="a/"), Flush(tag="thumb"), Flush()]
)
def test_a_flush_survives_its_message(flush: Flush) -> None:
    assert Flush.from_facts(flush.to_facts()) == flush


@pytest.mark.parametrize("facts", [None, [], "a", {}, {"key": 1}, {"tag": None}], ids=repr)
def test_malformed_facts_flush_everything(facts: object) -> None:
    assert Flush.from_facts(facts) == Flush(prefix="")


def test_a_flush_matches_its_key_or_prefix_only() -> None:
    keys = ("a", "a/b", "b")
    assert [key for key in keys if Flush(key="a").matches(key, PHOTO)] == ["a"]
    assert [key for key in keys if Flush(prefix="a").matches(key, PHOTO)] == ["a", "a/b"]
    assert all(Flush().matches(key, PHOTO) for key in ("", "a"))


def test_a_tag_matches_the_variants_of_its_preset_whatever_their_original() -> None:
    assert Flush(tag="thumb").matches("a", PRESET)
    assert not Flush(tag="humb").matches("a", PRESET)
    assert not Flush(tag="thumb").matches("a", PHOTO)
    assert Flush(tag="thumb").touches("a")
