"""A file without what is not its picture: the other answer where encoding anew is larger.

The picture comes from the original, unchanged; what is said about it (EXIF, XMP, IPTC) comes from
our own encoding of it, where `metadata` has been obeyed. A bare picture has no profile, so it is
for the caller to see that it shows the same. A file that is built in an unusual way has no
stripped form (None).
"""

from collections.abc import Callable

from resizer.model.transform import Format
from resizer.render.write.bare.gif import gif
from resizer.render.write.bare.jpeg import baseline_jpeg, jpeg
from resizer.render.write.bare.png import png
from resizer.render.write.bare.usual import Unusual
from resizer.render.write.bare.webp import webp


def stripped(original: bytes, encoded: bytes, format_: Format) -> bytes | None:
    """The picture of `original` with the words of `encoded`; both are files of `format_`."""
    if format_ not in _STRIPPED:
        return None
    try:
        return _STRIPPED[format_](original, encoded)
    except (Unusual, IndexError):
        return None


_STRIPPED: dict[Format, Callable[[bytes, bytes], bytes]] = {
    Format.JPEG: jpeg,
    Format.BASELINE_JPEG: baseline_jpeg,
    Format.PNG: png,
    Format.WEBP: webp,
    Format.GIF: gif,
}
"""AVIF has no such form: its boxes point into one another by offset."""
