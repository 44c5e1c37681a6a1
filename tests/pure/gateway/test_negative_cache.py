import pytest

from resizer.cache.coherence import Coherence
from resizer.errors import (
    Overloaded,
    RenderTimeout,
    SourceNotFound,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.gateway.negative_cache import NegativeCache
from resizer.model.flush import Flush
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def negative_cache(clock: Clock) -> NegativeCache:
    return NegativeCache(10, Coherence(), size=3, clock=clock)


def test_a_missing_original_is_missing_for_every_variant(negative_cache: NegativeCache) -> None:
    negative_cache.remember("a", "width=1", SourceNotFound("There is no such image."))
    with pytest.raises(SourceNotFound, match="There is no such image"):
        negative_cache.raise_if_known("a", "width=2")
    negative_cache.raise_if_known("b", "width=1")


def test_a_render_that_failed_is_refused_for_its_variant_only(
    negative_cache: NegativeCache,
) -> None:
    negative_cache.remember("a", "width=1", UnprocessableSource("corrupt"))
    negative_cache.remember("a", "width=2", RenderTimeout("slow"))
    with pytest.raises(UnprocessableSource):
        negative_cache.raise_if_known("a", "width=1")
    with pytest.raises(RenderTimeout):
        negative_cache.raise_if_known("a", "width=2")
    negative_cache.raise_if_known("a", "width=3")


def test_an_original_that_fails_whatever_is_asked_of_it_is_refused_for_every_variant(
    negative_cache: NegativeCache,
) -> None:
    error = RenderTimeout("slow")
    error.of_every_variant = True
    negative_cache.remember("a", "width=1", error)
    with pytest.raises(RenderTimeout, match="slow"):
        negative_cache.raise_if_known("a", "width=2")


@pytest.mark.parametrize("error", [Overloaded("full"), SourceUnavailable("away")])
def test_what_speaks_of_the_moment_is_not_remembered(
    negative_cache: NegativeCache, error: Overloaded | SourceUnavailable
) -> None:
    negative_cache.remember("a", "width=1", error)
    negative_cache.raise_if_known("a", "width=1")


def test_a_refusal_ends(negative_cache: NegativeCache, clock: Clock) -> None:
    negative_cache.remember("a", "", SourceNotFound("missing"))
    clock.now += 9.9
    with pytest.raises(SourceNotFound):
        negative_cache.raise_if_known("a", "width=1")
    clock.now += 0.1
    negative_cache.raise_if_known("a", "width=1")


def test_the_oldest_goes_when_it_is_full(negative_cache: NegativeCache) -> None:
    for key in "abcd":
        negative_cache.remember(key, "", SourceNotFound("missing"))
    negative_cache.raise_if_known("a", "width=1")
    with pytest.raises(SourceNotFound):
        negative_cache.raise_if_known("b", "width=1")


def test_a_flushed_original_is_asked_for_again(negative_cache: NegativeCache) -> None:
    negative_cache.remember("photos/a", "", SourceNotFound("missing"))
    negative_cache.remember("other/b", "", SourceNotFound("missing"))
    negative_cache.forget(Flush(prefix="photos/"))
    negative_cache.raise_if_known("photos/a", "width=1")
    with pytest.raises(SourceNotFound):
        negative_cache.raise_if_known("other/b", "width=1")


def test_a_flush_of_a_preset_lets_every_refused_original_be_asked_for_again(
    negative_cache: NegativeCache,
) -> None:
    """It may have been refused to that preset, and the refusal does not say whose it was."""
    negative_cache.remember("a", "1:width=1@thumb", SourceNotFound("missing"))
    negative_cache.forget(Flush(tag="thumb"))
    negative_cache.raise_if_known("a", "1:width=1@thumb")
