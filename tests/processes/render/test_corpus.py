"""Every file of the corpus, rendered in real workers: what is sound comes out, the rest is refused.

The corpus lies beside the checkout and is not part of it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pyvips

from resizer.errors import ResizerError, UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Fit, Transform
from resizer.render.host.pool import Pool
from tests.support.corpus import corpus
from tests.support.puppet_pool import original

LIMITS = Limits(svg_seconds=1)
TRANSFORM = Transform(width=200)
OTHERS = (
    Transform(width=200, format=Format.AVIF),
    Transform(width=90, height=90, fit=Fit.COVER, format=Format.WEBP),
    Transform(width=120, anim=False, format=Format.JPEG),
    Transform(format=Format.JSON),
)
AT_ONCE = 4
"""More would fill the lane of slow renders, for which the gateway has a limit of its own."""

EXCEPTIONS = {
    "real/gif/1024_pages_1x1.gif": "1,024 frames are more than the default of max_frames",
}
"""Sound files that are refused all the same, and why."""

CARRIED = (b"<?php", b"<script", b"<html", b"alert(")
"""What hostile files would like a variant to carry."""

Outcome = Rendered | ResizerError


@dataclass(frozen=True)
class Entry:
    """One line of the corpus' manifest."""

    path: str
    expected: str

    @property
    def bytes(self) -> bytes:
        return (corpus() / self.path).read_bytes()


def manifest() -> list[Entry]:
    lines = (corpus() / "MANIFEST.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return [Entry(row[0], row[12]) for row in rows]


@asynccontextmanager
async def workers(limits: Limits) -> AsyncIterator[Pool]:
    pool = Pool(os.cpu_count() or 1, limits)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


def outcomes(
    entries: list[Entry], limits: Limits = LIMITS, transform: Transform = TRANSFORM
) -> dict[str, Outcome]:
    """What becomes of each file, all of them given to one pool."""
    some = asyncio.Semaphore(AT_ONCE)

    async def outcome(pool: Pool, entry: Entry) -> Outcome:
        async with some:
            with original(entry.bytes) as given:
                try:
                    return await pool.render([given], transform)
                except ResizerError as error:
                    return error

    async def scenario() -> dict[str, Outcome]:
        async with workers(limits) as pool:
            found = await asyncio.gather(*(outcome(pool, entry) for entry in entries))
            return dict(zip((entry.path for entry in entries), found, strict=True))

    return asyncio.run(scenario())


def fault(entry: Entry, outcome: Outcome) -> str | None:
    """What is wrong with the outcome, or None."""
    refused = isinstance(outcome, UnprocessableSource)
    if entry.path in EXCEPTIONS:
        return None if refused else "is no exception any more"
    if entry.expected == "either":
        return (
            None if isinstance(outcome, Rendered | UnprocessableSource) else f"ended in {outcome!r}"
        )
    if entry.expected == "ok":
        return bad_variant(outcome)
    return None if refused else f"should be refused and became {outcome!r:.200}"


def bad_variant(outcome: Outcome) -> str | None:
    if not isinstance(outcome, Rendered):
        return f"should render and gave {outcome!r}"
    image = pyvips.Image.new_from_buffer(outcome.body, "")
    if (image.width, image.get_page_height()) != (outcome.width, outcome.height):
        return "says another size than it has"
    if image.width > 200:
        return f"is {image.width} pixels wide"
    image.avg()
    return None


def test_every_file_behaves() -> None:
    entries = manifest()
    found = outcomes(entries)
    faults = {entry.path: fault(entry, found[entry.path]) for entry in entries}
    assert not {path: what for path, what in faults.items() if what}


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_some_files_behave_whatever_is_asked_for(number: int) -> None:
    entries = manifest()[number :: 2 * len(OTHERS)]
    found = outcomes(entries, transform=OTHERS[number])
    bad = {
        path: repr(one)
        for path, one in found.items()
        if not isinstance(one, Rendered | UnprocessableSource)
    }
    assert not bad
    sound = {e.path for e in entries if e.expected == "ok" and e.path not in EXCEPTIONS}
    assert not {path for path in sound if not isinstance(found[path], Rendered)}


def some(choose: Callable[[Entry], bool]) -> dict[str, Rendered]:
    """The variants of some sound files."""
    found = outcomes([entry for entry in manifest() if choose(entry)])
    return {path: one for path, one in found.items() if isinstance(one, Rendered)}


def test_what_optional_decoders_read_renders() -> None:
    for package in ("pillow_heif", "pypdfium2", "PIL._avif"):
        pytest.importorskip(package)
    paths = {
        "real/heic/example.heic": (200, 133),
        "real/heic/gopher.heif": (200, 256),
        "real/unsupported/page_box.pdf": (200, 270),
        "real/avif/anim_8bit.avif": (150, 150),
    }
    variants = some(lambda entry: entry.path in paths)
    assert {path: (one.width, one.height) for path, one in variants.items()} == paths


def test_nothing_that_is_hidden_in_a_file_goes_out() -> None:
    words = ("php", "html", "script", "two_images", "trailing")
    variants = some(lambda e: e.expected == "ok" and any(word in e.path for word in words))
    assert len(variants) >= 4
    for path, variant in variants.items():
        assert not [text for text in CARRIED if text in variant.body], path


def test_landscapes_are_wide_and_portraits_tall() -> None:
    variants = some(lambda e: "/Landscape_" in e.path or "/Portrait_" in e.path)
    assert len(variants) >= 10
    for path, variant in variants.items():
        upright = (200, 133) if "Landscape" in path else (200, 300)
        assert (variant.width, variant.height) == upright, path


def test_the_exceptions_are_files_of_the_corpus() -> None:
    sound = {entry.path for entry in manifest() if entry.expected == "ok"}
    assert set(EXCEPTIONS) <= sound
