"""IPTC for a variant: without thumbnails, which show what was cropped away.

IIM 4.2, chapter 1 (data sets); Adobe Photoshop File Formats, "Image Resource Blocks".
"""

from collections.abc import Iterator

_IN_JPEG, _RESOURCE = b"Photoshop 3.0\0", b"8BIM"
_IPTC = 0x0404
_THUMBNAILS = range(200, 203)
"""Data sets 2:200 to 2:202, preview data."""
_DATA_SET = 0x1C
_ENVELOPE, _APPLICATION = 1, 2
"""Records of words; those from 7 on hold a picture."""
_EXTENDED = 0x8000


def words(block: bytes) -> bytes | None:
    """The words of what libvips calls `iptc-data`, as a JPEG has them; None where there are none.

    It is all of Photoshop's resources in a JPEG (thumbnails, paths, scripts), IPTC alone in a TIFF.
    """
    record = b"".join(_data_sets(_record(block)))
    if not record:
        return None
    size = len(record).to_bytes(4, "big")
    name = b"\0\0"
    resource = _RESOURCE + _IPTC.to_bytes(2, "big") + name + size + record
    return _IN_JPEG + resource + b"\0" * (len(record) % 2)


def _record(block: bytes) -> bytes:
    if not block.startswith(_IN_JPEG):
        return block
    at = len(_IN_JPEG)
    while block[at : at + 4] == _RESOURCE and len(block) >= at + 12:
        number = int.from_bytes(block[at + 4 : at + 6], "big")
        at += 6 + (block[at + 6] + 2) // 2 * 2  # a name, its length before it, even together
        size, at = int.from_bytes(block[at : at + 4], "big"), at + 4
        if number == _IPTC:
            return block[at : at + size]
        at += size + size % 2
    return b""


def _data_sets(record: bytes) -> Iterator[bytes]:
    """Those that are whole, up to the first that is built otherwise."""
    at = 0
    while len(record) >= at + 5 and record[at] == _DATA_SET:
        size = int.from_bytes(record[at + 3 : at + 5], "big")
        end = at + 5 + size
        if size >= _EXTENDED or end > len(record):
            return
        kind, number = record[at + 1], record[at + 2]
        if kind == _ENVELOPE or (kind == _APPLICATION and number not in _THUMBNAILS):
            yield record[at:end]
        at = end
