"""`scripts/fidelity [FOLDER]` renders everything in sandboxed workers and writes the page."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resizer.errors import ResizerError
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from resizer.urls.preset import parse_preset
from tests.fidelity.inputs import Input, drawn, found
from tests.fidelity.operations import OPERATIONS
from tests.fidelity.opinion import ask, difference, imagemagick
from tests.fidelity.page import PICTURES, Section, Shown, write
from tests.support.puppet_pool import original

PLAIN = Transform(width=240, format=Format.PNG)
"""What another program is asked for too."""
_AT_ONCE = 8
_SUFFIXES = {"image/jpeg": "jpg", "image/avif": "avif"}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a report is made."""

    pool: Pool
    pictures: Path
    turns: asyncio.Semaphore

    def keep(self, name: str, body: bytes) -> str:
        (self.pictures / name).write_bytes(body)
        return name

    async def render(self, input_: Input, transform: Transform) -> Rendered | ResizerError:
        async with self.turns:
            with original(input_.bytes) as given:
                try:
                    return await self.pool.render([given], transform)
                except ResizerError as error:
                    return error


def main() -> None:
    """Write the report and say where it is."""
    options = _options()
    inputs = [*drawn(), *(found(options.originals) if options.originals else ())]
    page = asyncio.run(report(inputs, options.folder, OPERATIONS))
    print(f"{page}: {len(inputs)} inputs")


async def report(
    inputs: Sequence[Input], folder: Path, operations: dict[str, tuple[str, ...]]
) -> Path:
    """Render `inputs` and write the page; returns its path."""
    pictures = folder / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    pool = Pool(2, Limits())
    await pool.start()
    try:
        desk = Desk(pool, pictures, asyncio.Semaphore(_AT_ONCE))
        sections = [
            await section(desk, number, one, operations) for number, one in enumerate(inputs)
        ]
    finally:
        await pool.close()
    about = "Every operation on every kind of input; squares show through where there is alpha."
    return write(folder, sections, about)


async def section(
    desk: Desk, number: int, input_: Input, operations: dict[str, tuple[str, ...]]
) -> Section:
    """All that is shown of one input."""
    beside = [_original(desk, number, input_), *await _opinion(desk, number, input_)]
    groups = {
        name: await asyncio.gather(
            *(_shown(desk, f"{number}-{name}-{at}", input_, text) for at, text in enumerate(texts))
        )
        for name, texts in operations.items()
    }
    return Section(input_, beside, _folded(groups))


def _folded(groups: dict[str, list[Shown]]) -> dict[str, list[Shown]]:
    """One refusal instead of many, for an input that is refused whatever is asked for."""
    facts = {one.facts for shown in groups.values() for one in shown if not one.file}
    refused = not any(one.file for shown in groups.values() for one in shown)
    return (
        {"all": [Shown("whatever is asked for", *facts)]} if refused and len(facts) == 1 else groups
    )


def _original(desk: Desk, number: int, input_: Input) -> Shown:
    name = desk.keep(f"{number}-original.{input_.suffix}", input_.bytes)
    facts = f"{len(input_.bytes):,} bytes"
    if input_.is_shown:
        return Shown("as it is, in this browser", facts, name)
    return Shown("as it is", f"{facts}; browsers do not show it")


async def _opinion(desk: Desk, number: int, input_: Input) -> list[Shown]:
    program = imagemagick()
    if program is None:
        return []
    ours = await desk.render(input_, PLAIN)
    target = desk.pictures / f"{number}-other.png"
    source = desk.pictures / f"{number}-original.{input_.suffix}"
    if not await asyncio.to_thread(ask, program, source, 240, target):
        return [Shown("ImageMagick", "refuses it, too" if _refused(ours) else "refuses it")]
    if isinstance(ours, ResizerError):
        return [Shown("ImageMagick", "renders it", target.name)]
    name = desk.keep(f"{number}-ours.png", ours.body)
    facts = difference(ours.body, target)
    return [Shown("width=240, ours", "", name), Shown("ImageMagick", facts, target.name)]


def _refused(outcome: Rendered | ResizerError) -> bool:
    return isinstance(outcome, ResizerError)


async def _shown(desk: Desk, name: str, input_: Input, text: str) -> Shown:
    outcome = await desk.render(input_, parse_preset("report", text, 8192).transform)
    if isinstance(outcome, ResizerError):
        return Shown(text, f"{outcome.status} {outcome}")
    kind = outcome.content_type
    file = desk.keep(f"{name}.{_SUFFIXES.get(kind, kind.rpartition('/')[2])}", outcome.body)
    size = f"{outcome.width}×{outcome.height}"
    partial = ", partial" if outcome.partial else ""
    facts = f"{kind}, {size}, {len(outcome.body):,} bytes, {outcome.seconds * 1000:.0f} ms{partial}"
    return Shown(text, facts, file)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fidelity", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("fidelity"))
    parser.add_argument("--originals", type=Path, help="a folder of more inputs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
