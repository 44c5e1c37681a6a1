"""libvips fails in its own words: none of them reaches a client, nor the next render."""

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.render.pipeline import pipeline
from tests.support.drawings import flat, jpeg, png, quarters, rendered


def quoting() -> bytes:
    """An AVIF with a property whose name libvips quotes and Python cannot decode."""
    valid: bytes = flat(64, 64, (9, 9, 9)).heifsave_buffer(compression="av1")
    return valid.replace(b"av1C", b"i\xff\xffr")


def test_words_that_are_not_utf_8_harm_neither_this_render_nor_the_next() -> None:
    for _ in range(2):
        with pytest.raises(UnprocessableSource, match=r"corrupt or cut short\.$"):
            rendered(quoting())
    assert rendered(png(quarters()), width=40).width == 40


def test_the_memory_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise pyvips.Error("unable to call copy", "out of memory -- size == 4000MB")

    monkeypatch.setattr(pipeline, "_written", full)
    with pytest.raises(UnprocessableSource, match="needs more memory than 300 MiB"):
        rendered(jpeg(quarters()), limits=Limits(render_memory_mb=300))
