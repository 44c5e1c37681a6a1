"""The sample photos of `resizer demo`: their keys, and the child process that draws them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample photo: its key, and the scene (a module of `resizer.ops.demo.scenes`) it shows."""

    key: str
    scene: str


# Keys are awkward on purpose: spaces, `#`, `?`, `%`, `&`, a comma and three scripts.
SAMPLES = (
    Sample("photos/mountains at dusk.jpg", "mountains"),
    Sample("photos/海辺の夕日.jpg", "sea"),
    Sample("photos/upright, stored sideways.jpg", "forest"),
    Sample("photos/Zoë & friends, 100%.jpg", "citrus"),
    Sample("photos/blue hour #1.jpg", "city"),
    Sample("photos/северное сияние.webp", "aurora"),
    Sample("photos/dunes.jpg", "dunes"),
    Sample("photos/which planet?.jpg", "planet"),
    Sample("drawings/waves.gif", "waves"),
    Sample("drawings/balloons.svg", "balloons"),
    Sample("drawings/logo.png", "logo"),
)


def draw_samples(directory: Path) -> list[Sample]:
    """Draw every sample into `directory` (created if missing) and return them.

    A few seconds, in a child process: libvips stays out of this one. Raises RuntimeError, with
    what the child said, when it fails.
    """
    command = [sys.executable, "-m", "resizer.ops.demo.draw", str(directory)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if child.returncode:
        last = child.stderr.strip().rpartition("\n")[2]
        raise RuntimeError(f"the sample photos could not be drawn: {last}")
    return list(SAMPLES)
