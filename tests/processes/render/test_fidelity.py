"""The fidelity report shows what it says, and leaves out no option."""

import asyncio
import re
from pathlib import Path

import pyvips

from resizer.urls.options import BY_SPELLING
from resizer.urls.preset import parse_preset
from tests.fidelity.__main__ import report
from tests.fidelity.card import CORNERS, card
from tests.fidelity.inputs import Input, drawn, found
from tests.fidelity.operations import OPERATIONS
from tests.fidelity.page import PICTURES
from tests.support.pictures import jpeg

OF_NO_PICTURE = {"preset", "exp", "sig", "onerror", "metadata"}
"""Options that change nothing that can be seen."""


def shown(page: Path) -> dict[str, str]:
    """Each option text with the file that shows what it made."""
    figures = re.findall(r'src="([^"]+)" alt=""><figcaption><b>([^<]*)</b>', page.read_text())
    return {caption: file for file, caption in figures}


def test_a_report_shows_every_variant_as_it_was_rendered(tmp_path: Path) -> None:
    inputs = [Input("a card", "png", card().pngsave_buffer())]
    operations = {"sizes": ("w=120", "h=36,f=webp"), "turns": ("w=120,flip=h",)}
    page = asyncio.run(report(inputs, tmp_path, operations))
    files = shown(page)
    assert {"w=120", "h=36,f=webp", "w=120,flip=h"} <= set(files)
    bodies = {text: (tmp_path / file).read_bytes() for text, file in files.items()}
    images = {text: pyvips.Image.new_from_buffer(body, "") for text, body in bodies.items()}
    assert (images["w=120"].width, images["h=36,f=webp"].height) == (120, 36)
    for text, corner in (("w=120", CORNERS[0]), ("w=120,flip=h", CORNERS[1])):
        pixel = images[text](4, 4)
        assert all(abs(one - other) < 12 for one, other in zip(pixel, corner, strict=True)), text


def test_a_refusal_is_shown_with_its_reason(tmp_path: Path) -> None:
    page = asyncio.run(
        report([Input("no image", "txt", b"1 2 3")], tmp_path, {"sizes": ("w=120",)})
    )
    assert 'class="refused"' in page.read_text()
    assert "422" in page.read_text()
    assert not list((tmp_path / PICTURES).glob("0-sizes*"))


def test_every_option_that_can_be_seen_is_shown() -> None:
    said = {
        part.partition("=")[0]
        for texts in OPERATIONS.values()
        for t in texts
        for part in t.split(",")
    }
    named = {BY_SPELLING[spelling].name for spelling in said}
    every = {option.name for option in BY_SPELLING.values()}
    assert {name.partition(".")[0] for name in every - named} <= OF_NO_PICTURE | {"trim"}


def test_every_operation_is_written_as_a_url_has_it() -> None:
    for texts in OPERATIONS.values():
        for text in texts:
            parse_preset("report", text, 8192)


def test_inputs_are_of_every_kind_and_differ() -> None:
    inputs = list(drawn())
    assert {"jpg", "png", "webp", "avif", "gif", "tif", "svg", "svgz"} <= {i.suffix for i in inputs}
    assert len({one.name for one in inputs}) == len({one.bytes for one in inputs}) == len(inputs)


def test_a_folder_of_ones_own_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b#1.PNG").write_bytes(jpeg(2, 2))
    (tmp_path / "a.png").write_bytes(b"a")
    assert [(one.name, one.suffix) for one in found(tmp_path)] == [
        ("a.png", "bin"),
        ("deep/b#1.PNG", "jpg"),
    ]
