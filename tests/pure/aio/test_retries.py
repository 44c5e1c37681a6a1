from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.aio.retries import pause


@given(st.integers(1, 10**6), st.floats(0.001, 10), st.floats(0.001, 100))
def test_a_pause_is_never_longer_than_the_longest(
    failures: int, first: float, longest: float
) -> None:
    assert 0 <= pause(failures, first, longest) <= longest


@pytest.mark.parametrize(("failures", "bound"), [(1, 0.5), (2, 1.0), (5, 8.0), (6, 10.0)])
def test_the_bound_doubles_with_each_failure(failures: int, bound: float) -> None:
    with patch("random.uniform", return_value=0.1) as drawn:
        assert pause(failures, 0.5, 10.0) == 0.1
    drawn.assert_called_once_with(0, bound)


def test_those_who_failed_together_wait_for_different_times() -> None:
    assert len({pause(3, 1.0, 60.0) for _ in range(20)}) > 1
