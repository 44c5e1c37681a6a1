"""PNG files: written whole by libvips, and chunks that no encoder writes (PNG §5.3)."""

import struct
import zlib
from typing import Any

import numpy as np
import pyvips


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    """`length` is what it says of itself, if that is not the truth."""
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunked(body: bytes, **chunks: bytes) -> bytes:
    """A PNG with these chunks behind its header."""
    more = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    return body[:33] + more + body[33:]


def png_of(samples: "np.ndarray[Any, Any]", profile: bytes | None = None) -> bytes:
    deep, grey = samples.dtype == np.uint16, samples.shape[2] < 3
    names = {(False, False): "srgb", (False, True): "b-w", (True, False): "rgb16"}
    image = pyvips.Image.new_from_array(samples).copy(
        interpretation=names.get((deep, grey), "grey16")
    )
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    body: bytes = image.pngsave_buffer()
    return body
