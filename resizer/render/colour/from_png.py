"""What a PNG says of its colours where libvips does not look (PNG third edition §11.3.2)."""

from collections.abc import Iterator
from itertools import islice

from resizer.render.colour import cicp
from resizer.render.colour.icc import D65, REC709, Primaries, rgb_profile, sampled
from resizer.render.containers.chunks import png_chunks

_MOST_CHUNKS = 100
"""Looked at for colours; they stand before the picture, and are few."""
_CHRM_BYTES = 32
"""The longest of these chunks."""
_SRGB_GAMMA = range(44_500, 46_500)
"""`gAMA` of files that mean sRGB, whose curve is nearly this."""
_SRGB_PRIMARIES = 0.005
"""How far primaries may be from Rec. 709 and be the same."""


def named_profile(file: memoryview, embedded: bytes | None) -> bytes | None:
    """The profile that counts: `cICP`, else the embedded one, else `sRGB`, else `gAMA` and `cHRM`.

    None is sRGB, and so is what makes no sense.
    """
    chunks = dict(_colour_chunks(file))
    if len(code := chunks.get(b"cICP", b"")) == 4:
        return cicp.profile(code[0], code[1])
    if embedded is not None or b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:
        return embedded
    try:
        return _of_gamma(int.from_bytes(chunks[b"gAMA"], "big"), chunks.get(b"cHRM", b""))
    except (ValueError, ZeroDivisionError):
        return None


def _colour_chunks(file: memoryview) -> Iterator[tuple[bytes, bytes]]:
    for chunk in islice(png_chunks(file), _MOST_CHUNKS):
        if chunk.name == b"IDAT":
            return
        if chunk.name in (b"cICP", b"sRGB", b"gAMA", b"cHRM"):
            yield chunk.name, bytes(file[chunk.start + 8 : chunk.end - 4][:_CHRM_BYTES])


def _of_gamma(gamma: int, chromaticities: bytes) -> bytes | None:
    """A profile for an exponent × 100,000 and eight coordinates × 100,000."""
    points = [
        (_coordinate(chromaticities, at), _coordinate(chromaticities, at + 4))
        for at in range(0, len(chromaticities) - 7, 8)
    ]
    white, *corners = points if len(points) == 4 else (D65, *REC709)
    primaries: Primaries = (corners[0], corners[1], corners[2])
    if gamma in _SRGB_GAMMA and _is_rec709(primaries):
        return None
    return rgb_profile(primaries, white, sampled(lambda sample: sample ** (100_000 / gamma)))


def _coordinate(data: bytes, at: int) -> float:
    return int.from_bytes(data[at : at + 4], "big") / 100_000


def _is_rec709(primaries: Primaries) -> bool:
    pairs = zip(primaries, REC709, strict=True)
    offs = (abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))
    return max(offs) < _SRGB_PRIMARIES
