"""What is remembered of originals whose renders were slow or fatal, and for which variants."""

from datetime import UTC, datetime

import pytest

from resizer.errors import RenderTimeout, UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Original
from resizer.model.transform import Transform
from resizer.render.host.quarantine import BLOCK_SECONDS, QUARANTINE_SECONDS, Quarantine, is_light
from tests.support.clock import Clock

LIGHT = Transform(width=500)
HEAVY = Transform(width=500, blur=250.0)
CRASHED = "crashed twice"


def an_original(etag: str = "a", size: int = 10) -> Original:
    return Original(0, size, etag, datetime.now(UTC), 0.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quarantine(clock: Clock) -> Quarantine:
    return Quarantine(clock)


@pytest.mark.parametrize(
    ("transform", "light"),
    [
        (Transform(width=1024), True),
        (Transform(height=1), True),
        (Transform(width=300, format=Format.AVIF, sharpen=3.0), True),
        (Transform(width=512, height=512, dpr=2.0), True),
        (Transform(), False),
        (Transform(width=1025), False),
        (Transform(width=10, height=1025), False),
        (Transform(width=600, dpr=2.0), False),
        (Transform(width=10, blur=1.0), False),
    ],
)
def test_a_light_transform_makes_a_small_picture_without_blur(
    transform: Transform, light: bool
) -> None:
    assert is_light(transform) is light


def test_nobody_is_quarantined_at_first(quarantine: Quarantine) -> None:
    assert not quarantine.holds([an_original()], LIGHT)


def test_a_slow_light_render_quarantines_all_variants(quarantine: Quarantine) -> None:
    quarantine.add([an_original()], LIGHT)
    for transform in (LIGHT, HEAVY, Transform(width=9)):
        assert quarantine.holds([an_original()], transform)


def test_a_slow_heavy_render_says_nothing_of_light_ones(quarantine: Quarantine) -> None:
    quarantine.add([an_original()], HEAVY)
    assert quarantine.holds([an_original()], Transform(width=5000))
    assert not quarantine.holds([an_original()], LIGHT)


def test_a_quick_render_absolves_its_original(quarantine: Quarantine) -> None:
    quarantine.add([an_original()], LIGHT)
    quarantine.absolve([an_original()], Transform(width=9))
    assert not quarantine.holds([an_original()], LIGHT)


def test_a_fatal_light_render_blocks_all_variants_in_its_words(quarantine: Quarantine) -> None:
    quarantine.block([an_original()], LIGHT, UnprocessableSource(CRASHED))
    for transform in (LIGHT, HEAVY, Transform()):
        refusal = quarantine.refusal([an_original()], transform)
        assert isinstance(refusal, UnprocessableSource)
        assert str(refusal) == CRASHED
        assert refusal.of_every_variant


def test_a_fatal_heavy_render_blocks_itself_alone(quarantine: Quarantine) -> None:
    quarantine.block([an_original()], HEAVY, RenderTimeout("too long"))
    refusal = quarantine.refusal([an_original()], HEAVY)
    assert isinstance(refusal, RenderTimeout)
    assert str(refusal) == "too long"
    assert not refusal.of_every_variant
    assert quarantine.refusal([an_original()], Transform(width=5000)) is None
    assert quarantine.holds([an_original()], Transform(width=5000))
    assert not quarantine.holds([an_original()], LIGHT)


def test_strikes_are_counted_for_an_original_whatever_was_asked_of_it(
    quarantine: Quarantine, clock: Clock
) -> None:
    assert quarantine.strikes([an_original()]) == 0
    quarantine.add([an_original()], LIGHT)
    quarantine.absolve([an_original()], LIGHT)
    quarantine.block([an_original()], HEAVY, UnprocessableSource(CRASHED))
    assert quarantine.strikes([an_original()]) == 2
    assert quarantine.strikes([an_original("b")]) == 0
    clock.now += QUARANTINE_SECONDS
    assert quarantine.strikes([an_original()]) == 0


def test_each_refusal_is_an_error_of_its_own(quarantine: Quarantine) -> None:
    quarantine.block([an_original()], LIGHT, UnprocessableSource(CRASHED))
    one, other = (quarantine.refusal([an_original()], LIGHT) for _ in range(2))
    assert one is not None
    assert one is not other


def test_the_blocked_get_another_chance_in_the_slow_lane_and_then_are_forgotten(
    quarantine: Quarantine, clock: Clock
) -> None:
    quarantine.block([an_original()], LIGHT, UnprocessableSource(CRASHED))
    clock.now += BLOCK_SECONDS
    assert quarantine.refusal([an_original()], LIGHT) is None
    assert quarantine.holds([an_original()], LIGHT)
    clock.now += QUARANTINE_SECONDS - BLOCK_SECONDS
    assert not quarantine.holds([an_original()], LIGHT)


@pytest.mark.parametrize("other", [an_original("b"), an_original(size=11)])
def test_other_bytes_are_another_original(quarantine: Quarantine, other: Original) -> None:
    quarantine.block([an_original()], LIGHT, UnprocessableSource(CRASHED))
    assert not quarantine.holds([other], LIGHT)
    assert quarantine.refusal([other], LIGHT) is None


def test_an_original_without_a_tag_is_never_known_again(quarantine: Quarantine) -> None:
    quarantine.block([an_original("")], LIGHT, UnprocessableSource(CRASHED))
    assert not quarantine.holds([an_original("")], LIGHT)
    assert quarantine.refusal([an_original("")], LIGHT) is None


def test_the_oldest_is_forgotten_when_there_are_too_many(clock: Clock) -> None:
    quarantine = Quarantine(clock, max_entries=3)
    for etag in "abcd":
        quarantine.add([an_original(etag)], LIGHT)
    known = [etag for etag in "abcd" if quarantine.holds([an_original(etag)], LIGHT)]
    assert known == ["b", "c", "d"]


def test_originals_of_one_picture_are_blamed_together_and_each_alone_is_free(
    quarantine: Quarantine,
) -> None:
    both = [an_original("photo"), an_original("logo")]
    quarantine.block(both, LIGHT, UnprocessableSource(CRASHED))
    refusal = quarantine.refusal(both, Transform(width=9))
    assert refusal is not None
    assert not refusal.of_every_variant, "the photo has others"
    assert quarantine.holds(both, LIGHT)
    for alone in both:
        assert quarantine.refusal([alone], LIGHT) is None
        assert not quarantine.holds([alone], LIGHT)


def test_what_is_known_of_one_holds_for_pictures_that_it_is_in(quarantine: Quarantine) -> None:
    photo, logo = an_original("photo"), an_original("logo")
    quarantine.block([logo], LIGHT, UnprocessableSource(CRASHED))
    assert quarantine.holds([photo, logo], LIGHT)
    assert quarantine.refusal([photo, logo], LIGHT) is not None
    assert quarantine.strikes([photo, logo]) == 1
    assert not quarantine.holds([photo], LIGHT)


def test_one_without_a_tag_keeps_all_from_being_known_again(quarantine: Quarantine) -> None:
    both = [an_original("photo"), an_original("")]
    quarantine.add(both, LIGHT)
    quarantine.block(both, LIGHT, UnprocessableSource(CRASHED))
    assert not quarantine.holds(both, LIGHT)
    assert quarantine.refusal(both, LIGHT) is None
