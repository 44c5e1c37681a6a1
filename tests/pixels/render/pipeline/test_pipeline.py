"""The whole of a render: formats, animations, refusals."""

from typing import Any

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import FailOn, Limits
from resizer.model.transform import Fit, Saliency
from tests.support.deadlines import stretched
from tests.support.drawings import (
    BLUE,
    GREEN,
    GREY,
    RED,
    YELLOW,
    animation,
    flat,
    header_alone,
    jpeg,
    look,
    near,
    picture,
    png,
    quarters,
    rendered,
)

CLEAR_RED = (*RED, 0)


def sources(image: pyvips.Image) -> dict[str, bytes]:
    """The picture in every format that is read and can be drawn here."""
    return {
        "image/jpeg": jpeg(image),
        "image/png": png(image),
        "image/webp": image.webpsave_buffer(lossless=True),
        "image/avif": image.heifsave_buffer(compression="av1", Q=95, effort=0),
        "image/gif": image.gifsave_buffer(),
        "image/tiff": image.tiffsave_buffer(),
    }


def test_an_original_keeps_its_format_where_browsers_read_it() -> None:
    drawn = sources(quarters())
    drawn["image/svg+xml"] = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    became = {kind: rendered(source).content_type for kind, source in drawn.items()}
    assert became == {
        **{kind: kind for kind in drawn},
        "image/tiff": "image/jpeg",
        "image/svg+xml": "image/png",
    }


def test_saliency_keeps_what_draws_the_eye() -> None:
    dull = flat(400, 100, GREY)
    for left in (20, 330):
        source = png(dull.insert(flat(40, 40, RED), left, 30))
        image = picture(source, fit=Fit.COVER, width=100, height=100, gravity=Saliency())
        red = [near(image(x, 50), RED, 40) for x in range(100)]
        assert sum(red) >= 38, "the only thing in the picture was cut away"


def test_a_variant_is_no_larger_than_its_format_can_hold() -> None:
    limits = Limits(max_output_side=20_000)
    wide = png(flat(18_000, 4, RED))
    assert rendered(wide, format=Format.WEBP, limits=limits).width == 16_383
    assert rendered(wide, format=Format.PNG, limits=limits).width == 18_000


def test_an_opaque_alpha_band_is_no_transparency() -> None:
    opaque, clear = png(flat(40, 40, (*RED, 255))), png(flat(40, 40, CLEAR_RED))
    assert rendered(opaque, format=Format.AUTO_JPEG).content_type == "image/jpeg"
    assert rendered(clear, format=Format.AUTO_JPEG).content_type == "image/png"
    assert not picture(opaque).hasalpha()


FRAMES = [flat(40, 30, colour) for colour in (RED, GREEN, BLUE, YELLOW)]
DELAYS = [50, 100, 150, 200]


@pytest.fixture(params=["gif", "webp"])
def animated(request: pytest.FixtureRequest) -> bytes:
    """Four frames of one colour each."""
    save = {"gif": "gifsave_buffer", "webp": "webpsave_buffer"}[request.param]
    body: bytes = getattr(animation(FRAMES, DELAYS), save)()
    return body


def middles(image: pyvips.Image) -> list[list[float]]:
    height = image.get_page_height()
    return [image(20, top + height // 2)[:3] for top in range(0, image.height, height)]


@pytest.mark.parametrize("format_", [Format.GIF, Format.WEBP])
def test_an_animation_keeps_its_frames_delays_and_loops(animated: bytes, format_: Format) -> None:
    image = look(rendered(animated, format=format_), n=-1)
    assert image.get("delay") == DELAYS
    assert image.get("loop") == 3
    for found, drawn in zip(middles(image), (RED, GREEN, BLUE, YELLOW), strict=True):
        assert near(found, drawn, 12)


def test_an_animation_shows_its_first_frame_where_frames_cannot_be(animated: bytes) -> None:
    for format_ in (Format.JPEG, Format.PNG, Format.AVIF):
        image = picture(animated, format=format_)
        assert (image.width, image.height) == (40, 30)
        assert near(image(20, 15)[:3], RED, 12)


def test_anim_false_keeps_the_first_frame_alone(animated: bytes) -> None:
    larger: dict[str, Any] = {"fit": Fit.CONTAIN, "width": 120, "height": 90}  # three frames high
    image = look(rendered(animated, anim=False, **larger), n=-1)
    assert image.get_n_pages() == 1
    assert near(image(60, 45)[:3], RED, 12)


AUTO = [
    (Format.AUTO_AVIF, "image/avif", "image/avif", "image/webp"),
    (Format.AUTO_WEBP, "image/webp", "image/webp", "image/webp"),
    (Format.AUTO_JPEG, "image/jpeg", "image/png", "image/gif"),
]


@pytest.mark.parametrize(("format_", "photo", "clear", "moving"), AUTO)
def test_a_negotiated_format_moves_to_one_that_can_hold_the_picture(
    format_: Format, photo: str, clear: str, moving: str
) -> None:
    gif = animation(FRAMES, DELAYS).gifsave_buffer()
    assert rendered(jpeg(quarters()), format=format_).content_type == photo
    assert rendered(png(flat(9, 9, CLEAR_RED)), format=format_).content_type == clear
    assert rendered(gif, format=format_).content_type == moving


def test_too_many_pixels_are_refused_from_the_header_with_both_numbers() -> None:
    source = header_alone(png(flat(300, 200, RED)))
    with pytest.raises(UnprocessableSource, match="300×200 pixels, more than 59,999"):
        rendered(source, limits=Limits(max_source_pixels=59_999))


def test_too_many_frames_are_refused_where_they_would_be_kept(animated: bytes) -> None:
    limits = Limits(max_frames=3)
    with pytest.raises(UnprocessableSource, match="4 frames, more than 3"):
        rendered(animated, limits=limits)
    assert rendered(animated, anim=False, limits=limits).width == 40
    assert rendered(animated, format=Format.JPEG, limits=limits).width == 40


def test_an_animation_of_too_many_pixels_is_refused(animated: bytes) -> None:
    long = animation(FRAMES + FRAMES, DELAYS + DELAYS).webpsave_buffer()
    with pytest.raises(UnprocessableSource, match=r"has 8 frames of 40×30 pixels"):
        rendered(long, limits=Limits(max_source_pixels=1200))
    enlarged: dict[str, Any] = {"fit": Fit.CONTAIN, "width": 400}
    with pytest.raises(UnprocessableSource, match=r"would have 4 frames of 400×300 pixels"):
        rendered(animated, **enlarged, limits=Limits(max_source_pixels=100_000))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_half_a_picture_is_refused_in_words_for_the_client(share: float) -> None:
    for kind, source in sources(quarters(400, 300)).items():
        with pytest.raises(UnprocessableSource) as refusal:
            rendered(source[: int(len(source) * share)], limits=Limits(fail_on=FailOn.ERROR))
        assert "buffer" not in str(refusal.value), kind
        assert len(str(refusal.value)) < 200


def test_nothing_but_pixels_leaves_a_polyglot() -> None:
    source = jpeg(quarters()) + b"<script>alert(1)</script>"
    assert b"script" not in rendered(source).body


def test_format_auto_is_not_for_the_renderer() -> None:
    with pytest.raises(ValueError, match="negotiation"):
        rendered(png(quarters()), format=Format.AUTO)


def test_the_seconds_of_a_render_are_told() -> None:
    assert 0 < rendered(png(quarters())).seconds < stretched(10)
