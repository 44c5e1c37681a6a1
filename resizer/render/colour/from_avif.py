"""What an AVIF says of its colours where libvips does not look (ISO/IEC 14496-12, 23008-12).

`colr` of the type `nclx` names a colour space by code points; where there is none it is sRGB. Alpha
of limited range, which old encoders wrote, is left by libheif as it is: 16 is clear there and 235
opaque.
"""

import struct
from dataclasses import dataclass, field

from resizer.render.containers.boxes import MOST_BOXES, IsoBox, boxes

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_MOST_PROPERTIES = 32
"""Of one item; a picture has about six."""
_AV1C_BYTES = 4
"""Of an AV1CodecConfigurationBox before its OBUs (AV1-ISOBMFF §2.3)."""
_TEMPORAL_DELIMITER, _SEQUENCE_HEADER = b"\x12\0", b"\x0a"
_SHORT = "00011"
"""How the sequence header of a still picture of the main profile begins, in its short form."""
_UNSPECIFIED, _SRGB = (struct.pack(">3HB", *said, 0x80) for said in ((2, 2, 2), (1, 13, 6)))
"""An `nclx` of full range: primaries, transfer and matrix unspecified, and what that means."""


@dataclass(frozen=True, slots=True)
class AvifColour:
    """Colour primaries and transfer characteristics (2 is unspecified), and alpha's range."""

    primaries: int = 2
    transfer: int = 2
    limited_alpha: bool = False


@dataclass(slots=True)
class _Item:
    """The properties of one item that are of colour."""

    nclx: memoryview = field(default_factory=lambda: memoryview(b""))
    stream: bytes = b""
    is_alpha: bool = False

    def add(self, kind: bytes, body: memoryview) -> None:
        if kind == b"colr" and bytes(body[:4]) == b"nclx":
            self.nclx = body[4:11]
        elif kind == b"av1C":
            self.stream = bytes(body[_AV1C_BYTES:])
        elif kind == b"auxC":
            self.is_alpha = bytes(body[4:]).split(b"\0")[0] in _ALPHA

    @property
    def is_limited(self) -> bool:
        if len(self.nclx) == 7:
            return self.nclx[6] < 0x80
        return says_limited_range(self.stream)


@dataclass(slots=True)
class _Meta:
    primary: int = 0
    properties: list[IsoBox] = field(default_factory=list)
    items: dict[int, list[int]] = field(default_factory=dict)
    """The indexes of each item's properties, from 1."""

    def item(self, number: int) -> _Item:
        item = _Item()
        for index in self.items.get(number, [])[:_MOST_PROPERTIES]:
            if 0 < index <= len(self.properties):
                item.add(*self.properties[index - 1])
        return item


def avif_colour(file: memoryview) -> AvifColour:
    """As far as its boxes can be read; what cannot is unspecified."""
    meta = _meta(file)
    shown = meta.item(meta.primary)
    others = (meta.item(number) for number in meta.items if number != meta.primary)
    limited = any(item.is_alpha and item.is_limited for item in others)
    if len(shown.nclx) == 7:
        primaries, transfer = struct.unpack_from(">HH", shown.nclx)
        return AvifColour(primaries, transfer, limited)
    return AvifColour(limited_alpha=limited)


def says_limited_range(obus: bytes) -> bool:
    """Whether a still picture's sequence header, in its short form, says that 16 is black.

    `sequence_header_obu` and `color_config` of the AV1 specification, §5.5.
    """
    header = obus.removeprefix(_TEMPORAL_DELIMITER)
    bits = "".join(f"{byte:08b}" for byte in header[2:])
    if not header.startswith(_SEQUENCE_HEADER) or not bits.startswith(_SHORT) or len(bits) < 18:
        return False
    width_bits, height_bits = int(bits[10:14], 2) + 1, int(bits[14:18], 2) + 1
    colours = bits[18 + width_bits + height_bits + 6 :]  # behind six coding tools
    code_points = 24 if colours[2:3] == "1" else 0
    return colours[3 + code_points :][:1] == "0"


def with_range_named(file: memoryview) -> memoryview:
    """The same file; if its box says full range of unspecified colours, a copy that names them.

    libheif drops such a box and takes the stream's range; Chrome, libavif and ImageMagick obey it.
    (Photos of full range in streams of limited range were off by ΔE 2.7.)
    """
    if _shown(file).nclx != _UNSPECIFIED:
        return file
    copy = memoryview(bytearray(file))
    _shown(copy).nclx[:] = _SRGB
    return copy.toreadonly()


def _shown(file: memoryview) -> _Item:
    """The picture itself."""
    meta = _meta(file)
    return meta.item(meta.primary)


def _meta(file: memoryview) -> _Meta:
    """Empty if it cannot be read."""
    meta = _Meta()
    try:
        for kind, body in boxes(file):
            if kind == b"meta":
                _read_meta(body[4:], meta)
                break
    except (IndexError, ValueError):
        return _Meta()
    return meta


def _read_meta(body: memoryview, meta: _Meta) -> None:
    for kind, inner in boxes(body):
        if kind == b"pitm":
            meta.primary = _number(inner, 4, 4 if inner[0] else 2)
        elif kind == b"iprp":
            for name, part in boxes(inner):
                if name == b"ipco":
                    meta.properties = list(boxes(part))
                elif name == b"ipma":
                    _read_associations(part, meta.items)


def _read_associations(body: memoryview, items: dict[int, list[int]]) -> None:
    """ItemPropertyAssociationBox (ISO/IEC 23008-12 §9.3.1)."""
    wide_items, wide_indexes = body[0] > 0, body[3] & 1
    at = 8
    for _ in range(min(_number(body, 4, 4), MOST_BOXES)):
        number = _number(body, at, 4 if wide_items else 2)
        at += 4 if wide_items else 2
        size, count = 2 if wide_indexes else 1, body[at]
        ends = range(at + 1, at + 1 + size * count, size)
        mask = 0x7FFF if wide_indexes else 0x7F
        items.setdefault(number, []).extend(_number(body, end, size) & mask for end in ends)
        at += 1 + size * count


def _number(data: memoryview, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError("cut short")
    return int.from_bytes(data[at : at + size], "big")
