"""A bare file shows the very picture of its original, and carries nothing else of it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import pyvips

from resizer.model.transform import Format
from resizer.render.write.strip import stripped
from tests.support.corpus import corpus
from tests.support.drawings import animation, flat, quarters

OF_SUFFIX = {
    ".jpg": Format.JPEG,
    ".jpeg": Format.JPEG,
    ".png": Format.PNG,
    ".webp": Format.WEBP,
    ".gif": Format.GIF,
}
SECRET = b"a secret that lay beside the picture"


def frames(image: pyvips.Image) -> pyvips.Image:
    return animation([image, image.invert(), image], [40, 70, 100])


DRAWN = {
    "baseline": (Format.JPEG, quarters().jpegsave_buffer()),
    "progressive": (Format.JPEG, quarters().jpegsave_buffer(interlace=True)),
    "grey": (Format.JPEG, quarters().colourspace("b-w").jpegsave_buffer()),
    "restarts": (Format.JPEG, quarters().jpegsave_buffer(restart_interval=4)),
    "png": (Format.PNG, quarters().pngsave_buffer()),
    "palette": (Format.PNG, quarters().pngsave_buffer(palette=True)),
    "png with alpha": (Format.PNG, flat(9, 7, (9, 80, 200, 90)).pngsave_buffer(interlace=True)),
    "lossy": (Format.WEBP, quarters().webpsave_buffer()),
    "lossless": (Format.WEBP, quarters().webpsave_buffer(lossless=True)),
    "lossy with alpha": (Format.WEBP, flat(9, 7, (9, 80, 200, 90)).webpsave_buffer()),
    "webp animation": (Format.WEBP, frames(quarters()).webpsave_buffer()),
    "gif": (Format.GIF, quarters().gifsave_buffer()),
    "gif animation": (Format.GIF, frames(quarters()).gifsave_buffer()),
}
WORDLESS = {
    Format.JPEG: quarters().jpegsave_buffer(keep="none"),
    Format.PNG: quarters().pngsave_buffer(keep="none"),
    Format.WEBP: quarters().webpsave_buffer(keep="none"),
    Format.GIF: b"",
}
"""Encodings of ours that say nothing."""


def pixels(file: bytes) -> tuple[object, ...]:
    """All frames, decoded without any profile, and how they play."""
    n = {"n": -1} if file[:4] in (b"GIF8", b"RIFF") else {}
    image = pyvips.Image.new_from_buffer(file, "", **n)
    plays = [image.get(f) for f in ("delay", "loop", "n-pages") if image.get_typeof(f)]
    return image.width, image.height, image.bands, image.write_to_memory(), *plays


def with_words(file: bytes, format_: Format) -> bytes:
    """The same picture with EXIF, XMP and a profile."""
    image = pyvips.Image.new_from_buffer(file, "").copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", SECRET.decode())
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x>" + SECRET + b"</x>")
    image = image.icc_transform("srgb") if image.bands == 3 else image
    save = {Format.JPEG: "jpegsave_buffer", Format.PNG: "pngsave_buffer"}
    body: bytes = getattr(image, save.get(format_, "webpsave_buffer"))(keep="all")
    return body


@pytest.mark.parametrize("name", DRAWN)
def test_the_picture_stays_what_it_is(name: str) -> None:
    format_, file = DRAWN[name]
    bare = stripped(file + SECRET, file, format_)
    assert bare is not None
    assert pixels(bare) == pixels(file)
    assert SECRET not in bare
    assert len(bare) <= len(file)


@pytest.mark.parametrize("name", [n for n, (f, _) in DRAWN.items() if f is not Format.GIF])
def test_words_come_from_our_encoding_alone(name: str) -> None:
    format_, file = DRAWN[name]
    worded = with_words(file, format_)
    assert SECRET in worded
    bare = stripped(worded, file, format_)
    assert bare is None or SECRET not in bare


@pytest.mark.parametrize("format_", [Format.JPEG, Format.PNG, Format.WEBP])
def test_words_that_may_stay_are_in_the_bare_file(format_: Format) -> None:
    image = quarters().copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", "Zoe")
    save = {Format.JPEG: "jpegsave_buffer", Format.PNG: "pngsave_buffer"}.get(format_)
    encoded: bytes = getattr(image, save or "webpsave_buffer")(keep="exif")
    bare = stripped(encoded, encoded, format_)
    assert bare is not None
    assert "Zoe" in pyvips.Image.new_from_buffer(bare, "").get("exif-ifd0-Copyright")


def test_a_comment_and_another_programs_block_leave_a_gif() -> None:
    file = DRAWN["gif animation"][1]
    at = 13 + (3 << (file[10] & 7) + 1)
    comment = b"!\xfe" + bytes([len(SECRET)]) + SECRET + b"\0"
    block = b"!\xff\x0bXMP DataXMP" + bytes([len(SECRET)]) + SECRET + b"\0"
    bare = stripped(file[:at] + comment + block + file[at:], b"", Format.GIF)
    assert bare is not None
    assert SECRET not in bare
    assert pixels(bare) == pixels(file)


def test_an_animated_png_becomes_its_default_image() -> None:
    from PIL import Image

    small = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    file = BytesIO()
    small[0].save(file, "png", save_all=True, append_images=small[1:])
    bare = stripped(file.getvalue(), DRAWN["png"][1], Format.PNG)
    assert bare is not None
    assert b"acTL" not in bare
    assert b"fdAT" not in bare
    assert pyvips.Image.new_from_buffer(bare, "")(4, 4) == [255, 0, 0]


@pytest.mark.parametrize("name", DRAWN)
def test_a_file_that_is_cut_short_anywhere_has_no_bare_form_or_a_shorter_one(name: str) -> None:
    format_, file = DRAWN[name]
    for size in range(0, len(file), max(1, len(file) // 50)):
        bare = stripped(file[:size], file, format_)
        assert bare is None or len(bare) <= size + 2


@pytest.mark.parametrize("marker", [0xC3, 0xC9, 0xCA, 0xCC])
def test_what_browsers_do_not_read_is_not_handed_on(marker: int) -> None:
    file = DRAWN["baseline"][1].replace(b"\xff\xc0", bytes([0xFF, marker]), 1)
    assert stripped(file, b"\xff\xd8\xff\xd9", Format.JPEG) is None


def test_a_progressive_original_is_no_baseline_jpeg() -> None:
    file = DRAWN["progressive"][1]
    assert stripped(file, file, Format.BASELINE_JPEG) is None
    assert stripped(DRAWN["baseline"][1], file, Format.BASELINE_JPEG) is not None


def test_avif_has_no_bare_form() -> None:
    assert stripped(b"", b"", Format.AVIF) is None


def of_the_corpus() -> Iterator[tuple[Path, Format, bytes]]:
    for path in sorted((corpus() / "real").rglob("*")):
        if path.suffix in OF_SUFFIX and path.stat().st_size < 200_000:
            yield path, OF_SUFFIX[path.suffix], path.read_bytes()


def test_every_bare_file_of_the_corpus_shows_its_original() -> None:
    seen = 0
    for path, format_, file in of_the_corpus():
        bare = stripped(file, WORDLESS[format_], format_)
        if bare is None:
            continue
        try:
            shown = pixels(file)
        except pyvips.Error:
            continue
        assert pixels(bare) == shown, path
        assert len(bare) <= len(file), path
        seen += 1
    assert seen > 50
