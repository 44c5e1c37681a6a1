"""Coherence: until when a process is sure."""

from resizer.cache.coherence import Coherence
from tests.support.clock import Clock


def test_where_nothing_is_shared_it_is_sure_for_ever() -> None:
    clock = Clock()
    coherence = Coherence(clock)
    clock.now += 1e9
    assert coherence.trusted


def test_an_answer_is_good_for_some_seconds_from_its_question() -> None:
    clock = Clock()
    coherence = Coherence(clock)
    asked = clock.now
    clock.now += 1
    coherence.confirmed(asked)
    told = []
    for clock.now in (asked + Coherence.TRUST_SECONDS - 0.01, asked + Coherence.TRUST_SECONDS):
        told.append(coherence.trusted)
    coherence.confirmed(clock.now)
    assert [*told, coherence.trusted] == [True, False, True]


def test_a_lost_line_ends_it_at_once() -> None:
    coherence = Coherence(Clock())
    coherence.distrust()
    assert not coherence.trusted
