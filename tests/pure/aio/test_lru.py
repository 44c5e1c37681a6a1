"""Lru: what is kept, in which order it goes, and that everything that goes is told."""

import math
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from resizer.aio.lru import Lru
from tests.support.clock import Clock

KEYS = st.sampled_from("abcdefg")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 9)),
        st.tuples(st.just("touch"), KEYS, st.just(0)),
        st.tuples(st.just("remove"), KEYS, st.just(0)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 5)),
        st.tuples(st.just("clear"), st.just(""), st.just(0)),
    )
)
BOUNDS = st.one_of(st.just(math.inf), st.integers(0, 12))


@dataclass
class Model:
    """The same by hand: a list of (key, bytes, time of put), the least recently used first."""

    max_entries: float
    max_bytes: float
    entries: list[tuple[str, int, float]] = field(default_factory=list)

    def do(self, step: tuple[str, str, int], now: float) -> None:
        match step:
            case "put", key, size:
                self._drop(key)
                self.entries.append((key, size, now))
                while len(self.entries) > self.max_entries or self.size > self.max_bytes:
                    del self.entries[0]
            case "touch", key, _:
                self.entries.sort(key=lambda entry: entry[0] == key)
            case "remove", key, _:
                self._drop(key)
            case "clear", _, _:
                self.entries.clear()

    @property
    def size(self) -> int:
        return sum(size for _, size, _ in self.entries)

    def shown(self, now: float, seconds: float) -> dict[str, int]:
        return {key: size for key, size, put in self.entries if now < put + seconds}

    def _drop(self, key: str) -> None:
        self.entries = [entry for entry in self.entries if entry[0] != key]


@given(max_entries=BOUNDS, max_bytes=BOUNDS, seconds=BOUNDS, steps=STEPS)
def test_what_was_used_least_recently_goes_first_and_all_that_goes_is_told(
    max_entries: float, max_bytes: float, seconds: float, steps: list[tuple[str, str, int]]
) -> None:
    clock, model, held = Clock(), Model(max_entries, max_bytes), list[tuple[str, int]]()
    lru: Lru[str, int] = Lru(
        max_entries=max_entries,
        max_bytes=max_bytes,
        seconds=seconds,
        size_of=lambda value: value,
        on_removed=lambda key, value: held.remove((key, value)),
        clock=clock,
    )
    for step in steps:
        match step:
            case "put", key, size:
                held.append((key, size))
                lru.put(key, size)
            case "touch", key, _ if key in lru.entries:
                lru.touch(key)
            case "remove", key, _:
                lru.remove(key)
            case "wait", _, passed:
                clock.now += passed
            case "clear", _, _:
                lru.clear()
        model.do(step, clock.now)
        assert list(lru) == [key for key, _, _ in model.entries]
        assert (len(lru), lru.size) == (len(model.entries), model.size)
        assert sorted(held) == sorted(lru.entries.items())
        assert _shown(lru) == model.shown(clock.now, seconds)


def _shown(lru: Lru[str, int]) -> dict[str, int]:
    shown = {key: lru.get(key) for key in "abcdefg"}
    assert {key for key, value in shown.items() if value is not None} == {
        k for k in lru if k in lru
    }
    return {key: value for key, value in shown.items() if value is not None}


def test_it_may_be_emptied_while_it_is_walked_through() -> None:
    lru: Lru[str, int] = Lru()
    for key in "abc":
        lru.put(key, 1)
    for key in lru:
        lru.remove(key)
    assert len(lru) == 0


def test_a_value_that_is_nothing_is_there_all_the_same() -> None:
    lru: Lru[str, None] = Lru(max_entries=1)
    lru.put("a", None)
    assert "a" in lru
    lru.put("b", None)
    assert "a" not in lru
