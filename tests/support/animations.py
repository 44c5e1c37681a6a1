"""Animations drawn for tests, and a look at what became of them, both by Pillow."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from tests.support.positions import Samples


@dataclass(frozen=True)
class Seen:
    """An animation as Pillow plays it."""

    frames: list[Samples]
    delays: list[int]
    times: int
    """How often it is played; 0 is for ever."""


def seen(body: bytes) -> Seen:
    image: Any = Image.open(BytesIO(body))
    count = getattr(image, "n_frames", 1)
    frames, delays = [], []
    for at in range(count):
        image.seek(at)
        frames.append(np.asarray(image.convert("RGBA")).astype(float))
        delays.append(image.info.get("duration", 0))
    loop = image.info.get("loop")
    if image.format == "GIF":  # counts repetitions after the first time
        loop = 1 if loop is None else loop and loop + 1
    return Seen(frames, delays, loop)


def roll(frames: list[Samples], delays: list[int], loop: int = 0) -> bytes:
    """An animated WebP without loss."""
    first, *others = [Image.fromarray(frame.astype(np.uint8)) for frame in frames]
    body = BytesIO()
    options: dict[str, Any] = {"lossless": True, "exact": True, "loop": loop, "duration": delays}
    first.save(body, "WEBP", save_all=True, append_images=others, **options)
    return body.getvalue()
