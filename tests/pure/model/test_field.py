"""The field of a variant: what makes it another one, and the tags read back from it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.field import Overlay, field_of, has_tag, overlay_tag, overlays_in, version_of
from resizer.model.flush import Flush
from resizer.model.image import Original
from resizer.model.transform import Transform

KEYS = st.text(min_size=1, max_size=20)
OVERLAYS = st.lists(st.builds(Overlay, KEYS, KEYS), max_size=3)
PRESETS = st.none() | st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True)
SMALL = Transform(width=100)


def test_without_overlays_it_is_fingerprint_transform_and_preset() -> None:
    assert field_of("1", SMALL, None) == "1:width=100"
    assert field_of("1", SMALL, "thumb") == "1:width=100@thumb"


@pytest.mark.parametrize(
    "other",
    [
        [Overlay("logo.png", "v2")],
        [Overlay("other.png", "v1")],
        [Overlay("logo.png", "v1"), Overlay("logo.png", "v1")],
        [],
    ],
)
def test_another_overlay_or_version_is_another_variant(other: list[Overlay]) -> None:
    assert field_of("1", SMALL, None, other) != field_of(
        "1", SMALL, None, [Overlay("logo.png", "v1")]
    )


@given(one=OVERLAYS, other=OVERLAYS, preset=PRESETS)
def test_two_lists_of_overlays_never_share_a_field(
    one: list[Overlay], other: list[Overlay], preset: str | None
) -> None:
    fields = {field_of("1", SMALL, preset, overlays) for overlays in (one, other)}
    assert len(fields) == (1 if one == other else 2)


@given(overlays=OVERLAYS, preset=PRESETS)
def test_overlays_and_tags_are_read_back(overlays: list[Overlay], preset: str | None) -> None:
    field = field_of("1", SMALL, preset, overlays)
    assert list(overlays_in(field)) == [overlay.key for overlay in overlays]
    assert all(has_tag(field, overlay_tag(overlay.key)) for overlay in overlays)
    assert preset is None or has_tag(field, preset)
    assert not has_tag(field, "nothing-of-it")


@pytest.mark.parametrize(
    ("flush", "matches"),
    [
        (Flush(key="logos/a@b.png"), True),
        (Flush(prefix="logos/"), True),
        (Flush(tag=overlay_tag("logos/a@b.png")), True),
        (Flush(tag="thumb"), True),
        (Flush(key="cat.jpg"), True),
        (Flush(), True),
        (Flush(key="logos/a"), False),
        (Flush(prefix="photos/"), False),
        (Flush(tag="thum"), False),
        (Flush(tag=overlay_tag("logos/a")), False),
    ],
)
def test_a_variant_is_flushed_with_each_original_that_it_shows(flush: Flush, matches: bool) -> None:
    field = field_of("1", SMALL, "thumb", [Overlay("logos/a@b.png", "v1")])
    assert flush.matches("cat.jpg", field) is matches


def test_an_original_without_a_tag_has_a_version_all_the_same() -> None:
    def original(etag: str, size: int, second: int) -> Original:
        return Original(-1, size, etag, datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC), 0.0)

    assert version_of(original("v1", 1, 1)) == "v1"
    assert (
        len({version_of(original("", size, second)) for size in (1, 2) for second in (1, 2)}) == 4
    )
