"""From pixels to bytes: one function for each format, with what its settings cost.

Milliseconds and kB are of a photo at 500 px on one core; qualities named by level look alike.
"""

import pyvips

from resizer.render.metadata import reduced
from resizer.transform import Format, Quality, Transform

_LEVELS: dict[Format, dict[Quality | None, int]] = {
    Format.JPEG: {
        Quality.LOW: 45,
        Quality.MEDIUM_LOW: 65,
        None: 80,
        Quality.MEDIUM_HIGH: 85,
        Quality.HIGH: 92,
    },
    Format.WEBP: {
        Quality.LOW: 40,
        Quality.MEDIUM_LOW: 62,
        None: 80,
        Quality.MEDIUM_HIGH: 85,
        Quality.HIGH: 93,
    },
    Format.AVIF: {
        Quality.LOW: 35,
        Quality.MEDIUM_LOW: 48,
        None: 60,
        Quality.MEDIUM_HIGH: 65,
        Quality.HIGH: 78,
    },
}
_LEVELS[Format.BASELINE_JPEG] = _LEVELS[Format.JPEG]


_ENCODERS: dict[Format, tuple[str, dict[str, object]]] = {
    # progressive costs 6 ms and saves 3 %, and a slow line shows a picture at once
    Format.JPEG: ("jpegsave_buffer", {"optimize_coding": True, "interlace": True}),
    Format.BASELINE_JPEG: ("jpegsave_buffer", {"optimize_coding": True}),
    # effort 2: 16 ms, 27.7 kB; 4: 36 ms, 26.8 kB
    Format.WEBP: ("webpsave_buffer", {"effort": 2}),
    # effort 0: 30 ms, 22.7 kB; 1: 99 ms, 21.4 kB
    Format.AVIF: ("heifsave_buffer", {"compression": "av1", "effort": 0, "bitdepth": 8}),
    # 3 with paeth: 14 ms, 360 kB; 6 with all filters: 26 ms, 345 kB; 9: 110 ms, 339 kB
    Format.PNG: ("pngsave_buffer", {"compression": 3, "filter": "paeth"}),
    Format.GIF: ("gifsave_buffer", {"effort": 4}),
}


def encode(image: pyvips.Image, format_: Format, transform: Transform) -> bytes:
    """The whole file. PNG and GIF have no quality: one loses nothing, the other has 256 colours."""
    image, keep = reduced(image, transform.metadata)
    save, settings = _ENCODERS[format_]
    if format_ in _LEVELS:
        settings = settings | {"Q": quality(format_, transform)}
    body: bytes = getattr(image, save)(keep=keep, **settings)
    return body


def quality(format_: Format, transform: Transform) -> int:
    """An encoder's own 1…100 for a number, a level or none."""
    asked = transform.quality
    return asked if isinstance(asked, int) else _LEVELS[format_][asked]
