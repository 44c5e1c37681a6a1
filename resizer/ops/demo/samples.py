"""The sample pictures of `resizer demo`: shipped with the package, under awkward keys."""

from importlib.resources import files
from pathlib import Path

PICTURES = files("resizer.ops.demo") / "pictures"

SAMPLES = {
    "photos/mountains at dusk.jpg": "mountains.jpg",
    "photos/upright, stored sideways.jpg": "forest.jpg",
    "photos/Zoë & friends, 100%.jpg": "citrus.jpg",
    "drawings/logo #2?.png": "logo.png",
    "photos/северное сияние.webp": "aurora.webp",
    "drawings/海辺の夕日.gif": "waves.gif",
}
"""Each key with the file that it is, in the order of the gallery. A photo that lies on its side,
transparency, an animation; keys with spaces, `#`, `?`, `%`, `&`, a comma and three scripts."""


def write_samples(directory: Path) -> list[str]:
    """Put every sample under `directory`, which is made if missing, and return their keys."""
    for key, name in SAMPLES.items():
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((PICTURES / name).read_bytes())
    return [*SAMPLES]
