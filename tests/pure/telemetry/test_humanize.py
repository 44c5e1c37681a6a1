import pytest

from resizer.telemetry.humanize import bytes_in_words, counted, ratio_in_words, since_in_words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 originals"), (1, "1 original"), (2000, "2,000 originals")]
)
def test_one_is_told_from_many(count: int, words: str) -> None:
    assert counted(count, "original") == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1.2 * 2**30, "1.2 GiB"),
        (2**60, "1024.0 PiB"),
    ],
)
def test_bytes_in_words(size: float, words: str) -> None:
    assert bytes_in_words(size) == words


def test_a_ratio_of_nothing_is_a_dash() -> None:
    assert (ratio_in_words(None), ratio_in_words(0.9341)) == ("–", "93.4 %")


def test_a_time_is_told_in_utc() -> None:
    assert since_in_words(1_700_000_000) == "counted since 2023-11-14 22:13 UTC"
    assert since_in_words(None) == "nothing was counted yet"
