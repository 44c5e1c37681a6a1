"""Still WebP is read by Pillow: the same pixels as libvips gives, whatever the file."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.pipeline.pipeline import render
from resizer.render.protocol.messages import Resampling
from resizer.render.read import pillow_webp
from resizer.render.read.header import Header
from resizer.render.read.inspect import inspect
from resizer.render.read.load import load
from tests.pixels.render.pipeline.test_reuse import noise
from tests.support.drawings import (
    animation,
    corners,
    described,
    oriented,
    picture,
    quarters,
    rendered,
)


def saved(width: int, height: int, bands: int = 3, **settings: object) -> bytes:
    image = noise(width, height)
    if bands == 4:
        alpha = pyvips.Image.gaussnoise(width, height, sigma=90, mean=128, seed=1).cast("uchar")
        image = image.bandjoin(alpha)
    return bytes(image.webpsave_buffer(**settings))


WAYS: dict[str, dict[str, object]] = {
    "lossy": {"Q": 80},
    "coarse": {"Q": 5, "alpha_q": 10},
    "lossless": {"lossless": True},
    "nearly lossless": {"near_lossless": True, "Q": 60},
    "exact": {"lossless": True, "exact": True},
    "with a profile": {"Q": 80, "profile": "p3"},
}
FILES = {
    f"{name}, {width}×{height}, {bands} bands": saved(width, height, bands, **settings)
    for name, settings in WAYS.items()
    for width, height in ((301, 203), (1, 1), (17, 90))
    for bands in (3, 4)
}


def opened(source: bytes) -> tuple[pyvips.Image, Header]:
    header = inspect(memoryview(source), Limits())
    return load(header.source, header.format), header


def failing(error: type[Exception]) -> Callable[[bytes], bytes]:
    def fail(file: bytes) -> bytes:
        raise error("no")

    return fail


def read(source: bytes) -> pyvips.Image | None:
    """As Pillow reads it; None is left to libvips."""
    image, header = opened(source)
    found = pillow_webp.read_pixels(image, header)
    return None if found is image else found


@pytest.mark.parametrize("name", FILES)
def test_the_pixels_are_those_of_libvips_to_the_bit(name: str) -> None:
    found, (image, _) = read(FILES[name]), opened(FILES[name])
    assert found is not None
    assert bytes(found.write_to_memory()) == bytes(image.write_to_memory())
    assert (found.bands, found.interpretation) == (image.bands, image.interpretation)


def test_profile_orientation_and_words_stay() -> None:
    drawn = oriented(quarters(), 6)
    drawn.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "Ada")
    found = read(bytes(drawn.webpsave_buffer(profile="p3", keep="all")))
    assert found is not None
    assert found.get("orientation") == 6
    assert found.get("icc-profile-data")
    assert found.get("exif-ifd0-Artist").startswith("Ada")


SMALL = [saved(19, 13, bands, **settings) for bands in (3, 4) for settings in WAYS.values()]


@given(st.sampled_from(SMALL), st.data())
def test_what_is_broken_is_read_as_libvips_reads_it_or_not_at_all(
    source: bytes, data: st.DataObject
) -> None:
    changed = bytearray(source)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(12, len(source) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(source), len(source) // 2, len(source) - 1]))
    try:
        image, header = opened(bytes(changed[:end]))
    except (pyvips.Error, UnprocessableSource, UnicodeDecodeError):
        return
    found = pillow_webp.read_pixels(image, header)
    if found is not image:
        assert bytes(found.write_to_memory()) == bytes(image.write_to_memory())


def test_an_animation_of_one_frame_is_left_to_libvips() -> None:
    moving = animation([quarters(), quarters().fliphor()], [100, 100])
    whole = bytes(moving.webpsave_buffer(lossless=True))
    second = whole.index(b"ANMF", whole.index(b"ANMF") + 4)
    one = bytearray(whole[:second])
    one[4:8] = (len(one) - 8).to_bytes(4, "little")
    assert described(bytes(one))["original"]["pages"] == 1
    assert read(bytes(one)) is None
    assert corners(picture(bytes(one), format=Format.PNG)) == corners(quarters())


@pytest.mark.parametrize("light", Resampling)
@pytest.mark.parametrize("width", [16, 97, 284, 300, 301, 500])
def test_a_variant_is_the_same_without_pillow(
    width: int, light: Resampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bands in (3, 4):
        source = saved(301, 203, bands, Q=80, profile="p3")
        asked = Transform(width=width, format=Format.WEBP)
        variant = render([source], asked, Limits(), light).body
        with monkeypatch.context() as without:
            without.setattr(pillow_webp, "decode", None)
            assert render([source], asked, Limits(), light).body == variant


@pytest.mark.parametrize(
    ("pixels", "file_bytes"), [(120 * 80 - 1, 0), (120 * 80, 1), (120 * 80, 0)]
)
def test_what_would_take_much_memory_is_left_to_libvips(
    pixels: int, file_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = bytes(quarters().webpsave_buffer())
    most = 12 * pixels + 2 * (len(source) - file_bytes)
    monkeypatch.setattr(pillow_webp, "_MOST_BYTES", most)
    assert (read(source) is None) == ((pixels, file_bytes) != (120 * 80, 0))


def test_what_trails_behind_the_end_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    source, seen = bytes(quarters().webpsave_buffer(lossless=True)), list[bytes]()

    def decode(file: bytes) -> bytes:
        seen.append(file)
        return b""

    monkeypatch.setattr(pillow_webp, "decode", decode)
    assert read(source + bytes(1000)) is None
    assert seen == [source]


def test_what_pillow_cannot_read_libvips_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    source = bytes(quarters().webpsave_buffer(lossless=True))
    for without in (failing(OSError), failing(MemoryError), lambda file: file, None):
        monkeypatch.setattr(pillow_webp, "decode", without)
        assert corners(picture(source, width=40, format=Format.PNG)) == corners(quarters())


def test_what_neither_can_read_is_refused() -> None:
    lost = 40
    short = bytearray(saved(60, 40, Q=80, keep="none")[:-lost])
    for at in (4, 16):  # the lengths of the file and of its one chunk still fit
        size = int.from_bytes(short[at : at + 4], "little") - lost
        short[at : at + 4] = size.to_bytes(4, "little")
    assert read(bytes(short)) is None
    with pytest.raises(UnprocessableSource, match="corrupt"):
        rendered(bytes(short))


def test_a_worker_that_must_not_do_what_pillow_needs_does_not_pass_over_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pillow_webp, "decode", failing(PermissionError))
    with pytest.raises(PermissionError):
        rendered(bytes(quarters().webpsave_buffer()))


def one_that(gives: Callable[[bytes], object]) -> SimpleNamespace:
    """A Pillow whose decoder gives that for a file."""
    return SimpleNamespace(
        WebPAnimDecoder=lambda file: SimpleNamespace(get_next=lambda: gives(file))
    )


OTHER_PILLOWS: dict[str, object] = {
    "none": None,
    "one without WebP": SimpleNamespace(),
    "one that gives other samples": one_that(lambda file: (bytes((50, 100, 200, 128)) * 2, 0)),
    "one that gives other things": one_that(lambda file: None),
    "one that fails": SimpleNamespace(WebPAnimDecoder=failing(OSError)),
}


@pytest.mark.parametrize("name", OTHER_PILLOWS)
def test_a_pillow_that_is_another_inside_is_not_asked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pillow_webp.decode is not None
    monkeypatch.setattr(pillow_webp, "installed", lambda module: OTHER_PILLOWS[name])
    assert pillow_webp._decoder() is None
