"""Freshness: the ages of a variant."""

import pytest

from resizer.model.freshness import Freshness, FreshnessState

TIMES = Freshness(fresh_for=10, serve_stale_for=20, stale_if_error=50)


@pytest.mark.parametrize(
    ("age", "stage"),
    [
        (-61, FreshnessState.LATE),
        (-5, FreshnessState.FRESH),
        (0, FreshnessState.FRESH),
        (9.9, FreshnessState.FRESH),
        (10, FreshnessState.STALE),
        (29.9, FreshnessState.STALE),
        (30, FreshnessState.LATE),
        (59.9, FreshnessState.LATE),
        (60, FreshnessState.OVER),
    ],
)
def test_a_variant_is_fresh_then_stale_then_late_then_over(
    age: float, stage: FreshnessState
) -> None:
    assert TIMES.state(age) is stage


def test_it_is_kept_for_as_long_as_it_may_be_of_use() -> None:
    assert TIMES.kept_for == 60
    assert Freshness(10, 50, 20).kept_for == 60


def test_a_partial_variant_is_fresh_for_less_and_never_stale() -> None:
    times = Freshness(10, 20, 50, partial_for=5).of_partial
    ages = [times.state(age) for age in (0, 4.9, 5, 54.9, 55)]
    assert ages == [
        FreshnessState.FRESH,
        FreshnessState.FRESH,
        FreshnessState.LATE,
        FreshnessState.LATE,
        FreshnessState.OVER,
    ]
    assert Freshness(10, 20, 50, partial_for=60).of_partial.fresh_for == 10


def test_no_time_at_all_is_never_fresh() -> None:
    assert Freshness(0, 0, 0).state(0) is FreshnessState.OVER
