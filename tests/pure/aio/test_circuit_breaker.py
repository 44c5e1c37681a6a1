"""CircuitBreaker: when it opens, what it lets through, when it closes."""

from resizer.aio.circuit_breaker import CircuitBreaker
from tests.support.clock import Clock


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(threshold=3, seconds=2.0, clock=clock)
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = opened(Clock())
    assert breaker.is_open
    assert not breaker.admits()


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = CircuitBreaker(threshold=3, clock=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.admits()


def test_one_call_is_let_through_when_the_time_is_over() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 2.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_a_failed_try_starts_another_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 2.0
    assert breaker.admits()
    clock.now += 1.5
    breaker.failed()
    clock.now += 1.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.admits()


def test_a_try_that_never_reports_is_followed_by_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(3):
        clock.now += 2.0
        assert [breaker.admits(), breaker.admits()] == [True, False]


def test_a_successful_try_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 2.0
    assert breaker.admits()
    breaker.succeeded()
    assert not breaker.is_open
    assert all(breaker.admits() for _ in range(3))
