"""The sample pictures as they ship: looked at, and weighed."""

from pathlib import Path

import pytest
import pyvips

from resizer.ops.demo.samples import PICTURES, SAMPLES, write_samples


def picture(name: str) -> pyvips.Image:
    return pyvips.Image.new_from_buffer((PICTURES / name).read_bytes(), "")


def test_every_sample_is_written_under_its_key_and_nothing_else(tmp_path: Path) -> None:
    directory = tmp_path / "made when missing"
    assert write_samples(directory) == [*SAMPLES]
    found = {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }
    assert found == {key: (PICTURES / name).read_bytes() for key, name in SAMPLES.items()}


def test_every_picture_of_the_package_is_a_sample_and_together_they_are_small() -> None:
    shipped = {entry.name: len(entry.read_bytes()) for entry in PICTURES.iterdir()}
    assert sorted(shipped) == sorted(SAMPLES.values())
    assert sum(shipped.values()) <= 1_000_000


@pytest.mark.parametrize("name", SAMPLES.values())
def test_a_sample_is_a_picture_and_no_empty_sheet(name: str) -> None:
    image = pyvips.Image.thumbnail_buffer((PICTURES / name).read_bytes(), 200)
    assert image.colourspace("b-w")[0].deviate() > 15


@pytest.mark.parametrize("name", ["mountains.jpg", "aurora.webp"])
def test_the_photos_are_large_enough_for_every_width_of_the_gallery(name: str) -> None:
    image = picture(name)
    assert (image.width, image.height) == (2400, 1600)


def test_one_photo_is_stored_sideways() -> None:
    image = picture("forest.jpg")
    assert (image.width, image.height, image.get("orientation")) == (1920, 1280, 6)
    upright = image.autorot()
    bright, dark = (upright.crop(0, top, 1280, 160).avg() for top in (400, 1760))
    assert bright > 1.5 * dark, "the sun is in the upper half"


@pytest.mark.parametrize(("key", "name"), SAMPLES.items())
def test_a_key_ends_as_its_format_says(key: str, name: str) -> None:
    loaders = {"jpg": "jpegload", "webp": "webpload", "gif": "gifload", "png": "pngload"}
    ending = key.rpartition(".")[2]
    assert ending == name.rpartition(".")[2]
    assert picture(name).get("vips-loader") == f"{loaders[ending]}_buffer"


def test_the_animation_has_frames_that_differ_and_goes_on_for_ever() -> None:
    gif = (PICTURES / "waves.gif").read_bytes()
    first, later = (pyvips.Image.gifload_buffer(gif, page=page) for page in (0, 9))
    assert first.get("n-pages") > 9
    assert first.get("loop") == 0
    assert (first[0:3] - later[0:3]).abs().avg() > 1


def test_the_logo_is_transparent_around_its_picture() -> None:
    alpha = picture("logo.png")[3]
    assert alpha.getpoint(5, 5) == [0]
    assert alpha.getpoint(500, 450) == [255]


def test_keys_are_awkward_on_purpose() -> None:
    together = "".join(SAMPLES)
    assert all(character in together for character in " #?%&,")
    assert sum(not key.isascii() for key in SAMPLES) == 3
