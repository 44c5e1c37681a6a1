import pytest

from resizer.render.host.quarantine import SlowThreshold


@pytest.fixture
def pace() -> SlowThreshold:
    return SlowThreshold(1.0, 5.0)


def test_patience_is_the_least_at_first_and_while_renders_are_quick(pace: SlowThreshold) -> None:
    assert pace.patience == 1.0
    for _ in range(10):
        pace.took(0.03)
    assert pace.patience == 1.0


def test_where_most_renders_take_long_that_is_not_slow(pace: SlowThreshold) -> None:
    for _ in range(10):
        pace.took(0.5)
    assert pace.patience == 2.0


def test_patience_has_an_end(pace: SlowThreshold) -> None:
    for _ in range(100):
        pace.took(3.0)
    assert pace.patience == 5.0


def test_fewer_than_half_that_take_long_change_nothing(pace: SlowThreshold) -> None:
    for number in range(64):
        pace.took(10.0 if number % 5 < 2 else 0.1)
    assert pace.patience == 1.0


def test_what_was_long_ago_is_forgotten(pace: SlowThreshold) -> None:
    for seconds in [3.0] * 100 + [0.1] * 32:
        pace.took(seconds)
    assert pace.patience == 1.0
