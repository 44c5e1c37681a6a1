"""The sample photos: drawn once, in a child process, then looked at."""

import subprocess
import sys
from pathlib import Path

import pytest
import pyvips

from resizer.ops.demo import canvas, samples
from resizer.ops.demo.draw import draw
from resizer.ops.demo.samples import SAMPLES, Sample, draw_samples
from resizer.ops.demo.scenes import drawings, waves


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("drawn") / "made when missing"
    assert draw_samples(directory) == list(SAMPLES)
    return directory


def picture(directory: Path, scene: str) -> pyvips.Image:
    key = next(sample.key for sample in SAMPLES if sample.scene == scene)
    return pyvips.Image.new_from_buffer((directory / key).read_bytes(), "")


def test_every_sample_is_drawn_and_nothing_else(drawn: Path) -> None:
    found = {path.relative_to(drawn).as_posix() for path in drawn.rglob("*") if path.is_file()}
    assert found == {sample.key for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.scene)
def test_a_sample_is_a_picture_and_no_empty_sheet(drawn: Path, sample: Sample) -> None:
    image = pyvips.Image.thumbnail_buffer((drawn / sample.key).read_bytes(), 200)
    assert image.colourspace("b-w")[0].deviate() > 15


@pytest.mark.parametrize("scene", ["mountains", "sea", "city", "aurora", "dunes", "planet"])
def test_the_photos_are_large_enough_for_every_width_of_the_gallery(
    drawn: Path, scene: str
) -> None:
    image = picture(drawn, scene)
    assert (image.width, image.height) == (2400, 1600)


def test_one_photo_is_stored_sideways(drawn: Path) -> None:
    image = picture(drawn, "forest")
    assert (image.width, image.height, image.get("orientation")) == (2400, 1600, 6)
    upright = image.autorot()
    bright, dark = (upright.crop(0, top, 1600, 200).avg() for top in (500, 2200))
    assert bright > 1.5 * dark, "the sun is in the upper half"


def test_the_formats_are_as_various_as_the_names_say(drawn: Path) -> None:
    loaders = {path.suffix: picture_loader(path) for path in drawn.rglob("*.*")}
    assert loaders == {
        ".jpg": "jpegload",
        ".webp": "webpload",
        ".gif": "gifload",
        ".svg": "svgload",
        ".png": "pngload",
    }


def picture_loader(path: Path) -> str:
    image = pyvips.Image.new_from_buffer(path.read_bytes(), "")
    return str(image.get("vips-loader")).removesuffix("_buffer")


def test_the_animation_has_frames_that_differ_and_goes_on_for_ever(drawn: Path) -> None:
    image = picture(drawn, "waves")
    assert (image.get("n-pages"), image.get("loop")) == (waves.FRAMES, 0)
    gif = next(drawn.rglob("*.gif")).read_bytes()
    first, later = (pyvips.Image.gifload_buffer(gif, page=page) for page in (0, 9))
    assert (first[0:3] - later[0:3]).abs().avg() > 1


def test_the_logo_is_transparent_around_its_picture() -> None:
    alpha = drawings.logo()[3]
    assert alpha.getpoint(5, 5) == [0]
    assert alpha.getpoint(500, 450) == [255]


def test_the_same_is_drawn_every_time() -> None:
    size = (300, 200)
    one, two = (canvas.noise(size, 0.2, seed=4) for _ in range(2))
    assert (one - two).abs().max() == 0
    assert canvas.skyline(300, seed=5) == canvas.skyline(300, seed=5)
    assert canvas.skyline(300, seed=5) != canvas.skyline(300, seed=6)
    assert drawings.balloons() == drawings.balloons()


def test_square_noise_repeats_without_a_seam() -> None:
    tile = canvas.noise((256, 256), 1 / 4, seed=3, octaves=3)
    across = (tile.crop(0, 0, 1, 256) - tile.crop(255, 0, 1, 256)).abs().max()
    inside = (tile.crop(100, 0, 1, 256) - tile.crop(99, 0, 1, 256)).abs().max()
    assert across < 2 * inside


def test_the_parent_never_loads_libvips() -> None:
    code = (
        "import sys, resizer.ops.demo.samples, resizer.ops.demo.gallery;"
        "print('pyvips' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_failure_to_draw_is_told_by_what_the_child_said(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("a file where a directory should be")
    with pytest.raises(RuntimeError, match=r"could not be drawn: \w*Error"):
        draw_samples(tmp_path)


def test_samples_and_scenes_belong_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resizer.ops.demo.draw.SAMPLES", [Sample("a/b/logo.png", "logo")])
    draw(tmp_path)
    assert (tmp_path / "a/b/logo.png").read_bytes().startswith(b"\x89PNG")
    assert len({sample.scene for sample in samples.SAMPLES}) == len(samples.SAMPLES)
