"""Hearing: until when a process is sure."""

from resizer.cache.coherence import SECONDS, Hearing
from tests.support.clock import Clock


def test_where_nothing_is_shared_it_is_sure_for_ever() -> None:
    clock = Clock()
    hears = Hearing(clock)
    clock.now += 1e9
    assert hears.sure


def test_an_answer_is_good_for_some_seconds_from_its_question() -> None:
    clock = Clock()
    hears = Hearing(clock)
    asked = clock.now
    clock.now += 1
    hears.confirmed(asked)
    told = []
    for clock.now in (asked + SECONDS - 0.01, asked + SECONDS):
        told.append(hears.sure)
    hears.confirmed(clock.now)
    assert [*told, hears.sure] == [True, False, True]


def test_a_lost_line_ends_it_at_once() -> None:
    hears = Hearing(Clock())
    hears.lost()
    assert not hears.sure
