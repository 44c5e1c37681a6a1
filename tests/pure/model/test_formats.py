"""The table of formats that variants are written in."""

import pytest

from resizer.model.formats import FALLBACK, NEGOTIATED, OFFERED, OUTPUT_FORMATS, Format
from resizer.model.transform import Quality
from tests.support.root import ROOT

NO_FILES = {Format.AUTO, Format.JSON}


def test_every_format_that_may_be_asked_for_has_a_row() -> None:
    assert set(OFFERED) - NO_FILES == set(OUTPUT_FORMATS)
    assert set(Format) == {*OFFERED, *NEGOTIATED}


def test_auto_is_the_best_that_a_client_names_and_at_last_what_all_can_read() -> None:
    assert list(NEGOTIATED) == [Format.AUTO_AVIF, Format.AUTO_WEBP, Format.AUTO_JPEG]
    assert list(NEGOTIATED)[-1] is FALLBACK


def test_the_documentation_lists_all_formats_and_what_their_levels_are() -> None:
    text = (ROOT / "docs/urls.md").read_text()
    assert " | " + ", ".join(f"`{format_}`" for format_ in OFFERED) + " | " in text
    for format_, written in OUTPUT_FORMATS.items():
        levels = ", ".join(map(str, written.levels.values()))
        assert not levels or f" {levels}" in text, format_


@pytest.mark.parametrize("format_", OUTPUT_FORMATS)
def test_a_quality_has_every_level_or_none(format_: Format) -> None:
    levels = OUTPUT_FORMATS[format_].levels
    assert not levels or list(levels) == list(Quality)
    assert list(levels.values()) == sorted(levels.values())


@pytest.mark.parametrize("format_", NEGOTIATED.values())
def test_what_a_negotiated_format_cannot_hold_moves_to_one_that_can(format_: Format) -> None:
    written = OUTPUT_FORMATS[format_]
    assert written.frames or (written.for_frames and OUTPUT_FORMATS[written.for_frames].frames)
    assert written.alpha or (written.for_alpha and OUTPUT_FORMATS[written.for_alpha].alpha)
