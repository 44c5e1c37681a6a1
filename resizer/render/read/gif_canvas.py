"""GIFs whose canvas is transparent where nothing was painted, as in browsers.

libnsgif fills what an opaque frame leaves behind with the background colour, and libvips takes a
file of opaque frames for opaque: what none of them covers is black. Both know better as soon as a
frame names a transparent colour, and one that no pixel of it has changes nothing else.
Facts: GIF89a §18 (screen), §20 (image), §23 (graphic control).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from resizer.render.containers.gif import colours, data_end, steps, table_bytes

_SCREEN = 13
_EXTENSION, _IMAGE, _CONTROL = 0x21, 0x2C, 0xF9
_CONTROL_BYTES = 8
_IMAGE_BYTES = 10
_CLEAR = 0x01
_LAST = 255
"""The last colour there can be."""
_MAX_SCANNED = 256 * 1024
"""Bytes of frames, in a file, that are searched for a colour they do not use."""
_MAX_BYTES, _MAX_IMAGES = 16 * 1024 * 1024, 4096
"""What is followed block by block: a tenth of a second at most for so many images."""
_LEAVES_NOTHING = (2, 3)
"""Disposals: to background, to previous."""


@dataclass(frozen=True, slots=True)
class _Image:
    control: bytes
    """The extension that is about it, or none."""
    control_at: int
    partial: bool
    """Whether it leaves some of the canvas uncovered."""
    code_size: int
    data_at: int
    data_end: int
    colours: int
    """In its table."""

    @property
    def flags(self) -> int:
        return self.control[3] if self.control else 0

    @property
    def has_all_colours(self) -> bool:
        """Whether its pixels may have any of 256."""
        return self.code_size >= 8 and self.colours > _LAST

    @property
    def disposal(self) -> int:
        return self.flags >> 2 & 7


def with_transparent_canvas(file: memoryview) -> memoryview:
    """The same GIF, its opaque frames with a transparent colour, if there is canvas to be seen.

    As it is if its blocks cannot be followed, or are very many. A frame that uses 256
    colours has none to spare.
    """
    if len(file) > _MAX_BYTES:
        return file
    try:
        images = _images(file)
    except IndexError:
        return file
    if len(images) > _MAX_IMAGES or not _shows_canvas(images):
        return file
    parts: list[bytes | memoryview] = []
    at, scanned = 0, 0
    for image in images:
        if image.flags & _CLEAR:
            continue
        if image.has_all_colours:
            scanned += image.data_end - image.data_at
        spare = _spare(file, image) if scanned <= _MAX_SCANNED else None
        if spare is None:
            continue
        delay = image.control[4:6] or b"\0\0"
        control = bytes([_EXTENSION, _CONTROL, 4, image.flags | _CLEAR, *delay, spare, 0])
        parts += [file[at : image.control_at], control]
        at = image.control_at + len(image.control)
    return memoryview(b"".join([*parts, file[at:]]))


def _spare(file: memoryview, image: _Image) -> int | None:
    """A colour that no pixel of an image has."""
    if not image.has_all_colours:
        return _LAST
    data, at = bytearray(), image.data_at
    while length := file[at]:
        data += file[at + 1 : at + 1 + length]
        at += 1 + length
    used = colours(bytes(data), image.code_size)
    return next((colour for colour in range(_LAST, -1, -1) if colour not in used), None)


def _shows_canvas(images: list[_Image]) -> bool:
    """Whether a frame that does not cover the canvas lies on it, and not on other frames."""
    bare = True
    for image in images:
        if bare and image.partial:
            return True
        bare = (bare and image.partial) or image.disposal in _LEAVES_NOTHING
    return False


def _images(file: memoryview) -> list[_Image]:
    """Every image. Raises IndexError where the file ends amid a block, or has too many."""
    found: list[_Image] = []
    at, control_at, left = _SCREEN + table_bytes(file[10]), None, steps()
    while file[at] in (_EXTENSION, _IMAGE) and len(found) <= _MAX_IMAGES:
        if file[at] == _EXTENSION:
            end = _after_blocks(file, at + 2, left)
            if file[at + 1] == _CONTROL and end == at + _CONTROL_BYTES:
                control_at = at
            at = end
            continue
        found.append(_image(file, at, at if control_at is None else control_at, left))
        at, control_at = found[-1].data_end, None
    return found


def _image(file: memoryview, at: int, control_at: int, left: Iterator[int]) -> _Image:
    table = table_bytes(file[at + 9])
    data_at = at + _IMAGE_BYTES + table + 1
    return _Image(
        control=bytes(file[control_at : control_at + _CONTROL_BYTES]) if control_at < at else b"",
        control_at=control_at,
        partial=bytes(file[at + 1 : at + 9]) != b"\0\0\0\0" + bytes(file[6:10]),
        code_size=file[data_at - 1],
        data_at=data_at,
        data_end=_after_blocks(file, data_at, left),
        colours=(table or table_bytes(file[10])) // 3,
    )


def _after_blocks(file: memoryview, at: int, left: Iterator[int]) -> int:
    end = data_end(file, at, left)
    if file[end]:
        raise IndexError
    return end + 1
