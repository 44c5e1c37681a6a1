"""GIF89a: images, each with the control that is about it, and the loop count.

Where the data of an image end within their sub-blocks cannot be told without decoding them.
"""

from resizer.render.containers.gif import data_end, steps, table_bytes
from resizer.render.write.bare.usual import usual

_HEAD = 13
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_IMAGE_BYTES = 11
"""Of an image's descriptor, and the byte before its data."""
_CONTROL, _CONTROL_BYTES = b"!\xf9", 8
_LOOPS = (b"!\xff\x0bNETSCAPE2.0", b"!\xff\x0bANIMEXTS1.0")
_LOOP_BYTES = 19


def gif(original: bytes, _: bytes) -> bytes:
    """The picture. Nothing is said about one in a GIF."""
    at, left, control = _HEAD + table_bytes(original[10]), steps(), b""
    parts, loops = [b"GIF89a", original[6:at]], 0
    while original[at] != _END:
        extension = original[at] == _EXTENSION
        usual(extension or original[at] == _IMAGE)
        start = at + (2 if extension else _IMAGE_BYTES + table_bytes(original[at + 9]))
        end = data_end(original, start, left)
        usual(original[end] == 0)
        block = original[at : end + 1]
        at = end + 1
        if not extension:
            parts += [control, block]
            control = b""
        elif block.startswith(_CONTROL):
            usual(len(block) == _CONTROL_BYTES)
            control = block  # of several, the last is obeyed
        elif block.startswith(_LOOPS):
            loops += usual(len(block) == _LOOP_BYTES)
            parts.append(block)
    usual(loops <= 1)
    return b"".join((*parts, b";"))
