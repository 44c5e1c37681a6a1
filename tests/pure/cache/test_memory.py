"""MemoryCache: order, bounds, expiry, and standing aside."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.coherence import Coherence
from resizer.cache.memory import OVERHEAD, MemoryCache
from resizer.model.flush import Flush
from resizer.model.image import Variant
from tests.support.caches import ONE

SMALL = replace(ONE, body=b"", head=b"")
ROOM_FOR_TEN = 10 * OVERHEAD


def put(memory: MemoryCache, key: str, variant: Variant = SMALL, seconds: float = 60) -> None:
    memory.put(key, "field", variant, seconds)


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
    assert memory.peek_stale("a", "field") is None
    assert memory.size == len(memory) == 0


def test_a_variant_may_be_stale_before_it_expires() -> None:
    now = 0.0
    memory = MemoryCache(ROOM_FOR_TEN, clock=lambda: now)
    memory.put("a", "field", SMALL, 10, 5)
    assert memory.peek_stale("a", "field")
    now = 10.0
    assert memory.peek("a", "field") is None
    assert memory.peek_stale("a", "field")
    now = 15.0
    assert memory.peek_stale("a", "field") is None


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


def test_while_flushes_may_go_unheard_nothing_is_shown_or_taken() -> None:
    now = 0.0
    coherence = Coherence(clock=lambda: now)
    memory = MemoryCache(ROOM_FOR_TEN, coherence, clock=lambda: now)
    put(memory, "a")
    coherence.confirmed(asked=0.0)
    assert held(memory, "a") == "a"
    now = Coherence.TRUST_SECONDS
    put(memory, "b")
    assert held(memory, "ab") == ""
    assert memory.peek_stale("a", "field") is None
    coherence.confirmed(asked=now)
    assert held(memory, "ab") == "a", "nothing was flushed meanwhile: it was heard to the end"
    coherence.distrust()
    assert held(memory, "a") == ""


def test_a_tag_flushes_the_variants_of_a_preset() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    for key, field in (("a", "1:w=1@thumb"), ("b", "1:w=1@thumb"), ("a", "1:w=1")):
        memory.put(key, field, SMALL, 60)
    memory.forget(Flush(tag="thumb"))
    assert len(memory) == 1
    assert memory.peek("a", "1:w=1")


def test_a_variant_goes_with_each_original_that_it_shows_and_leaves_nothing_behind() -> None:
    memory = MemoryCache(ROOM_FOR_TEN)
    fields = ("1:w=1", "1:w=1,shows=v@overlay:b", "1:w=1,shows=v+v@overlay:b@overlay:a")
    for key in ("a", "b", "c"):
        for field in fields:
            memory.put(key, field, SMALL, 60)
    memory.forget(Flush(key="b"))
    assert [memory.peek("a", field) is not None for field in fields] == [True, False, False]
    assert len(memory) == 2
    memory.forget(Flush(prefix="a"))
    memory.forget(Flush(key="c"))
    assert len(memory) == memory.size == len(memory._showing) == 0


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


FIELDS = ("x", "y", "x,shows=v@overlay:a")
operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.sampled_from("abcdef"),
            st.sampled_from(FIELDS),
            st.integers(0, 4000),
        ),
        st.tuples(st.just("get"), st.sampled_from("abcdef"), st.sampled_from(FIELDS), st.just(0)),
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
            memory.put(key, field, replace(SMALL, body=body), 30)
            last[key, field] = body
        elif call == "flush":
            memory.forget(Flush(key=key))
        elif call == "pass":
            now += number
        elif variant := memory.peek(key, field):
            assert variant.body == last[key, field]
        assert memory.size <= budget
    for variant_id in last:
        memory.peek_stale(*variant_id)  # lets go of what is over
    present = {variant_id: body for variant_id, body in last.items() if memory.peek(*variant_id)}
    assert memory.size == sum(len(body) + OVERHEAD for body in present.values())
    assert len(memory) == len(present)
