"""Originals in the optional formats, drawn for the tests and written by other encoders.

Their encoders come with the same packages as the decoders; a test that needs one is skipped where
it is not installed.
"""

from io import BytesIO
from typing import Any

import pytest
import pyvips

Bits = list[tuple[int, int]]
"""Values and how many bits each takes, written from the lowest bit upwards."""


def pillow(image: pyvips.Image) -> Any:
    """The same picture as Pillow holds it."""
    module = pytest.importorskip("PIL.Image")
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[image.bands]
    return module.frombytes(mode, (image.width, image.height), image.write_to_memory())


def heic(*images: pyvips.Image, **options: Any) -> bytes:
    """The pictures in one HEIC, as good as it can be; the first is primary unless told."""
    library = pytest.importorskip("pillow_heif")
    file = library.from_pillow(pillow(images[0]))
    for image in images[1:]:
        file.add_from_pillow(pillow(image))
    return saved(file, **{"quality": 95, "chroma": 444, **options})


def saved(file: Any, **options: Any) -> bytes:
    body = BytesIO()
    file.save(body, **options)
    return body.getvalue()


def exif(orientation: int, copyright_: str = "") -> bytes:
    """As a camera writes it."""
    words = pytest.importorskip("PIL.Image").Exif()
    words[0x0112] = orientation
    if copyright_:
        words[0x8298] = copyright_
    body: bytes = words.tobytes()
    return body


def jxl(image: pyvips.Image) -> bytes:
    """Without loss."""
    encoder = pytest.importorskip("pillow_jxl").Encoder
    mode = "I;16" if image.format == "ushort" else pillow(image).mode
    body: bytes = encoder(mode=mode, lossless=True, quality=100)(
        bytes(image.write_to_memory()), image.width, image.height, jpeg_encode=False
    )
    return body


def recompressed(jpeg: bytes) -> bytes:
    """A JPEG as the JPEG XL from which it can be had back."""
    encoder = pytest.importorskip("pillow_jxl").Encoder
    size = pyvips.Image.jpegload_buffer(jpeg)
    body: bytes = encoder(mode="RGB", lossless=True, quality=100)(
        jpeg, size.width, size.height, jpeg_encode=True
    )
    return body


def codestream(bits: Bits) -> bytes:
    """The beginning of a JPEG XL."""
    value = shift = 0
    for number, count in bits:
        value |= number << shift
        shift += count
    return b"\xff\x0a" + value.to_bytes((shift + 7) // 8 + 8, "little")


def avif_sequence(*images: pyvips.Image, **options: Any) -> bytes:
    module = pytest.importorskip("PIL.AvifImagePlugin")
    if not module.SUPPORTED:
        pytest.skip("this Pillow was built without AVIF")
    first, *others = map(pillow, images)
    body = BytesIO()
    good = {"quality": 95, "subsampling": "4:4:4"}
    first.save(body, "AVIF", save_all=True, append_images=others, **good, **options)
    return body.getvalue()


def pdf(*pages: tuple[str, str], trailer: str = "") -> bytes:
    """Pages, each of the entries of its dictionary and of what is drawn on it."""
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
    ]
    for index, (entries, drawing) in enumerate(pages):
        contents = 4 + 2 * index
        objects.append(f"<</Type/Page/Parent 2 0 R/Contents {contents} 0 R{entries}>>")
        objects.append(f"<</Length {len(drawing)}>>stream\n{drawing}\nendstream")
    return _with_table(objects, trailer)


def _with_table(objects: list[str], trailer: str) -> bytes:
    body, places = "%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(f"{len(body):010} 00000 n \n")
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{''.join(places)}"
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{len(body)}\n%%EOF"
    return (body + table + end).encode()
