"""An animation as a list of frames, and as one libvips image again.

libvips holds one frame under another, with the delays in milliseconds and the times that it is
played, 0 for ever.
"""

import pyvips

from resizer.model.formats import Format

_ANIMATION = ("page-height", "n-pages", "delay", "loop")

_AT_ONCE = 10
"""Milliseconds. Browsers take a delay up to this for one of 100 ms."""

_VP8X_FLAGS = 20
"""Where the flags of an extended WebP stand (RFC 9649 §2.7), and two of them."""
_ALPHA, _ANIMATED = 0x10, 0x02


def split(roll: pyvips.Image) -> list[pyvips.Image]:
    """The frames of an image as a loader gives it."""
    height = roll.get_page_height()
    return [roll.crop(0, top, roll.width, height) for top in range(0, roll.height, height)]


def joined(frames: list[pyvips.Image], format_: Format) -> pyvips.Image:
    """The image to save; delays and loops are the original's, and go with several frames only."""
    if len(frames) == 1:
        image = frames[0].copy()
        for name in _ANIMATION:
            image.remove(name)
        image.set_type(pyvips.GValue.gint_type, "loop", 1)  # else a GIF says that it repeats
        return image
    image = pyvips.Image.arrayjoin(frames, across=1).copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", frames[0].height)
    if format_ is Format.GIF and image.get_typeof("delay"):
        delays = [_in_hundredths(delay) for delay in image.get("delay")]
        image.set_type(pyvips.GValue.array_int_type, "delay", delays)
    return image


def _in_hundredths(delay: int) -> int:
    """A GIF counts in 10 ms: what is longer than a delay that means 100 ms must stay longer."""
    return delay if delay <= _AT_ONCE else max(2 * _AT_ONCE, delay)


def declaring_alpha(webp: bytes) -> bytes:
    """An animation that says it has alpha, as it has where no frame lies.

    libwebp says so only if a frame has some inside its own rectangle; without it readers fill the
    rest of the canvas with a colour.
    """
    flags = webp[_VP8X_FLAGS]
    if webp[12:16] != b"VP8X" or not flags & _ANIMATED:
        return webp
    return webp[:_VP8X_FLAGS] + bytes([flags | _ALPHA]) + webp[_VP8X_FLAGS + 1 :]
