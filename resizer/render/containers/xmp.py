"""XMP for a variant: without thumbnails, gain maps and other facts of the original's file.

A gain map (Ultra HDR, ISO 21496-1), a depth map, the video of a motion photo do not go into a
variant; a viewer that is told of them looks for them in vain, or shows the picture too bright.
"""

from typing import Any
from xml.dom import expatbuilder, minidom
from xml.parsers.expat import ExpatError

_GONE = {
    "http://ns.adobe.com/xap/1.0/g/img/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/container/item/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/",
    "http://ns.google.com/photos/dd/1.0/device/",
    "http://ns.google.com/photos/dd/1.0/container/",
    "http://ns.google.com/photos/dd/1.0/item/",
}
"""Namespaces of other pictures in the same file, and of thumbnails."""
_SPENT = {
    ("http://ns.adobe.com/tiff/1.0/", "Orientation"),
    ("http://ns.adobe.com/exif/1.0/", "ColorSpace"),
    ("http://ns.adobe.com/photoshop/1.0/", "ICCProfile"),
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
}
"""Of the pixels as they were stored, or a picture of what was cropped away."""
_WORDS = [name.encode() for name in _GONE] + [name.encode() for _, name in _SPENT]
_MOST_BYTES = 1_000_000
_DEEPEST = 100


def sanitized(packet: bytes) -> bytes | None:
    """The packet, or None where nothing of it can be kept (it is no XML, or too large to read)."""
    if not any(word in packet for word in _WORDS) and _is_ascii_like(packet):
        return packet
    if len(packet) > _MOST_BYTES or b"<!" in packet:
        return None
    try:
        document = expatbuilder.parseString(packet.strip(b"\0 \r\n\t"))  # noqa: S316  (no entities)
        _prune(document, _DEEPEST)
        kept: bytes = document.toxml(encoding="utf-8")
    except (ExpatError, LookupError, ValueError, RecursionError):
        return None
    return kept if document.documentElement else None


def _is_ascii_like(packet: bytes) -> bool:
    """In UTF-16 and UTF-32 every other byte is zero, and no word is found by searching."""
    return b"\0" not in packet.rstrip(b"\0")


def _prune(node: minidom.Document | minidom.Element, depth: int) -> None:
    if not depth:
        raise ValueError("nested too deep")
    children: list[Any] = node.childNodes
    # At once: `removeChild` looks for each among all.
    children[:] = [child for child in children if not _is_stale(child)]
    for child in children:
        if isinstance(child, minidom.Element):
            _prune(child, depth - 1)
    if isinstance(node, minidom.Element):
        for attribute in [*node.attributes.values()]:
            if _is_stale(attribute) or attribute.value in _GONE:
                node.removeAttributeNode(attribute)


def _is_stale(node: minidom.Node) -> bool:
    return node.namespaceURI in _GONE or (node.namespaceURI, node.localName) in _SPENT
