"""The judge of the interleavings finds what it is there to find, and nothing else."""

from dataclasses import replace

import pytest

from tests.support.history import SLACK, Asked, Became, Disturbed, Flushed, History

FOR_EVER = float("inf")
ASKED = Asked(0, 0, gateway=1, options="width=8", status=200, key=5)


def history() -> History:
    """Version 1 at 10 s, version 2 at 20 s, deleted at 30 s, version 3 at 40 s."""
    versions = [(10.0, 1), (20.0, 2), (30.0, None), (40.0, 3)]
    return History(5, [Became(at, at + 0.1, version) for at, version in versions])


def fault(past: History, staleness: float = FOR_EVER, **shown: object) -> str | None:
    asked = replace(ASKED, **shown)  # type: ignore[arg-type]
    past.asked = [asked]
    return past.faults(staleness).get(asked)


def test_without_a_flush_or_a_bound_any_version_since_then_may_be_shown() -> None:
    for version in (1, 2):
        assert fault(history(), began=25, ended=25.1, version=version) is None
    assert fault(history(), began=32, ended=32.1, status=404) is None
    assert fault(history(), began=25, ended=25.1, version=3) == "only v1 or v2 may be shown"
    assert fault(history(), began=25, ended=25.1, status=404) == "only v1 or v2 may be shown"


def test_a_stale_answer_after_a_flush_is_found() -> None:
    past = history()
    past.flushed = [Flushed(21, 22, "the key")]
    assert fault(past, began=22.1, ended=22.2, version=1) == "only v2 may be shown"
    assert fault(past, began=22.1, ended=22.2, version=2) is None
    assert fault(past, began=21.9, ended=22.2, version=1) is None, "it began before the flush ended"
    past.flushed = [Flushed(20.05, 22, "the key")]
    assert fault(past, began=22.1, ended=22.2, version=1) is None, "perhaps current at its begin"


def test_a_variant_of_a_deleted_original_is_found_after_a_flush() -> None:
    past = history()
    past.flushed = [Flushed(31, 31.5, "everything")]
    assert fault(past, began=32, ended=32.1, version=2) == "only nothing may be shown"
    assert fault(past, began=32, ended=32.1, status=404) is None
    assert fault(past, began=45, ended=45.1, status=404) is None


def test_a_flush_that_failed_or_was_of_other_variants_promises_nothing() -> None:
    for flush in (
        Flushed(21, 22, "the key", failure="CacheUnavailable"),
        Flushed(21, 22, "a preset", options="thumb"),
    ):
        past = history()
        past.flushed = [flush]
        assert fault(past, began=23, ended=23.1, version=1) is None
    past.flushed = [Flushed(21, 22, "a preset", options="thumb")]
    assert fault(past, began=23, ended=23.1, version=1, options="thumb") == "only v2 may be shown"


def test_an_answer_older_than_the_bound_is_found() -> None:
    late = 20.1 + 3 + SLACK
    assert fault(history(), 3, began=late - 0.1, ended=late, version=1) is None
    assert fault(history(), 3, began=late + 0.1, ended=late + 1, version=1)
    assert fault(history(), 3, began=late + 0.1, ended=late + 1, version=2) is None


def test_a_version_not_yet_written_or_of_another_key_is_found() -> None:
    assert fault(history(), began=11, ended=19.9, version=2)
    assert fault(history(), began=11, ended=20.05, version=2) is None
    assert fault(history(), began=11, ended=12, version=1, key=6) == "shows key 6"


@pytest.mark.parametrize("status", [400, 500, 502, 503, 504])
def test_an_error_is_a_fault(status: int) -> None:
    assert fault(history(), began=11, ended=12, status=status) == f"status {status}"


def test_no_answer_is_forgiven_to_the_gateway_that_was_killed_meanwhile() -> None:
    past = history()
    assert fault(past, began=11, ended=12, status=None)
    past.disturbed = [Disturbed(11.5, 13, "gateway 1 killed", killed=1)]
    assert fault(past, began=11, ended=12, status=None) is None
    assert fault(past, began=11, ended=12, status=None, gateway=0)
    assert fault(past, began=14, ended=15, status=None)


def test_what_is_told_has_every_event_in_order_and_marks_the_fault() -> None:
    past = history()
    past.flushed = [Flushed(21, 22, "the key")]
    past.disturbed = [Disturbed(23, 24, "Redis restarted empty")]
    past.asked = [replace(ASKED, began=25, ended=25.5, version=1, how="resizer; hit")]
    assert past.told(FOR_EVER).splitlines() == [
        "   0.000 …    0.100  the original is v1",
        "  10.000 …   10.100  the original is v2",
        "  11.000 …   12.000  flush of the key",
        "  13.000 …   14.000  Redis restarted empty",
        "  15.000 …   15.500  gateway 1, width=8: 200 v1 (resizer; hit)   <<< only v2 may be shown",
        "  20.000 …   20.100  the original is nothing",
        "  30.000 …   30.100  the original is v3",
    ]
