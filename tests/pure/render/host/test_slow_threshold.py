import pytest

from resizer.render.host.quarantine import SlowThreshold


@pytest.fixture
def threshold() -> SlowThreshold:
    return SlowThreshold(1.0, 5.0)


def test_it_is_the_least_at_first_and_while_renders_are_quick(
    threshold: SlowThreshold,
) -> None:
    assert threshold.seconds == 1.0
    for _ in range(10):
        threshold.add(0.03)
    assert threshold.seconds == 1.0


def test_where_most_renders_take_long_that_is_not_slow(threshold: SlowThreshold) -> None:
    for _ in range(10):
        threshold.add(0.5)
    assert threshold.seconds == 2.0


def test_it_has_an_end(threshold: SlowThreshold) -> None:
    for _ in range(100):
        threshold.add(3.0)
    assert threshold.seconds == 5.0


def test_fewer_than_half_that_take_long_change_nothing(threshold: SlowThreshold) -> None:
    for number in range(64):
        threshold.add(10.0 if number % 5 < 2 else 0.1)
    assert threshold.seconds == 1.0


def test_what_was_long_ago_is_forgotten(threshold: SlowThreshold) -> None:
    for seconds in [3.0] * 100 + [0.1] * 32:
        threshold.add(seconds)
    assert threshold.seconds == 1.0
