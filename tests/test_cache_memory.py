"""MemoryCache: order, bounds, expiry, and standing aside."""

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.memory import OVERHEAD, MemoryCache
from resizer.flush import Flush, Flushed
from resizer.image import Variant
from tests.caches import ONE

SMALL = replace(ONE, body=b"", head=b"")
ROOM_FOR_TEN = 10 * OVERHEAD


def put(memory: MemoryCache, key: str, variant: Variant = SMALL, seconds: float = 60) -> None:
    asyncio.run(memory.put(key, "field", variant, seconds))


def held(memory: MemoryCache, keys: str) -> str:
    """Which of `keys`, one character each, are held; asking makes them recent."""
    return "".join(key for key in keys if memory.peek(key, "field"))


def test_the_least_recently_used_goes_first() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    for key in "abcdefghij":
        put(memory, key)
    assert held(memory, "a") == "a"
    put(memory, "k")
    put(memory, "l")
    assert held(memory, "abcdefghijkl") == "adefghijkl"


def test_putting_again_makes_recent() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    for key in "abcdefghija":
        put(memory, key)
    put(memory, "k")
    assert held(memory, "ab") == "a"


def test_a_variant_expires() -> None:
    now = 0.0
    memory = MemoryCache(ROOM_FOR_TEN, clock=lambda: now)
    put(memory, "a", seconds=10)
    now = 9.9
    assert held(memory, "a") == "a"
    now = 10.0
    assert held(memory, "a") == ""
    assert memory.size == len(memory) == 0


def test_a_variant_of_more_than_an_eighth_of_the_budget_is_not_kept() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    for key in "abcdefghij":
        put(memory, key)
    put(memory, "k", replace(ONE, head=b"", body=bytes(ROOM_FOR_TEN // 8 - OVERHEAD + 1)))
    assert held(memory, "abcdefghijk") == "abcdefghij"
    put(memory, "l", replace(ONE, head=b"", body=bytes(ROOM_FOR_TEN // 8 - OVERHEAD)))
    assert held(memory, "l") == "l"


def test_a_variant_too_large_still_replaces_the_one_before_it() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    put(memory, "a")
    put(memory, "a", replace(ONE, body=bytes(ROOM_FOR_TEN)))
    assert held(memory, "a") == ""


def test_standing_aside_empties_and_takes_nothing_until_resumed() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    put(memory, "a")
    memory.suspend()
    put(memory, "b")
    assert held(memory, "ab") == ""
    memory.resume()
    put(memory, "c")
    assert held(memory, "abc") == "c"


def test_a_flush_heard_from_elsewhere_is_done_at_once() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    for key in "abc":
        put(memory, key)
    memory.forget(Flush(key="a"))
    assert held(memory, "abc") == "bc"
    memory.forget(Flush(prefix="b"))
    assert held(memory, "abc") == "c"
    memory.forget(Flush())
    assert memory.size == len(memory) == 0


operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.sampled_from("abcdef"),
            st.sampled_from("xyz"),
            st.integers(0, 4000),
        ),
        st.tuples(st.just("get"), st.sampled_from("abcdef"), st.sampled_from("xyz"), st.just(0)),
        st.tuples(st.just("flush"), st.sampled_from("abcdef"), st.just(""), st.just(0)),
        st.tuples(st.just("pass"), st.just(""), st.just(""), st.integers(0, 40)),
    ),
    max_size=60,
)


@given(operations, st.integers(OVERHEAD, 40 * OVERHEAD))
def test_no_sequence_of_calls_holds_more_than_the_budget(
    calls: list[tuple[str, str, str, int]], budget: int
) -> None:
    """And what is held is what was put last, counted exactly."""
    now = 0.0
    memory = MemoryCache(budget, clock=lambda: now)
    last: dict[tuple[str, str], bytes] = {}
    for call, key, field, number in calls:
        if call == "put":
            body = bytes(number)
            asyncio_free(memory.put(key, field, replace(SMALL, body=body), 30))
            last[key, field] = body
        elif call == "flush":
            asyncio_free(memory.flush(key))
            assert asyncio_free(memory.flush(key, dry_run=True)) == Flushed(0, 0)
        elif call == "pass":
            now += number
        elif variant := memory.peek(key, field):
            assert variant.body == last[key, field]
        assert memory.size <= budget
    present = {place: body for place, body in last.items() if memory.peek(*place)}
    assert memory.size == sum(len(body) + OVERHEAD for body in present.values())
    assert len(memory) == len(present)


def asyncio_free(coroutine: object) -> object:
    """The result of a coroutine that never waits, without the cost of a loop."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        return done.value
    raise AssertionError("memory waited")
